//! Rules made from code alone: assembly with the expected rule behind each instruction.
mod elf_image;

use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use bee_elf::{unwind_table, ElfFile, Rule, UnwindTable, BY_FRAME_POINTER, BY_SYNTHESIZED, UNWIND_GAP};
use elf_image::rule_text;
use object::{Object, ObjectSection};

/// Lines of Intel syntax, or nasm's. `# rule` is in force before the line's instruction and further on until the next.
struct Assembly<'source> {
    source: &'source str,
    /// Without symbols, as `strip` leaves it.
    is_stripped: bool,
}

impl Assembly<'_> {
    /// With the address of each instruction, by its line.
    fn build(&self) -> (Vec<u8>, HashMap<usize, u64>) {
        let mut marked = String::from(".intel_syntax noprefix\n.text\n98:\n");
        for (number, line) in self.source.lines().enumerate() {
            let code = line.split('#').next().unwrap();
            if is_instruction(code) {
                write!(marked, "99: .pushsection .places; .quad {number}, 99b - 98b; .popsection\n").unwrap();
            }
            writeln!(marked, "{code}").unwrap();
        }
        let folder = Folder::new();
        let (source, program) = (folder.file("code.s"), folder.file("program"));
        std::fs::write(&source, marked).unwrap();
        // A static program has no dynamic symbols that would be left.
        let kind = if self.is_stripped { ["-static", "-Wl,--entry=0"] } else { ["-shared", "-fPIC"] };
        run(Command::new("gcc").args(kind).args(["-nostdlib", "-o"]).arg(&program).arg(&source));
        if self.is_stripped {
            run(Command::new("strip").args(["--strip-all", "--keep-section=.places"]).arg(&program));
        }
        let data = std::fs::read(program).unwrap();
        let file = object::File::parse(&*data).unwrap();
        let text = file.section_by_name(".text").unwrap().address();
        let places = file.section_by_name(".places").unwrap().data().unwrap();
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
        let places = places.chunks_exact(16).map(|place| (word(&place[..8]) as usize, text + word(&place[8..])));
        let addresses = places.collect();
        (data, addresses)
    }

    fn assert(&self) {
        let (data, addresses) = self.build();
        let table = unwind_table(&ElfFile::parse(&data).unwrap()).unwrap();
        let mut expected = "gap";
        for (number, line) in self.source.lines().enumerate() {
            let (code, rule) = line.split_once('#').unwrap_or((line, ""));
            expected = if rule.is_empty() { expected } else { rule.trim() };
            let Some(&address) = addresses.get(&number) else { continue };
            let found = rule_text(&rule_at(&table, address));
            assert_eq!(found, expected, "before `{}`, stripped: {}", code.trim(), self.is_stripped);
        }
    }
}

/// Directives and labels alone are none.
fn is_instruction(code: &str) -> bool {
    let code = code.trim();
    !code.is_empty() && !code.ends_with(':') && !code.starts_with('.') && !code.contains(": .")
}

fn rule_at(table: &UnwindTable, address: u64) -> Rule {
    table.rule_at(address).copied().unwrap_or(Rule::of_kind(UNWIND_GAP))
}

/// Of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("bee-synthesis-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// With symbols and without.
fn assert_rules(source: &str) {
    Assembly { source, is_stripped: false }.assert();
    Assembly { source, is_stripped: true }.assert();
}

/// With symbols, where nothing else says that a function begins.
fn assert_rules_by_symbols(source: &str) {
    Assembly { source, is_stripped: false }.assert();
}

#[test]
fn an_aligned_stack_with_the_old_pointer_in_memory() {
    assert_rules(
        "
        .globl kernel_aligned
        kernel_aligned:
            push rbx            # rsp+8
            push rbp            # rsp+16
            push r12            # rsp+24
            push r13            # rsp+32
            mov  r13, rsp       # rsp+40
            sub  rsp, 256
            and  rsp, -64       # rsp+296
            mov  [rsp+8], r13   # r13+40
            mov  rbp, rdi       # deref(rsp+8)+40
        1:  mov  rax, [rsp+8]   # deref(rsp+8)+40 c-24
            imul rbx, rbp, 31
            add  r12, rbx
            dec  rdi
            jnz  1b
            mov  rsp, [rsp+8]
            mov  rax, r12       # rsp+40 c-24
            pop  r13
            pop  r12            # rsp+32 c-24
            pop  rbp            # rsp+24 c-24
            pop  rbx            # rsp+16
            ret                 # rsp+8",
    );
}

#[test]
fn a_leaf_and_pushes_with_rbp_as_data() {
    assert_rules(
        "
        .globl kernel_leaf
        kernel_leaf:
            xor eax, eax        # rsp+8
        2:  imul rcx, rdi, 31
            add rax, rcx
            dec rdi
            jnz 2b
            ret
        .balign 16
        .globl kernel_pushes
        kernel_pushes:
            push rbx            # rsp+8
            push rbp            # rsp+16
            sub rsp, 24         # rsp+24
            xor ebx, ebx        # rsp+48
            mov rbp, rdi
        3:  imul rax, rbp, 31   # rsp+48 c-24
            dec rdi
            jnz 3b
            add rsp, 24
            pop rbp             # rsp+24 c-24
            pop rbx             # rsp+16
            ret                 # rsp+8",
    );
}

#[test]
fn a_frame_pointer_below_all_pushes_before_the_stack_is_aligned() {
    let source = "
        .globl hash_many
        hash_many:
            push r15            # rsp+8
            push r14            # rsp+16
            push r13            # rsp+24
            push r12            # rsp+32
            push rbx            # rsp+40
            push rbp            # rsp+48
            mov rbp, rsp        # rsp+56
            sub rsp, 680        # rbp+56 c-56
            and rsp, -64
            vmovdqa [rsp+64], ymm6
        1:  dec rdi
            jnz 1b
            vzeroupper
            mov rsp, rbp
            pop rbp
            pop rbx             # rsp+48
            pop r12             # rsp+40
            pop r13             # rsp+32
            pop r14             # rsp+24
            pop r15             # rsp+16
            ret                 # rsp+8";
    assert_rules(source);
    let (data, addresses) = Assembly { source, is_stripped: false }.build();
    let table = unwind_table(&ElfFile::parse(&data).unwrap()).unwrap();
    assert_eq!(rule_at(&table, addresses[&9]).by, BY_SYNTHESIZED);
    assert_eq!(rule_at(&table, addresses[&11]).by, BY_FRAME_POINTER);
}

#[test]
fn enter_and_leave() {
    assert_rules(
        "
        .globl f
        f:  enter 32, 0         # rsp+8
            mov [rbp-8], rdi    # rbp+16 c-16
            call [rdi]
            leave
            ret                 # rsp+8",
    );
}

#[test]
fn rbp_in_the_red_zone() {
    assert_rules(
        "
        .globl f
        f:  mov [rsp-8], rbp    # rsp+8
            mov rbp, rdi
            imul rbp, rbp       # rsp+8 c-16
            mov rbp, [rsp-8]
            ret                 # rsp+8",
    );
}

#[test]
fn vector_registers_and_locals_leave_the_saved_rbp_alone() {
    assert_rules(
        "
        .globl f
        f:  push rbp            # rsp+8
            sub rsp, 64         # rsp+16
            movaps [rsp], xmm6  # rsp+80
            movaps [rsp+48], xmm7
            lea rbp, [rsp+16]
            mov rbp, [rdi]      # rsp+80 c-16
            mov qword ptr [rbp+rax*8], 1
            movaps xmm6, [rsp]
            add rsp, 64
            pop rbp             # rsp+16 c-16
            ret                 # rsp+8",
    );
}

#[test]
fn a_saved_rbp_that_is_overwritten_is_lost() {
    assert_rules(
        "
        .globl f
        f:  push rbp            # rsp+8
            mov rbp, rdi        # rsp+16
            mov dword ptr [rsp+4], 1 # rsp+16 c-16
            nop                 # rsp+16 rbp?
            pop rbp
            ret                 # rsp+8 rbp?",
    );
}

#[test]
fn rbp_in_a_vector_register_is_out_of_sight_until_it_is_back() {
    assert_rules(
        "
        .globl f
        f:  movq xmm1, rbp      # rsp+8
            mov rbp, rdi
            nop                 # rsp+8 rbp?
            movq rbp, xmm1
            ret",
    );
}

#[test]
fn loops_that_push_and_pop() {
    assert_rules(
        "
        .globl f
        f:  push rbx            # rsp+8
        1:  push rdi            # rsp+16
            push rsi            # rsp+24
            call [rdi]          # rsp+32
            pop rsi
            pop rdi             # rsp+24
            dec rbx             # rsp+16
            jnz 1b
            pop rbx
            ret                 # rsp+8",
    );
}

#[test]
fn a_loop_that_pushes_without_end_is_unknown() {
    assert_rules(
        "
        .globl f
        f:  mov rax, rdi        # rsp+8
        1:  push rdi            # unsupported
            dec rax
            jnz 1b
            lea rsp, [rsp+rdi*8]
            ret",
    );
}

#[test]
fn early_exits() {
    assert_rules(
        "
        .globl f
        f:  test rdi, rdi       # rsp+8
            jz 9f
            push rbx
            push r12            # rsp+16
            cmp rsi, 4          # rsp+24
            jb 8f
            call [rdi]
            jmp 7f
        8:  xor eax, eax
            pop r12
            pop rbx             # rsp+16
            ret                 # rsp+8
        7:  mov eax, 1          # rsp+24
            pop r12
            pop rbx             # rsp+16
            ret                 # rsp+8
        9:  mov eax, 2          # rsp+8
            ret",
    );
}

#[test]
fn tables_of_jumps_with_different_frames() {
    assert_rules(
        "
        .globl f
        f:  cmp edi, 2          # rsp+8
            ja 9f
            lea rdx, [rip+table]
            movsxd rax, dword ptr [rdx+rdi*4]
            add rax, rdx
            jmp rax
        11: push rbx
            call [rsi]          # rsp+16
            cmp eax, 1
            ja 8f
            lea rdx, [rip+second]
            mov ecx, eax
            movsxd rax, dword ptr [rdx+rcx*4]
            add rax, rdx
            jmp rax
        21: mov eax, 21
        8:  pop rbx
            ret                 # rsp+8
        22: mov eax, 22         # rsp+16
            jmp 8b
        12: mov eax, 12         # rsp+8
        9:  ret
        .section .rodata
        table: .long 11b - table, 12b - table, 9b - table
        second: .long 21b - second, 22b - second",
    );
}

#[test]
fn jumps_that_nobody_can_follow() {
    assert_rules_by_symbols(
        "
        .globl f
        .type f, @function
        f:  push rbx            # rsp+8
            movzx eax, byte ptr [rdi] # rsp+16
            lea rcx, [rip+1f]
            lea rcx, [rcx+rax*8]
            jmp rcx
        1:  mov eax, 1
            jmp 2f
            nop
            mov eax, 2
        2:  pop rbx
            ret                 # rsp+8
        .size f, . - f",
    );
}

#[test]
fn what_follows_a_function_that_never_returns() {
    assert_rules(
        "
        .globl f
        f:  test rdi, rdi       # rsp+8
            jz 1f
            push rbx
            push r12            # rsp+16
            call stop           # rsp+24
        1:  mov eax, 1          # rsp+8
            ret
        .balign 16
        stop:
            sub rsp, 24         # rsp+8
            call [rip+hook]     # rsp+32
            hlt
        .data
        hook: .quad 0",
    );
}

#[test]
fn a_call_as_last_instruction_is_covered() {
    assert_rules(
        "
        .globl f
        f:  sub rsp, 24         # rsp+8
            call [rdi]          # rsp+32
        .balign 16
        .globl g
        g:  push rbx            # rsp+8
            pop rbx             # rsp+16
            ret                 # rsp+8",
    );
}

#[test]
fn a_call_on_another_stack() {
    assert_rules(
        "
        .globl f
        f:  push rbx            # rsp+8
            mov rax, rsp        # rsp+16
            mov rsp, rdi
            push rax            # rax+16
            sub rsp, 8          # deref(rsp+0)+16
            call rsi            # deref(rsp+8)+16
            add rsp, 8
            pop rsp             # deref(rsp+0)+16
            pop rbx             # rsp+16
            ret                 # rsp+8",
    );
}

#[test]
fn a_large_frame_that_is_touched_page_by_page() {
    assert_rules(
        "
        .globl f
        f:  push rbp            # rsp+8
            lea r11, [rsp-65536] # rsp+16
        1:  sub rsp, 4096       # r11+65552
            or qword ptr [rsp], 0
            cmp rsp, r11
            jne 1b
            sub rsp, 16         # rsp+65552
            mov rbp, rdi        # rsp+65568
            call [rdi]          # rsp+65568 c-16
            add rsp, 65552
            pop rbp             # rsp+16 c-16
            ret                 # rsp+8",
    );
}

#[test]
fn a_new_thread_has_no_caller() {
    assert_rules(
        "
        .globl __clone
        __clone:
            xor eax, eax        # rsp+8
            mov al, 56
            mov r11, rdi
            and rsi, -16
            sub rsi, 8
            mov [rsi], rcx
            syscall
            test eax, eax       # clone+8
            jnz 1f
            xor ebp, ebp        # end
            pop rdi
            call r9
            mov edi, eax
            xor eax, eax
            mov al, 60
            syscall
            hlt
        1:  ret                 # rsp+8",
    );
}

#[test]
fn forks_that_share_the_stack_are_other_system_calls() {
    assert_rules(
        "
        .globl vfork
        vfork:
            pop rdx             # rsp+8
            mov eax, 58         # unsupported
            syscall
            push rdx
            ret                 # rsp+8",
    );
}

#[test]
fn local_labels_of_nasm_are_no_functions() {
    let source = "
section .text
global f:function
global g
f:  push rbx
    sub rsp, 32
.loop:
    dec rdi
    jnz .loop
    mov rax, [rsp]
.unreached:
    add rsp, 32
    pop rbx
    ret
align 16
g:  ret
";
    let folder = Folder::new();
    let [source_path, object, program] = ["code.asm", "code.o", "program"].map(|name| folder.file(name));
    std::fs::write(&source_path, source).unwrap();
    if Command::new("nasm").arg("-v").output().is_err() {
        return println!("nasm is missing: skipped");
    }
    run(Command::new("nasm").args(["-f", "elf64", "-o"]).arg(&object).arg(&source_path));
    run(Command::new("gcc").args(["-shared", "-nostdlib", "-o"]).arg(&program).arg(&object));
    let data = std::fs::read(program).unwrap();
    let text = object::File::parse(&*data).unwrap().section_by_name(".text").unwrap().address();
    let table = unwind_table(&ElfFile::parse(&data).unwrap()).unwrap();
    let rows = table.rows.iter().map(|row| {
        let rule = rule_text(&table.rules[row.rule as usize]);
        format!("{:x} {rule}", row.address - text)
    });
    assert_eq!(rows.collect::<Vec<_>>().join("; "), "0 rsp+8; 1 rsp+16; 5 rsp+48; 12 rsp+16; 13 rsp+8");
}
