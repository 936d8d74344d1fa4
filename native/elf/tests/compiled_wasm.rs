//! What wasmtime compiles ahead of time: an object file by its header that is mapped as it is.

use std::path::PathBuf;
use std::process::Command;

use bee_elf::{functions_at, ElfError, ElfFile};

const WASMTIME: u8 = 200;

const CODE: &str = ".text
.type \"wasm[0]::function[0]::burn\", @function
\"wasm[0]::function[0]::burn\": dec %rdi
jnz \"wasm[0]::function[0]::burn\"
ret
.size \"wasm[0]::function[0]::burn\", . - \"wasm[0]::function[0]::burn\"
.p2align 5
.type \"wasm[0]::function[1]\", @function
\"wasm[0]::function[1]\": xor %eax, %eax
ret
.size \"wasm[0]::function[1]\", . - \"wasm[0]::function[1]\"
";

struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An object file, which has symbols and sections as wasmtime's have, and no addresses either.
fn object(test: &str) -> Vec<u8> {
    let scratch = Scratch(std::env::temp_dir().join(format!("bee-elf-wasm-{test}-{}", std::process::id())));
    std::fs::create_dir_all(&scratch.0).unwrap();
    let [source, object] = ["code.s", "code.o"].map(|name| scratch.0.join(name));
    std::fs::write(&source, CODE).unwrap();
    assert!(Command::new("cc").arg("-c").arg("-o").args([&object, &source]).status().unwrap().success());
    std::fs::read(object).unwrap()
}

#[test]
fn its_addresses_count_from_where_the_code_begins() {
    let mut data = object("addresses");
    assert!(matches!(ElfFile::parse(&data), Err(ElfError::WrongType(1))), "any other object file is none");
    data[7] = WASMTIME;
    let elf = ElfFile::parse(&data).unwrap();
    let [text] = elf.executable_segments().collect::<Vec<_>>()[..] else { panic!("one segment") };
    assert_eq!((text.vaddr, text.file_size), (0, text.memory_size));
    assert_eq!(&data[text.offset as usize..][..3], [0x48, 0xff, 0xcf], "dec %rdi");
    assert_eq!(elf.bias(0x7000_0000, 0), Some(0x7000_0000 + text.offset), "mapped from the file's beginning");
    assert_eq!(elf.address_of_file_offset(text.offset + 5), Some(5));
    let names: Vec<String> = functions_at(&[&elf], &[0, 5, 6, 0x20, 0x22])
        .into_iter()
        .map(|symbol| symbol.map_or_else(String::new, |it| String::from_utf8_lossy(it.name).into_owned()))
        .collect();
    let (burn, other) = ("wasm[0]::function[0]::burn", "wasm[0]::function[1]");
    assert_eq!(names, [burn, burn, "", other, other]);
}

#[test]
fn without_code_it_has_no_segment() {
    let mut data = object("no-code");
    data[7] = WASMTIME;
    data[40..48].fill(0);
    assert_eq!(ElfFile::parse(&data).unwrap().executable_segments().count(), 0);
}
