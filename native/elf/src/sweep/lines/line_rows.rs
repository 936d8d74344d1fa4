//! The one pass over a line program: the row in force at each wanted address.

use super::line_header::LineHeader;
use crate::file::reader::Reader;
use crate::sweep::entries::form::read_address;
use crate::sweep::work::Budget;

/// Linkers leave these for code which they dropped.
const FIRST_TOMBSTONE: u64 = u64::MAX - 1;
const MAX_HITS_PER_ADDRESS: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LineRow {
    pub file: u64,
    pub line: u32,
    pub column: u32,
}

/// A row for each address that a sequence covers. False when the program could not be read to its end.
pub(crate) fn read_rows(
    header: &LineHeader<'_>,
    addresses: &[u64],
    budget: &mut Budget<'_>,
) -> (Vec<Option<LineRow>>, bool) {
    let mut rows = Rows { found: vec![None; addresses.len()], addresses };
    let is_whole = run(header, &mut rows, budget).is_some();
    (rows.found.into_iter().map(|found| found.map(|found| found.row)).collect(), is_whole)
}

struct Rows<'a> {
    addresses: &'a [u64],
    found: Vec<Option<FoundRow>>,
}

/// Dropped code may leave sequences that overlap others; the one that ends first is believed, as in llvm-symbolizer.
#[derive(Clone, Copy)]
struct FoundRow {
    row: LineRow,
    sequence_end: u64,
}

/// The registers of the program, and what its current sequence has found so far.
struct Sequence {
    address: u64,
    row: LineRow,
    last: Option<(u64, LineRow)>,
    /// Index of the first wanted address that the sequence has not passed yet, and that address, or u64::MAX.
    next: usize,
    next_address: u64,
    hits: Vec<(usize, LineRow)>,
}

impl Sequence {
    fn new() -> Sequence {
        let row = LineRow { file: 1, line: 1, column: 0 };
        Sequence { address: 0, row, last: None, next: 0, next_address: 0, hits: Vec::new() }
    }

    fn advance(&mut self, header: &LineHeader<'_>, operations: u64) {
        self.address = self.address.wrapping_add(operations.wrapping_mul(u64::from(header.instruction_bytes)));
    }

    fn add_to_line(&mut self, difference: i64) {
        self.row.line = self.row.line.wrapping_add(difference as u32);
    }

    /// A row begins here: the one before held up to this address. Of rows at one address the last counts.
    #[inline(always)]
    fn emit(&mut self, addresses: &[u64], budget: &mut Budget<'_>) -> Option<()> {
        match self.last {
            Some((start, _)) if start > self.address => self.seek(addresses),
            Some((_, row)) if self.next_address < self.address => self.collect(addresses, row, budget)?,
            Some(_) => {}
            None => self.seek(addresses),
        }
        self.last = Some((self.address, self.row));
        Some(())
    }

    fn seek(&mut self, addresses: &[u64]) {
        self.next = addresses.partition_point(|&address| address < self.address);
        self.next_address = addresses.get(self.next).copied().unwrap_or(u64::MAX);
    }

    fn collect(&mut self, addresses: &[u64], row: LineRow, budget: &mut Budget<'_>) -> Option<()> {
        while self.next_address < self.address {
            budget.take(1)?;
            // Addresses that go back and forth find the same ones again.
            if self.hits.len() >= MAX_HITS_PER_ADDRESS * addresses.len() {
                return None;
            }
            self.hits.push((self.next, row));
            self.next += 1;
            self.next_address = addresses.get(self.next).copied().unwrap_or(u64::MAX);
        }
        Some(())
    }
}

impl Rows<'_> {
    fn finish(&mut self, sequence: &mut Sequence, is_dropped: bool) {
        let end = sequence.address;
        for (index, row) in sequence.hits.drain(..) {
            let is_better = self.found[index].is_none_or(|found| end < found.sequence_end);
            if is_better && !is_dropped {
                self.found[index] = Some(FoundRow { row, sequence_end: end });
            }
        }
    }
}

fn run(header: &LineHeader<'_>, rows: &mut Rows<'_>, budget: &mut Budget<'_>) -> Option<()> {
    let mut reader = Reader::new(header.program);
    let mut sequence = Sequence::new();
    let mut is_dropped = true;
    while !reader.is_empty() {
        budget.take(1)?;
        let opcode = reader.u8()?;
        if opcode >= header.opcode_base {
            let adjusted = opcode - header.opcode_base;
            sequence.advance(header, u64::from(adjusted / header.line_range));
            sequence.add_to_line(i64::from(header.line_base) + i64::from(adjusted % header.line_range));
            sequence.emit(rows.addresses, budget)?;
            continue;
        }
        if opcode != 0 {
            run_standard(header, opcode, &mut reader, &mut sequence, rows.addresses, budget)?;
            continue;
        }
        let length = usize::try_from(reader.uleb()?).ok()?;
        let mut extended = Reader::new(reader.bytes(length)?);
        // DW_LNE_*; an empty one means nothing.
        match extended.u8() {
            Some(1) => {
                sequence.emit(rows.addresses, budget)?;
                rows.finish(&mut sequence, is_dropped);
                sequence = Sequence { hits: std::mem::take(&mut sequence.hits), ..Sequence::new() };
                is_dropped = true;
            }
            Some(2) => {
                sequence.address = read_address(&mut extended, header.encoding)?;
                is_dropped = sequence.address == 0 || sequence.address >= FIRST_TOMBSTONE;
            }
            _ => {}
        }
    }
    Some(())
}

/// DW_LNS_*, in the order of their numbers.
fn run_standard(
    header: &LineHeader<'_>,
    opcode: u8,
    reader: &mut Reader<'_>,
    sequence: &mut Sequence,
    addresses: &[u64],
    budget: &mut Budget<'_>,
) -> Option<()> {
    match opcode {
        1 => sequence.emit(addresses, budget)?,
        2 => sequence.advance(header, reader.uleb()?),
        3 => sequence.add_to_line(reader.sleb()?),
        4 => sequence.row.file = reader.uleb()?,
        5 => sequence.row.column = u32::try_from(reader.uleb()?).unwrap_or(0),
        6 | 7 | 10 | 11 => {}
        8 => sequence.advance(header, u64::from((255 - header.opcode_base) / header.line_range)),
        9 => sequence.address = sequence.address.wrapping_add(u64::from(reader.u16()?)),
        12 => drop(reader.uleb()?),
        unknown => {
            let operands = header.operand_counts.get(usize::from(unknown) - 1).copied().unwrap_or(0);
            for _ in 0..operands {
                reader.uleb()?;
            }
        }
    }
    Some(())
}
