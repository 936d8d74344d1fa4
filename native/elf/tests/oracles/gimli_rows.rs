//! Every row of real files against gimli's evaluation of the same CFI.
use crate::system_elfs;

use std::path::{Path, PathBuf};

use bee_elf::{
    unwind_table, ElfFile, Rule, UnwindTable, FP_CFA, FP_RBP, REGISTER_R10, REGISTER_R11, REGISTER_RBP, REGISTER_RBX,
    REGISTER_RSP, UNWIND_CFA, UNWIND_CLONE, UNWIND_DEREF, UNWIND_END, UNWIND_GAP, UNWIND_PLT, UNWIND_SIGNAL,
    UNWIND_UNSUPPORTED,
};
use gimli::{
    BaseAddresses, CfaRule, CieOrFde, EhFrame, EndianSlice, LittleEndian, Operation, Register, RegisterRule,
    UnwindContext, UnwindExpression, UnwindSection, UnwindTableRow,
};
use object::{Object, ObjectSection, SectionKind};

type Slice<'a> = EndianSlice<'a, LittleEndian>;

const RBX: Register = Register(3);
const RBP: Register = Register(6);
const RSP: Register = Register(7);
const R10: Register = Register(10);
const R11: Register = Register(11);
const RETURN_ADDRESS: Register = Register(16);

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
        let table = unwind_table(&ElfFile::parse(&data).unwrap()).unwrap();
        let fdes = gimli_fdes(&data);
        let mut pieces = disjoint(fdes);
        add_clone_pieces(&data, &mut pieces);
        compared += pieces.len();
        let before = mismatches.len();
        compare(&path, &table, &pieces, &outside_eh_frame(&data), &mut mismatches);
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

/// Walks both along all addresses where either of them changes.
fn compare(path: &Path, table: &UnwindTable, pieces: &[Piece], elsewhere: &[(u64, u64)], mismatches: &mut Vec<String>) {
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
        let is_elsewhere = elsewhere.iter().any(|&(start, end)| start <= address && address < end);
        let expected = match piece {
            Some(piece) => piece.rule.unwrap_or(ours),
            None if is_elsewhere => ours,
            None => gap,
        };
        // What is kept in an UNSUPPORTED row is for show; its causes are compared by kind.
        let is_same = match expected.kind {
            UNWIND_UNSUPPORTED => ours.kind == UNWIND_UNSUPPORTED,
            _ => Rule { bx: expected.bx, ..ours } == expected,
        };
        if !is_same {
            mismatches.push(format!("{}: {address:#x}: {ours:?}, gimli {expected:?}", path.display()));
        }
    }
}

/// Where the table is not .eh_frame's: PLT sections, .init, .fini, the entry point, and between the executable segments, where
/// nothing is promised.
fn outside_eh_frame(data: &[u8]) -> Vec<(u64, u64)> {
    let file = object::File::parse(data).unwrap();
    let mut ranges = vec![(file.entry(), file.entry() + 64)];
    for name in [".plt", ".plt.sec", ".plt.got", ".iplt", ".init", ".fini"] {
        if let Some(section) = file.section_by_name(name) {
            ranges.push((section.address(), section.address() + section.size()));
        }
    }
    let mut end = 0;
    for segment in ElfFile::parse(data).unwrap().executable_segments() {
        ranges.push((end, segment.vaddr));
        end = segment.end();
    }
    ranges.push((end, u64::MAX));
    ranges
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
        if fde.cie().is_signal_trampoline() {
            let rule = Some(Rule::of_kind(UNWIND_SIGNAL));
            fdes.push(vec![Piece { start, end, rule }]);
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
                let rule = Some(rule_of(row, &frame));
                pieces.push(Piece { start, end, rule });
            }
        }
        fdes.push(pieces);
    }
    fdes
}

/// The documented policy for a `syscall` right behind an FDE whose CFA came from rsp.
fn add_clone_pieces(data: &[u8], pieces: &mut Vec<Piece>) {
    let file = object::File::parse(data).unwrap();
    let nexts: Vec<u64> = pieces.iter().skip(1).map(|piece| piece.start).chain([u64::MAX]).collect();
    let mut added = Vec::new();
    for (piece, next) in pieces.iter().zip(nexts) {
        let Some(rule) = piece.rule.filter(|rule| rule.kind == UNWIND_CFA && rule.cfa_register == REGISTER_RSP) else {
            continue;
        };
        let is_syscall = |section: object::Section<'_, '_>| {
            section.data_range(piece.end, 2).is_ok_and(|code| code == Some(&[0x0f, 0x05]))
        };
        let mut code = file.sections().filter(|section| section.kind() == SectionKind::Text);
        if piece.end < next && code.any(is_syscall) {
            let rule = Some(Rule { kind: UNWIND_CLONE, ..rule });
            added.push(Piece { start: piece.end, end: next.min(piece.end + 32), rule });
        }
    }
    pieces.extend(added);
    pieces.sort_by_key(|piece| piece.start);
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

fn rule_of(row: &UnwindTableRow<usize>, frame: &EhFrame<Slice<'_>>) -> Rule {
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
        return Rule { kind: UNWIND_END, ..rule };
    }
    let is_sp_cfa = matches!(row.register(RSP), None | Some(RegisterRule::Undefined | RegisterRule::SameValue));
    let is_ra_known = row.register(RETURN_ADDRESS) == Some(RegisterRule::Offset(-8));
    if is_fp_known && is_sp_cfa && is_ra_known {
        rule
    } else {
        unsupported
    }
}

fn is_end(row: &UnwindTableRow<usize>) -> bool {
    row.register(RETURN_ADDRESS) == Some(RegisterRule::Undefined)
}

fn cfa_of(row: &UnwindTableRow<usize>, frame: &EhFrame<Slice<'_>>) -> Option<Rule> {
    let number = |register| match register {
        RSP => Some(REGISTER_RSP),
        RBP => Some(REGISTER_RBP),
        R10 => Some(REGISTER_R10),
        R11 => Some(REGISTER_R11),
        RBX => Some(REGISTER_RBX),
        _ => None,
    };
    match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => {
            Some(Rule { cfa_register: number(*register)?, cfa_offset: *offset as i32, ..Rule::of_kind(UNWIND_CFA) })
        }
        CfaRule::Expression(expression) => {
            let operations = operations(*expression, frame);
            if let Some(pushed_at) = plt_literal(&operations) {
                return Some(Rule { cfa_offset: pushed_at, ..Rule::of_kind(UNWIND_PLT) });
            }
            let (cfa_add, operations) = match &operations[..] {
                [rest @ .., Operation::PlusConstant { value }] => (*value as i32, rest),
                rest => (0, rest),
            };
            let [Operation::RegisterOffset { register, offset, .. }, Operation::Deref { .. }] = operations else {
                return None;
            };
            Some(Rule {
                cfa_register: number(*register)?,
                cfa_offset: *offset as i32,
                cfa_add,
                ..Rule::of_kind(UNWIND_DEREF)
            })
        }
    }
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
