use crate::file::elf_file::ElfFile;
use crate::rows::region::RuleRange;
use crate::rows::rule::Rule;

/// CFA in the header of a lazy PLT: the slot has pushed its number, and the first instruction pushes once more.
pub(crate) const HEADER_ENTRY: Rule = Rule::rsp_plus(16);
pub(crate) const HEADER_PUSHED: Rule = Rule::rsp_plus(24);
/// A slot that only jumps.
pub(crate) const JUMP_SLOT: Rule = Rule::rsp_plus(8);

pub(crate) const PLT_SECTIONS: [&str; 4] = [".plt", ".plt.sec", ".plt.got", ".iplt"];
const SLOT_BYTES: usize = 16;
const PUSH_BYTES: u64 = 6;
pub(crate) const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// Rules for the PLT sections, read from their instructions: GNU ld describes them in .eh_frame, LLD does not.
/// Slots of an unknown shape (retpolines, mold's header) get none, nor do those that push away from a 16-byte boundary,
/// since their rule asks the low bits of the address; the 8-byte slots of static programs lie anywhere. Sections without headers are not found.
pub(crate) fn plt_sections(elf: &ElfFile<'_>) -> Vec<Vec<RuleRange>> {
    PLT_SECTIONS
        .iter()
        .filter_map(|name| elf.sections.find(name))
        .filter_map(|section| Some(plt_parts(section.address, elf.sections.bytes(&section)?)))
        .collect()
}

fn plt_parts(address: u64, bytes: &[u8]) -> Vec<RuleRange> {
    let mut parts = Vec::new();
    let mut start = address;
    for slot in bytes.chunks(SLOT_BYTES) {
        let Some(end) = start.checked_add(slot.len() as u64) else {
            break;
        };
        if is_header(slot) {
            append(&mut parts, start, start + PUSH_BYTES, HEADER_ENTRY);
            append(&mut parts, start + PUSH_BYTES, end, HEADER_PUSHED);
        } else if let Some(rule) = slot_rule(slot).filter(|rule| *rule == JUMP_SLOT || start % SLOT_BYTES as u64 == 0) {
            append(&mut parts, start, end, rule);
        }
        start = end;
    }
    parts
}

fn append(parts: &mut Vec<RuleRange>, start: u64, end: u64, rule: Rule) {
    match parts.last_mut() {
        Some(last) if last.end == start && last.rule == rule => last.end = end,
        _ => parts.push(RuleRange { start, end, rule }),
    }
}

/// `push GOT+8(%rip); jmp *GOT+16(%rip)`, the jump possibly with a bnd prefix.
fn is_header(slot: &[u8]) -> bool {
    slot.len() == SLOT_BYTES && slot.starts_with(&[0xff, 0x35]) && is_indirect_jump(&slot[PUSH_BYTES as usize..])
}

/// `[endbr64;] [jmp *GOT(%rip);] push $n; jmp PLT0`, or an indirect jump alone.
fn slot_rule(slot: &[u8]) -> Option<Rule> {
    let body = slot.strip_prefix(&ENDBR64).unwrap_or(slot);
    let is_jump = is_indirect_jump(body);
    let push = if is_jump { body.get(6..)? } else { body };
    if is_push_and_jump(push) {
        let pushed_at = slot.len() - push.len() + 5;
        return Some(Rule::plt(pushed_at as i32));
    }
    is_jump.then_some(JUMP_SLOT)
}

fn is_indirect_jump(code: &[u8]) -> bool {
    let code = code.strip_prefix(&[0xf2]).unwrap_or(code);
    code.len() >= 6 && code.starts_with(&[0xff, 0x25])
}

fn is_push_and_jump(code: &[u8]) -> bool {
    let Some((&[0x68, ..], jump)) = code.split_first_chunk::<5>() else {
        return false;
    };
    let jump = jump.strip_prefix(&[0xf2]).unwrap_or(jump);
    jump.len() >= 5 && jump[0] == 0xe9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(bytes: &[u8]) -> Vec<(u64, u64, Rule)> {
        let parts = plt_parts(0x1000, bytes);
        parts.iter().map(|part| (part.start, part.end, part.rule)).collect()
    }

    const HEADER: [u8; 16] = [0xff, 0x35, 0, 0, 0, 0, 0xff, 0x25, 0, 0, 0, 0, 0x0f, 0x1f, 0x40, 0];
    const LAZY: [u8; 16] = [0xff, 0x25, 0, 0, 0, 0, 0x68, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0];
    const IBT_LAZY: [u8; 16] = [0xf3, 0x0f, 0x1e, 0xfa, 0x68, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0, 0x66, 0x90];
    const IBT_JUMP: [u8; 16] = [0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0, 0, 0, 0, 0x66, 0x0f, 0x1f, 0x44, 0, 0];

    #[test]
    fn lazy_sections_have_a_header_and_slots() {
        let expected =
            vec![(0x1000, 0x1006, HEADER_ENTRY), (0x1006, 0x1010, HEADER_PUSHED), (0x1010, 0x1030, Rule::plt(11))];
        assert_eq!(parts(&[HEADER, LAZY, LAZY].concat()), expected);
    }

    #[test]
    fn indirect_branch_tracking_pushes_earlier() {
        assert_eq!(parts(&IBT_LAZY), vec![(0x1000, 0x1010, Rule::plt(9))]);
        assert_eq!(parts(&IBT_JUMP), vec![(0x1000, 0x1010, JUMP_SLOT)]);
    }

    #[test]
    fn short_jump_slots_and_unknown_bytes() {
        let short = [0xff, 0x25, 0, 0, 0, 0, 0x66, 0x90];
        assert_eq!(parts(&short), vec![(0x1000, 0x1008, JUMP_SLOT)]);
        assert_eq!(parts(&[[0x90; 16], LAZY].concat()), vec![(0x1010, 0x1020, Rule::plt(11))]);
        assert_eq!(parts(&[0xff, 0x25]), vec![]);
    }
}
