//! Every row that `readelf --debug-dump=frames-interp` prints against the table.
use crate::system_elfs;

use std::path::Path;
use std::process::Command;

use bee_elf::{
    unwind_table, ElfFile, Rule, FP_CFA, FP_RBP, FP_SAME, UNWIND_CFA, UNWIND_DEREF, UNWIND_END, UNWIND_PLT,
    UNWIND_SIGNAL, UNWIND_UNSUPPORTED,
};

/// By their numbers in rules.
const REGISTER_NAMES: [&str; 16] =
    ["rsp", "rbp", "r10", "rbx", "r11", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r12", "r13", "r14", "r15"];

#[test]
fn every_row_equals_readelfs() {
    for path in system_elfs::essential() {
        let data = std::fs::read(&path).unwrap();
        let table = unwind_table(&ElfFile::parse(&data).unwrap()).unwrap();
        let text = interpreted_frames(&path);
        let rows = readelf_rows(&text);
        assert!(rows.len() > 1000, "{}: {} rows", path.display(), rows.len());
        for (address, expected) in rows {
            let rule = table.rule_at(address).copied().unwrap_or_default();
            let line = format!("{}: {address:#x}: {rule:?}, readelf {expected:?}", path.display());
            assert!(is_same(&rule, &expected), "{line}");
        }
    }
}

#[derive(Debug)]
struct ReadelfRow<'a> {
    is_signal: bool,
    cfa: &'a str,
    rbp: &'a str,
    ra: &'a str,
}

/// readelf does not print expressions in this dump, so that `exp` stands for any rule that comes from one.
fn is_same(rule: &Rule, expected: &ReadelfRow<'_>) -> bool {
    if expected.is_signal {
        return rule.kind == UNWIND_SIGNAL;
    }
    let register = REGISTER_NAMES[usize::from(rule.cfa_register)];
    let is_cfa = expected.cfa == format!("{register}{:+}", rule.cfa_offset);
    let is_fp = match expected.rbp {
        "u" | "s" => rule.fp_kind == FP_SAME,
        "exp" => rule.fp_kind == FP_RBP,
        saved => rule.fp_kind == FP_CFA && saved == format!("c{:+}", rule.fp_offset),
    };
    match rule.kind {
        UNWIND_CFA => is_cfa && is_fp && expected.ra == "c-8",
        UNWIND_END => is_cfa && is_fp && expected.ra == "u",
        UNWIND_DEREF | UNWIND_PLT => expected.cfa == "exp" && is_fp && expected.ra == "c-8",
        UNWIND_UNSUPPORTED => {
            let is_simple = REGISTER_NAMES.iter().any(|register| expected.cfa.starts_with(register));
            !is_simple || expected.ra != "c-8" || expected.rbp == "exp"
        }
        _ => false,
    }
}

fn interpreted_frames(path: &Path) -> String {
    let output = Command::new("readelf")
        .arg("--debug-dump=frames-interp")
        .arg(path)
        .output()
        .expect("readelf (package binutils) is needed");
    String::from_utf8(output.stdout).unwrap()
}

/// Address and row, of FDEs only; where several FDEs follow each other, each line belongs to the last header.
fn readelf_rows(text: &str) -> Vec<(u64, ReadelfRow<'_>)> {
    let mut rows = Vec::new();
    let mut columns: Vec<&str> = Vec::new();
    let mut signal_cies = Vec::new();
    let (mut is_fde, mut is_signal) = (false, false);
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [offset, _, _, "CIE", augmentation, ..] => {
                is_fde = false;
                if augmentation.contains('S') {
                    signal_cies.push(offset);
                }
            }
            [_, _, _, "FDE", cie, ..] => {
                is_fde = true;
                is_signal = signal_cies.contains(&&cie[4..]);
            }
            ["LOC", ..] => columns = words,
            [_, "ZERO", "terminator"] => is_fde = false,
            [address, cfa, ..] if is_fde && words.len() == columns.len() => {
                let column = |name| {
                    let index = columns.iter().position(|&column| column == name);
                    index.map_or("u", |index| words[index])
                };
                let address = u64::from_str_radix(address, 16).unwrap();
                let row = ReadelfRow { is_signal, cfa, rbp: column("rbp"), ra: column("ra") };
                rows.push((address, row));
            }
            _ => {}
        }
    }
    rows
}
