//! Unwind rows and functions of .eh_frame and .debug_frame.
#![no_main]

use bee_elf::{unwind_table, ElfFile, FunctionRanges};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(elf) = ElfFile::parse(data) else { return };
    let ranges = FunctionRanges::read(&elf);
    assert!(ranges.as_slice().iter().all(|range| range.start < range.end));
    let Ok(table) = unwind_table(&elf) else { return };
    assert!(table.rows.iter().zip(table.rows.iter().skip(1)).all(|(row, next)| row.address < next.address));
    assert!(table.rows.iter().all(|row| (row.rule as usize) < table.rules.len()));
});
