//! Functions as FDEs tell them.
mod elf_image;

use std::collections::HashSet;
use std::process::Command;

use bee_elf::{ElfFile, FunctionRanges};
use elf_image::{Cfi, Image, TEXT};
use object::{Object, ObjectSymbol, SymbolKind};

fn functions(cfi: Cfi) -> FunctionRanges {
    FunctionRanges::read(&ElfFile::parse(&Image::with_cfi(cfi).bytes()).unwrap())
}

#[test]
fn every_address_of_a_function_has_its_start_and_gaps_have_none() {
    let functions = functions(Cfi::new().fde(0x40, 0x10, &[]).fde(0x10, 0x20, &[]).fde(0x50, 8, &[]));
    let starts = [0, 0x10, 0x2f, 0x30, 0x3f, 0x40, 0x4f, 0x50, 0x57, 0x58, 0x10_0000]
        .map(|offset| functions.start_of(TEXT + offset).map(|start| start - TEXT));
    let (none, first, second, third) = (None, Some(0x10), Some(0x40), Some(0x50));
    assert_eq!(starts, [none, first, first, none, none, second, second, third, third, none, none]);
}

#[test]
fn together_are_addresses_of_one_function_or_of_one_gap() {
    let functions = functions(Cfi::new().fde(0x10, 0x10, &[]).fde(0x40, 0x10, &[]));
    let are_together = |one: u64, other: u64| functions.are_together(TEXT + one, TEXT + other);
    assert!(are_together(0x10, 0x1f) && are_together(0x20, 0x3f) && are_together(0, 0xf));
    assert!(!are_together(0xf, 0x10) && !are_together(0x1f, 0x20) && !are_together(0x1f, 0x40));
    assert!(!are_together(0x20, 0x50), "a function lies between the gaps");
}

#[test]
fn overlapping_and_empty_functions_do_not_mislead() {
    let functions = functions(Cfi::new().fde(0x10, 0x40, &[]).fde(0x20, 0, &[]).fde(0x30, 8, &[]).fde(0x30, 2, &[]));
    let ranges: Vec<_> = functions.as_slice().iter().map(|range| range.start - TEXT..range.end - TEXT).collect();
    assert_eq!(ranges, [0x10..0x30, 0x30..0x38]);
}

#[test]
fn a_file_without_cfi_has_no_functions() {
    let data = Image::default().bytes();
    let functions = FunctionRanges::read(&ElfFile::parse(&data).unwrap());
    assert!(functions.as_slice().is_empty());
    assert_eq!(functions.start_of(TEXT), None);
    assert!(functions.are_together(0, u64::MAX));
}

/// A Rust program with all of std's symbols, and the same without any. Not this test itself: in release builds it has
/// none either.
fn program_and_stripped() -> (Vec<u8>, Vec<u8>) {
    let directory = std::env::temp_dir().join(format!("bee-elf-functions-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let [source, program, stripped] = ["main.rs", "program", "stripped"].map(|name| directory.join(name));
    std::fs::write(&source, "fn main() { println!(\"{:?}\", std::env::args()); }").unwrap();
    run(Command::new("rustc").args(["-O", "-o"]).args([&program, &source]));
    run(Command::new("strip").arg("-o").args([&stripped, &program]));
    let bytes = [&program, &stripped].map(|path| std::fs::read(path).unwrap());
    std::fs::remove_dir_all(directory).unwrap();
    bytes.into()
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

#[test]
fn a_stripped_program_has_the_function_starts_of_its_symbols() {
    let (program, stripped) = program_and_stripped();
    let elf = ElfFile::parse(&stripped).unwrap();
    assert!(!elf.has_section(".symtab"));
    let functions = FunctionRanges::read(&elf);
    let starts: HashSet<u64> = functions.as_slice().iter().map(|range| range.start).collect();

    let file = object::File::parse(&program[..]).unwrap();
    // Text is what STT_FUNC becomes.
    let covered: Vec<_> = file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && functions.start_of(symbol.address()).is_some())
        .collect();
    assert!(covered.len() > 500, "{} symbols", covered.len());
    let missed: Vec<_> = covered.iter().filter(|symbol| !starts.contains(&symbol.address())).collect();
    assert!(missed.is_empty(), "{missed:?}");
}
