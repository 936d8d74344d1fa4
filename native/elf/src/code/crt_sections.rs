use super::plt::ENDBR64;
use crate::file::elf_file::ElfFile;
use crate::rows::region::RuleRange;
use crate::rows::rule::Rule;

const AT_ENTRY: Rule = Rule::rsp_plus(8);
const ALIGNED: Rule = Rule::rsp_plus(16);
/// The longest on record has 38 bytes; each object file that is linked in may add a call.
const MAX_SECTION_BYTES: usize = 4096;

/// What an instruction does to the depth of the stack.
enum Effect {
    Push,
    Pop,
    Nothing,
    Return,
}

/// First bytes, length with operands, effect.
type Pattern = (&'static [u8], usize, Effect);

/// All instructions that crti.o, crtn.o and what compilers put between them are made of.
const PATTERNS: [Pattern; 16] = [
    (&ENDBR64, 4, Effect::Nothing),
    (&[0x48, 0x83, 0xec, 0x08], 4, Effect::Push), // sub $8, %rsp
    (&[0x48, 0x83, 0xc4, 0x08], 4, Effect::Pop),  // add $8, %rsp
    (&[0x50], 1, Effect::Push),                   // push %rax: musl
    (&[0x58], 1, Effect::Pop),                    // pop %rax
    (&[0xc3], 1, Effect::Return),
    (&[0x48, 0x8b, 0x05], 7, Effect::Nothing), // mov __gmon_start__@GOT(%rip), %rax
    (&[0x48, 0x8d, 0x05], 7, Effect::Nothing), // lea: what linkers make of that mov
    (&[0x48, 0xc7, 0xc0], 7, Effect::Nothing), // mov $0, %rax: the same in static files
    (&[0x48, 0x85, 0xc0], 3, Effect::Nothing), // test %rax, %rax
    (&[0x74], 2, Effect::Nothing),             // je
    (&[0xff, 0xd0], 2, Effect::Nothing),       // call *%rax
    (&[0xff, 0x15], 6, Effect::Nothing),       // call *GOT(%rip)
    (&[0x67, 0xe8], 6, Effect::Nothing),       // addr32 call: what linkers make of that call
    (&[0xe8], 5, Effect::Nothing),             // call
    (&[0x90], 1, Effect::Nothing),             // nop
];

/// Rules for .init and .fini, whose pieces from several object files no CFI describes. A section with any other
/// instruction than those above gets none.
pub(crate) fn crt_sections(elf: &ElfFile<'_>) -> Vec<Vec<RuleRange>> {
    [".init", ".fini"]
        .iter()
        .filter_map(|name| elf.sections.find(name))
        .filter_map(|section| crt_parts(section.address, elf.sections.bytes(&section)?))
        .collect()
}

/// One frame of 8 bytes, made and undone once; the last instruction returns.
fn crt_parts(address: u64, code: &[u8]) -> Option<Vec<RuleRange>> {
    let (pushed_at, popped_at) = find_frame(code)?;
    let at = |offset: usize| address.checked_add(offset as u64);
    Some(vec![
        RuleRange { start: address, end: at(pushed_at)?, rule: AT_ENTRY },
        RuleRange { start: at(pushed_at)?, end: at(popped_at)?, rule: ALIGNED },
        RuleRange { start: at(popped_at)?, end: at(code.len())?, rule: AT_ENTRY },
    ])
}

/// Offsets behind the instruction that makes the frame and behind the one that undoes it.
fn find_frame(code: &[u8]) -> Option<(usize, usize)> {
    if code.len() > MAX_SECTION_BYTES {
        return None;
    }
    let (mut position, mut pushed_at, mut popped_at) = (0, None, None);
    loop {
        let rest = &code[position..];
        let (_, length, effect) = PATTERNS.iter().find(|(first, ..)| rest.starts_with(first))?;
        position += length;
        match (effect, pushed_at, popped_at) {
            (Effect::Push, None, None) => pushed_at = Some(position),
            (Effect::Pop, Some(_), None) => popped_at = Some(position),
            (Effect::Nothing, _, None) if position < code.len() => {}
            (Effect::Return, Some(pushed_at), Some(popped_at)) if position == code.len() => {
                return Some((pushed_at, popped_at));
            }
            _ => return None,
        }
        if position > code.len() {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUB: &[u8] = &[0x48, 0x83, 0xec, 8];
    const ADD: &[u8] = &[0x48, 0x83, 0xc4, 8];
    const CALL_GMON: &[u8] = &[0x48, 0x8b, 5, 1, 2, 3, 4, 0x48, 0x85, 0xc0, 0x74, 2, 0xff, 0xd0];
    const CALL: &[u8] = &[0xe8, 0x48, 0x83, 0xc4, 8];
    const RET: &[u8] = &[0xc3];

    fn frame(pieces: &[&[u8]]) -> Option<(usize, usize)> {
        find_frame(&pieces.concat())
    }

    #[test]
    fn sections_of_real_files() {
        assert_eq!(frame(&[SUB, ADD, RET]), Some((4, 8)));
        assert_eq!(frame(&[&ENDBR64, SUB, ADD, RET]), Some((8, 12)));
        assert_eq!(frame(&[SUB, CALL_GMON, ADD, RET]), Some((4, 22)));
        assert_eq!(frame(&[&ENDBR64, SUB, CALL_GMON, CALL, CALL, ADD, RET]), Some((8, 36)));
        assert_eq!(frame(&[SUB, &[0x48, 0xc7, 0xc0, 0, 0, 0, 0, 0x48, 0x85, 0xc0], ADD, RET]), Some((4, 18)));
        assert_eq!(frame(&[&[0x50], &[0x58], RET]), Some((1, 2)));
    }

    #[test]
    fn anything_else_gets_no_rule() {
        assert_eq!(frame(&[]), None);
        assert_eq!(frame(&[RET]), None);
        assert_eq!(frame(&[SUB, RET]), None);
        assert_eq!(frame(&[SUB, ADD]), None);
        assert_eq!(frame(&[SUB, &[0xcc], ADD, RET]), None);
        assert_eq!(frame(&[SUB, SUB, ADD, ADD, RET]), None);
        assert_eq!(frame(&[SUB, ADD, RET, &[0]]), None);
        assert_eq!(frame(&[SUB, &CALL[..3]]), None);
        assert_eq!(frame(&[&[0x48, 0x83, 0xec, 0x18], ADD, RET]), None);
    }
}
