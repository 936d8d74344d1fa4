//! What assemblers and linkers put between functions.

/// `0f 1f /0` with any operand: the byte behind the opcode, and the instruction's length.
const LONG_NOPS: [(u8, usize); 5] = [(0x00, 3), (0x40, 4), (0x44, 5), (0x80, 7), (0x84, 8)];
/// `xchg %ax, %ax` and `cs nopw` come behind so many operand size prefixes at most.
const MAX_PREFIXES: usize = 12;

/// The length of the padding that the code begins with: nops, `int3`, and zeros up to the end.
pub(crate) fn padding_length(code: &[u8]) -> usize {
    let mut length = 0;
    while let Some(nop) = nop_length(&code[length..]) {
        length += nop;
    }
    match code[length..].iter().all(|&byte| byte == 0) {
        true => code.len(),
        false => length,
    }
}

/// Whether it begins with an instruction that does nothing, or with `int3`.
pub(crate) fn nop_length(code: &[u8]) -> Option<usize> {
    match code {
        [0x90 | 0xcc, ..] => Some(1),
        [0x0f, 0x1f, operand, ..] => long_nop(code, 0, *operand),
        [0x66, ..] => prefixed_nop(code),
        _ => None,
    }
}

fn prefixed_nop(code: &[u8]) -> Option<usize> {
    let operand_sizes = code.iter().take(MAX_PREFIXES).take_while(|&&byte| byte == 0x66).count();
    let prefixes = operand_sizes + usize::from(code.get(operand_sizes) == Some(&0x2e));
    match code.get(prefixes..)? {
        [0x90, ..] => Some(prefixes + 1),
        [0x0f, 0x1f, operand, ..] => long_nop(code, prefixes, *operand),
        _ => None,
    }
}

fn long_nop(code: &[u8], prefixes: usize, operand: u8) -> Option<usize> {
    let (_, length) = LONG_NOPS.iter().find(|(first, _)| *first == operand)?;
    Some(prefixes + length).filter(|&length| length <= code.len())
}
