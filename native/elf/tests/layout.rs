//! Constants and struct against bpf/unwind.h.
use std::collections::HashMap;
use std::mem::{offset_of, size_of};

use bee_elf::*;

fn header() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bpf/unwind.h");
    std::fs::read_to_string(path).unwrap()
}

/// `BEE_X = 1` anywhere in the text.
fn enumerators(header: &str) -> HashMap<&str, u8> {
    let words: Vec<&str> = header.split(|c: char| c.is_whitespace() || c == ',').collect();
    let assignments = words.windows(3).filter(|words| words[0].starts_with("BEE_") && words[1] == "=");
    assignments.map(|words| (words[0], words[2].parse().unwrap())).collect()
}

#[test]
fn constants_equal_the_headers() {
    let expected = [
        ("BEE_UNWIND_GAP", UNWIND_GAP),
        ("BEE_UNWIND_END", UNWIND_END),
        ("BEE_UNWIND_CFA", UNWIND_CFA),
        ("BEE_UNWIND_DEREF", UNWIND_DEREF),
        ("BEE_UNWIND_PLT", UNWIND_PLT),
        ("BEE_UNWIND_SIGNAL", UNWIND_SIGNAL),
        ("BEE_UNWIND_UNSUPPORTED", UNWIND_UNSUPPORTED),
        ("BEE_UNWIND_CLONE", UNWIND_CLONE),
        ("BEE_REGISTER_RSP", REGISTER_RSP),
        ("BEE_REGISTER_RBP", REGISTER_RBP),
        ("BEE_REGISTER_R10", REGISTER_R10),
        ("BEE_REGISTER_RBX", REGISTER_RBX),
        ("BEE_REGISTER_R11", REGISTER_R11),
        ("BEE_REGISTER_RAX", REGISTER_RAX),
        ("BEE_REGISTER_RCX", REGISTER_RCX),
        ("BEE_REGISTER_RDX", REGISTER_RDX),
        ("BEE_REGISTER_RSI", REGISTER_RSI),
        ("BEE_REGISTER_RDI", REGISTER_RDI),
        ("BEE_REGISTER_R8", REGISTER_R8),
        ("BEE_REGISTER_R9", REGISTER_R9),
        ("BEE_REGISTER_R12", REGISTER_R12),
        ("BEE_REGISTER_R13", REGISTER_R13),
        ("BEE_REGISTER_R14", REGISTER_R14),
        ("BEE_REGISTER_R15", REGISTER_R15),
        ("BEE_REGISTER_COUNT", REGISTER_COUNT),
        ("BEE_BX_UNKNOWN", BX_UNKNOWN),
        ("BEE_BX_SAME", BX_SAME),
        ("BEE_FP_SAME", FP_SAME),
        ("BEE_FP_CFA", FP_CFA),
        ("BEE_FP_RBP", FP_RBP),
        ("BEE_FP_UNKNOWN", FP_UNKNOWN),
    ];
    let header = header();
    assert_eq!(enumerators(&header), HashMap::from(expected));
}

#[test]
fn struct_has_the_headers_fields_in_order() {
    let header = header();
    let body = header.split("struct bee_unwind_rule {").nth(1).unwrap();
    let body = body.split("};").next().unwrap();
    let declarations = body.lines().filter_map(|line| {
        let mut words = line.split(';').next()?.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    let mut offset = 0;
    let mut fields = Vec::new();
    for (kind, name) in declarations {
        fields.push((name.to_string(), offset));
        offset += match kind {
            "__u8" => 1,
            "__s16" => 2,
            _ => 4,
        };
    }
    let expected = [
        ("kind", offset_of!(Rule, kind)),
        ("cfa_register", offset_of!(Rule, cfa_register)),
        ("fp_kind", offset_of!(Rule, fp_kind)),
        ("bx", offset_of!(Rule, bx)),
        ("cfa_offset", offset_of!(Rule, cfa_offset)),
        ("cfa_add", offset_of!(Rule, cfa_add)),
        ("ra_words", offset_of!(Rule, ra_words)),
        ("by", offset_of!(Rule, by)),
        ("fp_offset", offset_of!(Rule, fp_offset)),
    ];
    let expected: Vec<_> = expected.iter().map(|&(name, at)| (name.to_string(), at)).collect();
    assert_eq!(fields, expected);
    assert_eq!((offset, size_of::<Rule>()), (16, 16));
}
