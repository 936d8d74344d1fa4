//! Every row of real files against gimli's evaluation of the same CFI.
use crate::system_elfs;

use std::path::{Path, PathBuf};

use bee_elf::{
    unwind_table, ElfError, ElfFile, Rule, UnwindTable, BY_PLT, CALLER_INTERRUPTED, FP_CFA, FP_RBP, KNOWN_ROOT,
    REGISTER_R10, REGISTER_R11, REGISTER_R12, REGISTER_R13, REGISTER_R14, REGISTER_R15, REGISTER_R8, REGISTER_R9,
    REGISTER_RAX, REGISTER_RBP, REGISTER_RBX, REGISTER_RCX, REGISTER_RDI, REGISTER_RDX, REGISTER_RSI, REGISTER_RSP,
    UNWIND_CFA, UNWIND_DEREF, UNWIND_END, UNWIND_GAP, UNWIND_PLT, UNWIND_SIGNAL, UNWIND_UNSUPPORTED,
};
use gimli::{
    BaseAddresses, CfaRule, CieOrFde, EhFrame, EndianSlice, LittleEndian, Operation, Register, RegisterRule,
    UnwindContext, UnwindExpression, UnwindSection, UnwindTableRow,
};
use object::{Object, ObjectSection, ObjectSegment};

type Slice<'a> = EndianSlice<'a, LittleEndian>;

const RBP: Register = Register(6);
const RSP: Register = Register(7);
const RETURN_ADDRESS: Register = Register(16);
/// By DWARF's numbers.
const REGISTERS: [u8; 16] = [
    REGISTER_RAX,
    REGISTER_RDX,
    REGISTER_RCX,
    REGISTER_RBX,
    REGISTER_RSI,
    REGISTER_RDI,
    REGISTER_RBP,
    REGISTER_RSP,
    REGISTER_R8,
    REGISTER_R9,
    REGISTER_R10,
    REGISTER_R11,
    REGISTER_R12,
    REGISTER_R13,
    REGISTER_R14,
    REGISTER_R15,
];
/// The code of the kernel's signal frames, and of glibc's root of contexts, which no CFI marks.
const SIGRETURN: [&[u8]; 2] = [&[0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 5], &[0xb8, 15, 0, 0, 0, 0x0f, 5]];
const START_CONTEXT: &[u8] = &[0x48, 0x89, 0xdc, 0x48, 0x8b, 0x3c, 0x24, 0x48, 0x85, 0xff, 0x74];

/// One row of one FDE: `start..end`.
struct Piece {
    start: u64,
    end: u64,
    /// `None` where gimli refuses the instructions: it knows no register after an expression.
    rule: Option<Rule>,
}

#[test]
fn every_row_equals_gimlis() {
    assert_rows_equal_gimlis(system_elfs::with_much_cfi());
}

/// Two thousand files and more; a minute.
#[test]
#[ignore = "takes long: npm run test:full"]
fn every_row_of_the_whole_system_equals_gimlis() {
    let files = system_elfs::of_the_whole_system();
    assert!(files.len() > 100, "{} files", files.len());
    assert_rows_equal_gimlis(files);
}

fn assert_rows_equal_gimlis(files: Vec<PathBuf>) {
    let mut mismatches = Vec::new();
    let mut compared = 0;
    for path in files {
        let data = std::fs::read(&path).unwrap();
        let table = match unwind_table(&ElfFile::parse(&data).unwrap()) {
            // Not by whose CFI: there is next to none.
            Err(ElfError::TooMuchWithoutCfi) => {
                println!("{}: no table, too much code without CFI", path.display());
                continue;
            }
            table => table.unwrap(),
        };
        let fdes = gimli_fdes(&data);
        let pieces = disjoint(fdes);
        compared += pieces.len();
        let before = mismatches.len();
        compare(&path, &table, &pieces, &mut mismatches);
        println!(
            "{}: {} gimli rows, {} rows, {} mismatches",
            path.display(),
            pieces.len(),
            table.rows.len(),
            mismatches.len() - before,
        );
    }
    assert!(compared > 0);
    let shown: Vec<_> = mismatches.iter().take(20).collect();
    assert!(mismatches.is_empty(), "{} mismatches: {shown:#?}", mismatches.len());
}

/// Walks both along all addresses where either of them changes, as far as .eh_frame says anything.
fn compare(path: &Path, table: &UnwindTable, pieces: &[Piece], mismatches: &mut Vec<String>) {
    let mut addresses: Vec<u64> = table.rows.iter().map(|row| row.address).collect();
    addresses.extend(pieces.iter().flat_map(|piece| [piece.start, piece.end - 1, piece.end]));
    addresses.sort_unstable();
    addresses.dedup();
    let gap = Rule::of_kind(UNWIND_GAP);
    let (mut next_row, mut next_piece) = (0, 0);
    for address in addresses {
        while table.rows.get(next_row).is_some_and(|row| row.address <= address) {
            next_row += 1;
        }
        while pieces.get(next_piece).is_some_and(|piece| piece.end <= address) {
            next_piece += 1;
        }
        let ours = match next_row {
            0 => gap,
            next => table.rules[table.rows[next - 1].rule as usize],
        };
        let piece = pieces.get(next_piece).filter(|piece| piece.start <= address);
        let Some(expected) = piece.and_then(|piece| piece.rule) else { continue };
        // What is kept in an UNSUPPORTED row is for show; its causes are compared by kind. The end of a thread is one by
        // its code.
        let is_same = match expected.kind {
            UNWIND_UNSUPPORTED => matches!(ours.kind, UNWIND_UNSUPPORTED | UNWIND_END),
            UNWIND_END if ours.by & KNOWN_ROOT != 0 => ours.kind == UNWIND_END,
            _ => Rule { bx: expected.bx, ..ours } == expected,
        };
        if !is_same {
            mismatches.push(format!("{}: {address:#x}: {ours:?}, gimli {expected:?}", path.display()));
        }
    }
}

/// The rows of each FDE that has any.
fn gimli_fdes(data: &[u8]) -> Vec<Vec<Piece>> {
    let file = object::File::parse(data).unwrap();
    let address = |name| file.section_by_name(name).map_or(0, |section| section.address());
    let Some(section) = file.section_by_name(".eh_frame") else {
        return Vec::new();
    };
    let frame = EhFrame::new(section.data().unwrap(), LittleEndian);
    let bases =
        BaseAddresses::default().set_eh_frame(section.address()).set_text(address(".text")).set_got(address(".got"));
    let mut context = UnwindContext::new();
    let mut entries = frame.entries(&bases);
    let mut fdes = Vec::new();
    while let Some(entry) = entries.next().unwrap() {
        let CieOrFde::Fde(partial) = entry else {
            continue;
        };
        let fde = partial.parse(EhFrame::cie_from_offset).unwrap();
        let (start, end) = (fde.initial_address(), fde.end_address());
        if start == 0 || start >= end {
            continue;
        }
        let is_interrupted = fde.cie().is_signal_trampoline();
        if let Some(kind) = kind_by_code(&file, start, is_interrupted) {
            fdes.push(vec![Piece { start, end, rule: Some(Rule::of_kind(kind)) }]);
            continue;
        }
        let mut rows = fde.rows(&frame, &bases, &mut context).unwrap();
        let mut pieces = Vec::new();
        while let Some(row) = rows.next_row().transpose() {
            let Ok(row) = row else {
                let start = pieces.last().map_or(start, |piece: &Piece| piece.end);
                pieces.push(Piece { start, end, rule: None });
                break;
            };
            let (start, end) = (row.start_address(), row.end_address().min(end));
            if start < end {
                let rule = Some(rule_of(row, &frame, is_interrupted));
                pieces.push(Piece { start, end, rule });
            }
        }
        fdes.push(pieces);
    }
    fdes
}

fn kind_by_code(file: &object::File<'_>, start: u64, is_interrupted: bool) -> Option<u8> {
    let segment =
        file.segments().find(|segment| (segment.address()..segment.address() + segment.size()).contains(&start))?;
    let code = &segment.data().ok()?[(start - segment.address()) as usize..];
    let is_sigreturn = |code: &[u8]| SIGRETURN.iter().any(|first| code.starts_with(first));
    match is_interrupted && (is_sigreturn(code) || is_sigreturn(code.get(1..)?)) {
        true => Some(UNWIND_SIGNAL),
        false => code.starts_with(START_CONTEXT).then_some(UNWIND_END),
    }
}

/// The documented policy for overlaps, said in another way: later starts win, of equal starts the first.
fn disjoint(mut fdes: Vec<Vec<Piece>>) -> Vec<Piece> {
    fdes.sort_by_key(|pieces| pieces[0].start);
    fdes.dedup_by_key(|pieces| pieces[0].start);
    let starts: Vec<u64> = fdes.iter().skip(1).map(|pieces| pieces[0].start).collect();
    let limits = starts.into_iter().chain([u64::MAX]);
    let mut kept = Vec::new();
    for (pieces, limit) in fdes.into_iter().zip(limits) {
        for mut piece in pieces {
            piece.end = piece.end.min(limit);
            if piece.start < piece.end {
                kept.push(piece);
            }
        }
    }
    kept
}

fn rule_of(row: &UnwindTableRow<usize>, frame: &EhFrame<Slice<'_>>, is_interrupted: bool) -> Rule {
    let unsupported = Rule::of_kind(UNWIND_UNSUPPORTED);
    let Some(mut rule) = cfa_of(row, frame) else {
        return match is_end(row) {
            true => Rule::of_kind(UNWIND_END),
            false => unsupported,
        };
    };
    let is_fp_known = match row.register(RBP) {
        None | Some(RegisterRule::Undefined | RegisterRule::SameValue) => true,
        Some(RegisterRule::Offset(offset)) => {
            (rule.fp_kind, rule.fp_offset) = (FP_CFA, offset as i32);
            true
        }
        Some(RegisterRule::Expression(expression)) => match operations(expression, frame)[..] {
            [Operation::RegisterOffset { register: RBP, offset, .. }] => {
                (rule.fp_kind, rule.fp_offset) = (FP_RBP, offset as i32);
                true
            }
            _ => false,
        },
        Some(_) => false,
    };
    if is_end(row) {
        return Rule { kind: UNWIND_END, by: 0, ..rule };
    }
    if is_interrupted {
        rule.by |= CALLER_INTERRUPTED;
    }
    let is_sp_cfa = matches!(row.register(RSP), None | Some(RegisterRule::Undefined | RegisterRule::SameValue));
    let words = match row.register(RETURN_ADDRESS) {
        Some(RegisterRule::Offset(offset)) if offset % 8 == 0 => {
            u8::try_from(offset / -8).ok().filter(|&words| words > 0)
        }
        _ => None,
    };
    let Some(ra_words) = words.filter(|_| is_fp_known && is_sp_cfa) else { return unsupported };
    let is_freed =
        (rule.kind, rule.cfa_register) == (UNWIND_CFA, REGISTER_RSP) && rule.cfa_offset < 8 * i32::from(ra_words);
    if is_freed {
        return unsupported;
    }
    Rule { ra_words, ..rule }
}

fn is_end(row: &UnwindTableRow<usize>) -> bool {
    row.register(RETURN_ADDRESS) == Some(RegisterRule::Undefined)
}

fn cfa_of(row: &UnwindTableRow<usize>, frame: &EhFrame<Slice<'_>>) -> Option<Rule> {
    let number = |register: Register| REGISTERS.get(usize::from(register.0)).copied();
    let expression = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => {
            let (cfa_register, cfa_offset) = (number(*register)?, *offset as i32);
            return Some(Rule { cfa_register, cfa_offset, ..Rule::of_kind(UNWIND_CFA) });
        }
        CfaRule::Expression(expression) => *expression,
    };
    let operations = operations(expression, frame);
    if let Some(pushed_at) = plt_literal(&operations) {
        return Some(Rule { cfa_offset: pushed_at, by: BY_PLT, ..Rule::of_kind(UNWIND_PLT) });
    }
    let (first, rest) = operations.split_first()?;
    let (register, offset) = match first {
        Operation::RegisterOffset { register, offset, .. } => (*register, *offset as i32),
        Operation::Register { register } => (*register, 0),
        _ => return None,
    };
    let (kind, cfa_add) = match rest {
        [] => (UNWIND_CFA, 0),
        [Operation::Deref { .. }] => (UNWIND_DEREF, 0),
        [Operation::Deref { .. }, Operation::PlusConstant { value }] => (UNWIND_DEREF, *value as i16),
        _ => return None,
    };
    Some(Rule { cfa_register: number(register)?, cfa_offset: offset, cfa_add, ..Rule::of_kind(kind) })
}

fn plt_literal(operations: &[Operation<Slice<'_>>]) -> Option<i32> {
    use Operation::{And, Ge, Plus, RegisterOffset, Shl, UnsignedConstant};
    match operations {
        [RegisterOffset { register: RSP, offset: 8, .. }, RegisterOffset { register: RETURN_ADDRESS, offset: 0, .. }, UnsignedConstant { value: 15 }, And, UnsignedConstant { value }, Ge, UnsignedConstant { value: 3 }, Shl, Plus] => {
            Some(*value as i32)
        }
        _ => None,
    }
}

fn operations<'a>(expression: UnwindExpression<usize>, frame: &EhFrame<Slice<'a>>) -> Vec<Operation<Slice<'a>>> {
    let encoding = gimli::Encoding { address_size: 8, format: gimli::Format::Dwarf32, version: 4 };
    let mut iterator = expression.get(frame).unwrap().operations(encoding);
    let mut operations = Vec::new();
    while let Some(operation) = iterator.next().unwrap() {
        operations.push(operation);
    }
    operations
}
