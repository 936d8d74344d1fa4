//! Rules made from code against call frame information: files that have it, as if they had none.
use crate::system_elfs;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bee_elf::{
    unwind_table, ElfFile, FunctionRanges, Rule, UnwindTable, FP_SAME, FP_UNKNOWN, REGISTER_RBP, REGISTER_RSP,
    UNWIND_CFA, UNWIND_DEREF, UNWIND_GAP, UNWIND_UNSUPPORTED,
};

use gimli::{BaseAddresses, CieOrFde, EhFrame, LittleEndian, UnwindSection};
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};
use object::{Object, ObjectSection, SectionKind};

const SECTION_HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const SYMBOL: usize = 24;
const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const SHT_DYNSYM: u32 = 11;
const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
const LOCAL_FUNCTION: u8 = 2;
const NAMES: &[u8] = b"\0f\0f.cold\0";

#[derive(Default, Debug)]
struct Agreement {
    bytes: u64,
    known: u64,
    rows: usize,
    /// By another register: which is as right cannot be said from the rules alone.
    otherwise: u64,
    /// In functions whose CFI is not what their code does.
    contradicted: u64,
    wrong: Vec<String>,
}

#[test]
fn rules_from_code_are_those_of_the_cfi() {
    let files = system_elfs::with_much_cfi().into_iter().filter(|path| !is_large(path)).collect();
    let (_, wrong) = agreement_of(files);
    let shown: Vec<_> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{} wrong: {shown:#?}", wrong.len());
}

/// Two thousand files and more. Parts that were moved away from C++ functions may follow a call that does not come back, with
/// another frame and nothing that leads there but exceptions; those have no symbols here.
#[test]
#[ignore = "takes long: npm run test:full"]
fn rules_from_the_code_of_the_whole_system_are_those_of_the_cfi() {
    let files = system_elfs::of_the_whole_system().into_iter().filter(|path| !is_large(path)).collect();
    let (rows, wrong) = agreement_of(files);
    let shown: Vec<_> = wrong.iter().take(40).collect();
    assert!(wrong.len() * 100_000 < rows, "{} of {rows} wrong: {shown:#?}", wrong.len());
}

/// Beyond what is looked at of one file.
fn is_large(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.len() > 40 << 20)
}

/// The number of rows, and the wrong ones.
fn agreement_of(paths: Vec<PathBuf>) -> (usize, Vec<String>) {
    let mut wrong = Vec::new();
    let (mut bytes, mut known, mut rows) = (0, 0, 0);
    for path in paths {
        let data = std::fs::read(&path).unwrap();
        let Some(agreement) = agreement(&data) else { continue };
        let percent = |part: u64| 100.0 * part as f64 / agreement.bytes.max(1) as f64;
        println!(
            "{}: {} bytes, {:.2} % known, {:.3} % otherwise, {:.3} % of wrong CFI, {} wrong",
            path.display(),
            agreement.bytes,
            percent(agreement.known),
            percent(agreement.otherwise),
            percent(agreement.contradicted),
            agreement.wrong.len()
        );
        bytes += agreement.bytes;
        known += agreement.known;
        rows += agreement.rows;
        wrong.extend(agreement.wrong.into_iter().map(|line| format!("{}: {line}", path.display())));
    }
    println!("{known} of {bytes} bytes known, {} of {rows} rows wrong", wrong.len());
    assert!(known * 100 > bytes * 97, "{known} of {bytes} bytes known");
    (rows, wrong)
}

fn agreement(data: &[u8]) -> Option<Agreement> {
    let elf = ElfFile::parse(data).ok()?;
    let functions = FunctionRanges::read(&elf);
    let expected = unwind_table(&elf).ok()?;
    let without = without_cfi(data, functions.as_slice(), |start| {
        let rule = rule_at(&expected, start);
        (rule.cfa_register, rule.cfa_offset) == (REGISTER_RSP, 8)
    })?;
    let ours = unwind_table(&ElfFile::parse(&without).ok()?).ok()?;
    let mut agreement = Agreement::default();
    let with_landing_pads = with_landing_pads(data);
    for function in functions.as_slice().iter().filter(|function| !with_landing_pads.contains(&function.start)) {
        let inside = |table: &UnwindTable| -> Vec<u64> {
            let first = table.rows.partition_point(|row| row.address <= function.start);
            let last = table.rows.partition_point(|row| row.address < function.end);
            table.rows[first..last.max(first)].iter().map(|row| row.address).collect()
        };
        let mut addresses: BTreeSet<u64> = inside(&expected).into_iter().chain(inside(&ours)).collect();
        addresses.insert(function.start);
        let code = Code { bytes: code_of(data, function)?, start: function.start };
        if code.contradicts(&expected) {
            agreement.contradicted += function.end - function.start;
            continue;
        }
        let ends = addresses.iter().skip(1).copied().chain([function.end]);
        for (&start, end) in addresses.iter().zip(ends) {
            if code.is_padding(start..end) {
                continue;
            }
            compare(&mut agreement, start..end, rule_at(&ours, start), rule_at(&expected, start));
        }
    }
    Some(agreement)
}

fn code_of<'data>(data: &'data [u8], function: &std::ops::Range<u64>) -> Option<&'data [u8]> {
    let file = object::File::parse(data).ok()?;
    let section = file.sections().find(|section| {
        let (start, size) = (section.address(), section.size());
        section.kind() == SectionKind::Text && start <= function.start && function.end <= start + size
    })?;
    section.data_range(function.start, function.end - function.start).ok()?
}

/// Of one function.
struct Code<'data> {
    bytes: &'data [u8],
    start: u64,
}

impl<'data> Code<'data> {
    fn instructions(&self, range: std::ops::Range<u64>) -> impl Iterator<Item = Instruction> + 'data {
        let bytes = &self.bytes[(range.start - self.start) as usize..(range.end - self.start) as usize];
        Decoder::with_ip(64, bytes, range.start, DecoderOptions::NONE).into_iter().collect::<Vec<_>>().into_iter()
    }

    fn is_padding(&self, range: std::ops::Range<u64>) -> bool {
        self.instructions(range).all(|instruction| matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Int3))
    }

    /// Whether its CFI, written by hand then, is not what one of its instructions does to rsp and rbp.
    fn contradicts(&self, table: &UnwindTable) -> bool {
        let end = self.start + self.bytes.len() as u64;
        self.instructions(self.start..end).any(|instruction| {
            let before = rule_at(table, instruction.ip());
            let after = if instruction.next_ip() < end { rule_at(table, instruction.next_ip()) } else { before };
            let is_by_rsp =
                |rule: Rule| rule.cfa_register == REGISTER_RSP && matches!(rule.kind, UNWIND_CFA | UNWIND_DEREF);
            let is_depth_wrong = match depth_change(&instruction) {
                _ if !is_by_rsp(before) => false,
                None => before.kind == UNWIND_CFA && before.cfa_offset != 8,
                Some(0) => false,
                Some(change) => {
                    before.kind == after.kind && is_by_rsp(after) && after.cfa_offset != before.cfa_offset + change
                }
            };
            let is_by_rbp = |rule: Rule| (rule.kind, rule.cfa_register) == (UNWIND_CFA, REGISTER_RBP);
            let is_moved = is_by_rbp(before) && is_by_rbp(after) && before.cfa_offset != after.cfa_offset;
            let is_lost = writes_rbp(&instruction) && (before.fp_kind, after.fp_kind) == (FP_SAME, FP_SAME);
            is_depth_wrong || is_moved || is_lost
        })
    }
}

/// How much further away the CFA is behind the instruction; `None` for one that returns to it.
fn depth_change(instruction: &Instruction) -> Option<i32> {
    let is_of_rsp = instruction.op0_register() == Register::RSP;
    Some(match instruction.mnemonic() {
        Mnemonic::Ret => return None,
        Mnemonic::Push | Mnemonic::Pushfq => 8,
        Mnemonic::Pop | Mnemonic::Popfq if !is_of_rsp => -8,
        Mnemonic::Sub if is_of_rsp && instruction.op1_kind() != OpKind::Register => instruction.immediate(1) as i32,
        Mnemonic::Add if is_of_rsp && instruction.op1_kind() != OpKind::Register => -(instruction.immediate(1) as i32),
        Mnemonic::Lea if is_of_rsp && instruction.memory_base() == Register::RSP => {
            -(instruction.memory_displacement64() as i32)
        }
        _ => 0,
    })
}

fn writes_rbp(instruction: &Instruction) -> bool {
    let writes = matches!(instruction.mnemonic(), Mnemonic::Mov | Mnemonic::Lea | Mnemonic::Xor | Mnemonic::Movzx);
    writes && matches!(instruction.op0_register(), Register::RBP | Register::EBP)
}

/// The functions of which exceptions are caught: no instruction leads to where that is done. Code without call frame
/// information has none.
fn with_landing_pads(data: &[u8]) -> BTreeSet<u64> {
    let file = object::File::parse(data).unwrap();
    let Some(section) = file.section_by_name(".eh_frame") else { return BTreeSet::new() };
    let frame = EhFrame::new(section.data().unwrap(), LittleEndian);
    let bases = BaseAddresses::default().set_eh_frame(section.address());
    let mut entries = frame.entries(&bases);
    let mut starts = BTreeSet::new();
    while let Ok(Some(entry)) = entries.next() {
        let CieOrFde::Fde(partial) = entry else { continue };
        let Ok(fde) = partial.parse(EhFrame::cie_from_offset) else { continue };
        if fde.lsda().is_some() {
            starts.insert(fde.initial_address());
        }
    }
    starts
}

fn rule_at(table: &UnwindTable, address: u64) -> Rule {
    table.rule_at(address).copied().unwrap_or(Rule::of_kind(UNWIND_GAP))
}

fn compare(agreement: &mut Agreement, range: std::ops::Range<u64>, ours: Rule, expected: Rule) {
    if !matches!(expected.kind, UNWIND_CFA | UNWIND_DEREF) {
        return;
    }
    let bytes = range.end - range.start;
    agreement.bytes += bytes;
    agreement.rows += 1;
    if matches!(ours.kind, UNWIND_GAP | UNWIND_UNSUPPORTED) {
        return;
    }
    agreement.known += bytes;
    let cfa = |rule: Rule| (rule.kind, rule.cfa_register, rule.cfa_offset, rule.cfa_add, rule.ra_words);
    let is_same_register = (ours.kind, ours.cfa_register) == (expected.kind, expected.cfa_register);
    // CFI goes on to say where rbp was saved when it is not yet changed, and when it is back already. Where we do not know,
    // walks end before they use it.
    let is_same_fp = (ours.fp_kind, ours.fp_offset) == (expected.fp_kind, expected.fp_offset)
        || matches!(ours.fp_kind, FP_SAME | FP_UNKNOWN);
    if !is_same_register && is_same_fp {
        agreement.otherwise += bytes;
    } else if !is_same_fp || cfa(ours) != cfa(expected) {
        agreement.wrong.push(format!("{:#x}..{:#x}: {ours:?}, CFI {expected:?}", range.start, range.end));
    }
}

/// The file without its .eh_frame and its symbols, with one for each function of the former instead: those that are not
/// called, since compilers moved them away from where they are jumped to, named as they are. `None` without section
/// headers.
fn without_cfi(data: &[u8], functions: &[std::ops::Range<u64>], is_called: impl Fn(u64) -> bool) -> Option<Vec<u8>> {
    let mut data = data.to_vec();
    let half = |data: &[u8], at: usize| u16::from_le_bytes(data[at..at + 2].try_into().unwrap());
    let word = |data: &[u8], at: usize| u32::from_le_bytes(data[at..at + 4].try_into().unwrap());
    let long = |data: &[u8], at: usize| u64::from_le_bytes(data[at..at + 8].try_into().unwrap());
    for index in 0..usize::from(half(&data, 56)) {
        let header = long(&data, 32) as usize + index * PROGRAM_HEADER;
        if word(&data, header) == PT_GNU_EH_FRAME {
            data[header..header + 4].fill(0);
        }
    }
    let sections = long(&data, 40) as usize;
    let count = usize::from(half(&data, 60));
    let names = long(&data, sections + usize::from(half(&data, 62)) * SECTION_HEADER + 24) as usize;
    let symbols = data.len().next_multiple_of(8);
    data.resize(symbols + SYMBOL, 0);
    for function in functions {
        data.extend(if is_called(function.start) { 1u32 } else { 3 }.to_le_bytes());
        data.extend([LOCAL_FUNCTION, 0, 1, 0]);
        data.extend(function.start.to_le_bytes());
        data.extend((function.end - function.start).to_le_bytes());
    }
    let size = (data.len() - symbols) as u64;
    let headers: Vec<usize> = (0..count).map(|index| sections + index * SECTION_HEADER).collect();
    let is_named =
        |data: &[u8], header: usize, name: &[u8]| data[names + word(data, header) as usize..].starts_with(name);
    let strings = headers.iter().position(|&header| is_named(&data, header, b".eh_frame_hdr\0"))?;
    let names_offset = data.len() as u64;
    data.extend(NAMES);
    set_section(&mut data, headers[strings], SHT_STRTAB, names_offset, NAMES.len() as u64, 0);
    let mut is_replaced = false;
    for header in headers {
        let kind = word(&data, header + 4);
        let is_frame = is_named(&data, header, b".eh_frame\0") || is_named(&data, header, b".debug_frame\0");
        if is_frame && !is_replaced {
            is_replaced = true;
            set_section(&mut data, header, SHT_SYMTAB, symbols as u64, size, strings as u32);
        } else if is_frame || kind == SHT_SYMTAB || kind == SHT_DYNSYM {
            data[header..header + 8].fill(0);
        }
    }
    is_replaced.then_some(data)
}

fn set_section(data: &mut [u8], header: usize, kind: u32, offset: u64, size: u64, link: u32) {
    data[header..header + 8].fill(0);
    data[header + 4..header + 8].copy_from_slice(&kind.to_le_bytes());
    data[header + 24..header + 32].copy_from_slice(&offset.to_le_bytes());
    data[header + 32..header + 40].copy_from_slice(&size.to_le_bytes());
    data[header + 40..header + 44].copy_from_slice(&link.to_le_bytes());
}
