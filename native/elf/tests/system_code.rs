//! Code without CFI in files that exist wherever the tests run.
use bee_elf::{unwind_table, ElfFile, Rule, UnwindTable, UNWIND_CLONE, UNWIND_END};
use object::{Object, ObjectSection, ObjectSymbol};

const LIBC: &str = "/lib/x86_64-linux-gnu/libc.so.6";

fn table_of(data: &[u8]) -> UnwindTable {
    unwind_table(&ElfFile::parse(data).unwrap()).unwrap()
}

/// Address of the first such bytes in .text, at or above `start`.
fn find_code(file: &object::File<'_>, start: u64, bytes: &[u8]) -> u64 {
    let text = file.section_by_name(".text").unwrap();
    let skip = start.saturating_sub(text.address()) as usize;
    let found = text.data().unwrap()[skip..].windows(bytes.len()).position(|window| window == bytes);
    text.address() + (skip + found.expect("code of the C library")) as u64
}

/// The sampled address of a thread inside a system call is that behind the instruction.
fn assert_clone(table: &UnwindTable, syscall: u64) {
    let clone = Rule { kind: UNWIND_CLONE, ..Rule::rsp_plus(8) };
    assert_eq!(table.rule_at(syscall - 1), Some(&Rule::rsp_plus(8)));
    for address in syscall..syscall + 10 {
        assert_eq!(table.rule_at(address), Some(&clone), "{address:#x}");
    }
    assert_eq!(table.rule_at(syscall + 10).unwrap().kind, UNWIND_END);
}

#[test]
fn the_c_librarys_clone() {
    let data = std::fs::read(LIBC).unwrap();
    let file = object::File::parse(&*data).unwrap();
    let symbol = file.dynamic_symbols().find(|symbol| symbol.name() == Ok("clone")).unwrap();
    assert_clone(&table_of(&data), find_code(&file, symbol.address(), &[0x0f, 0x05]));
}

/// clone3 is not exported: found by the number of its system call, 435.
#[test]
fn the_c_librarys_clone3() {
    let data = std::fs::read(LIBC).unwrap();
    let file = object::File::parse(&*data).unwrap();
    let call = find_code(&file, 0, &[0xb8, 0xb3, 0x01, 0, 0, 0x0f, 0x05]);
    assert_clone(&table_of(&data), call + 5);
}

/// This test itself: its .init and .fini are those of the system's C library.
#[test]
fn init_and_fini() {
    let data = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let file = object::File::parse(&*data).unwrap();
    let table = table_of(&data);
    for name in [".init", ".fini"] {
        let section = file.section_by_name(name).unwrap();
        let code = section.data().unwrap();
        let find = |bytes: &[u8]| code.windows(4).position(|window| window == bytes).unwrap() + 4;
        let pushed_at = find(&[0x48, 0x83, 0xec, 8]);
        let popped_at = find(&[0x48, 0x83, 0xc4, 8]);
        for offset in 0..code.len() {
            let cfa_offset = if (pushed_at..popped_at).contains(&offset) { 16 } else { 8 };
            let rule = table.rule_at(section.address() + offset as u64);
            assert_eq!(rule, Some(&Rule::rsp_plus(cfa_offset)), "{name}+{offset:#x}");
        }
    }
}

/// The return address of makecontext's functions is the first byte of `__start_context`.
#[test]
fn the_c_librarys_root_of_contexts() {
    let data = std::fs::read(LIBC).unwrap();
    let file = object::File::parse(&*data).unwrap();
    let start = find_code(&file, 0, &[0x48, 0x89, 0xdc, 0x48, 0x8b, 0x3c, 0x24, 0x48, 0x85, 0xff, 0x74]);
    let table = table_of(&data);
    assert_eq!(table.rule_at(start - 1).unwrap().kind, UNWIND_END);
    assert_eq!(table.rule_at(start + 25).unwrap().kind, UNWIND_END);
    assert_ne!(table.rule_at(start - 2).unwrap().kind, UNWIND_END);
}
