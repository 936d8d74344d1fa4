//! Unwind tables in the form that the kernel program reads (bpf/unwind.h), written once per ELF.

use std::collections::HashMap;

use bee_elf::{ElfFile, Rule, UnwindTable, UNWIND_GAP};

use crate::array_memory::ArrayMemory;

const CHUNK_ROWS: usize = 4096;
const ROW_RULE_BITS: u32 = 20;
const PAGE_BITS: u32 = 12;
const PAGE_MASK: u64 = (1 << PAGE_BITS) - 1;

/// Where the text of one ELF begins in the directory. `pages` 4-KiB pages from `first_page` (ELF addresses).
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct TableSlot {
    pub first_page: u64,
    pub dir_first: u32,
    pub pages: u32,
}

#[derive(Debug, PartialEq)]
pub enum TableError {
    /// The fixed table memory is used up.
    Full,
    /// The executable segments span more than a directory can describe.
    TooLarge,
}

/// Bump allocation: nothing is freed in a run, so that a walk never meets a row that has become another's.
pub struct Tables {
    rule_ids: HashMap<Rule, u32>,
    next_row: usize,
    next_page: usize,
}

impl Tables {
    pub fn new() -> Tables {
        Tables { rule_ids: HashMap::new(), next_row: 0, next_page: 0 }
    }

    /// Bytes of table memory in use.
    pub fn bytes(&self) -> u64 {
        (self.next_row * 4 + self.next_page * 8 + self.rule_ids.len() * size_of::<Rule>()) as u64
    }

    pub fn load(
        &mut self,
        memory: &mut TableMemory,
        elf: &ElfFile,
        table: &UnwindTable,
    ) -> Result<TableSlot, TableError> {
        let Some((first_page, pages)) = text_pages(elf) else { return Ok(TableSlot::default()) };
        let pages = u32::try_from(pages).map_err(|_| TableError::TooLarge)?;
        if self.next_page + pages as usize > memory.directory.len() {
            return Err(TableError::Full);
        }
        let rule_ids = self.intern_rules(memory, &table.rules)?;
        let slot = TableSlot { first_page, dir_first: self.next_page as u32, pages };
        self.write_pages(memory, table, &rule_ids, slot)?;
        self.next_page += pages as usize;
        Ok(slot)
    }

    fn intern_rules(&mut self, memory: &mut TableMemory, rules: &[Rule]) -> Result<Vec<u32>, TableError> {
        let mut ids = Vec::with_capacity(rules.len());
        for rule in rules {
            let next = self.rule_ids.len() as u32;
            let id = *self.rule_ids.entry(*rule).or_insert(next);
            if id == next {
                if id as usize >= memory.rules.len() {
                    return Err(TableError::Full);
                }
                memory.rules.set(id as usize, *rule);
            }
            ids.push(id);
        }
        Ok(ids)
    }

    fn write_pages(
        &mut self,
        memory: &mut TableMemory,
        table: &UnwindTable,
        ids: &[u32],
        slot: TableSlot,
    ) -> Result<(), TableError> {
        let gap = self.intern_rules(memory, &[Rule::of_kind(UNWIND_GAP)])?[0];
        let first_address = slot.first_page << PAGE_BITS;
        let mut next = table.rows.partition_point(|row| row.address < first_address);
        let mut in_force = if next == 0 { gap } else { ids[table.rows[next - 1].rule as usize] };
        let mut page_rows = Vec::with_capacity(256);
        for page in 0..slot.pages {
            let begin = (slot.first_page + u64::from(page)) << PAGE_BITS;
            page_rows.clear();
            page_rows.push(in_force);
            while let Some(row) = table.rows.get(next).filter(|row| row.address <= begin | PAGE_MASK) {
                in_force = ids[row.rule as usize];
                let low = (row.address & PAGE_MASK) as u32;
                if low == 0 {
                    page_rows.clear();
                }
                page_rows.push(low << ROW_RULE_BITS | in_force);
                next += 1;
            }
            let word = if page_rows == [gap] { 0 } else { self.write_rows(memory, &page_rows)? };
            memory.directory.set((slot.dir_first + page) as usize, word);
        }
        Ok(())
    }

    /// Puts the rows of one page into one chunk; returns its directory word.
    fn write_rows(&mut self, memory: &mut TableMemory, rows: &[u32]) -> Result<u64, TableError> {
        if self.next_row % CHUNK_ROWS + rows.len() > CHUNK_ROWS {
            self.next_row = self.next_row.next_multiple_of(CHUNK_ROWS);
        }
        let first = self.next_row;
        if first + rows.len() > memory.rows.len() {
            return Err(TableError::Full);
        }
        for (index, row) in rows.iter().enumerate() {
            memory.rows.set(first + index, *row);
        }
        self.next_row += rows.len();
        Ok((first as u64) << 32 | first_step_log2(rows.len()) << 16 | rows.len() as u64)
    }
}

/// The mapped arrays, lent by the engine.
pub struct TableMemory<'a> {
    pub directory: &'a mut ArrayMemory<u64>,
    pub rows: &'a mut ArrayMemory<u32>,
    pub rules: &'a mut ArrayMemory<Rule>,
}

/// Exponent of the largest power of two below `count`: the first step of a search over `count` entries.
pub fn first_step_log2(count: usize) -> u64 {
    u64::from(count.saturating_sub(1).checked_ilog2().unwrap_or(0))
}

fn text_pages(elf: &ElfFile) -> Option<(u64, u64)> {
    let first = elf.executable_segments().map(|segment| segment.vaddr >> PAGE_BITS).min()?;
    let end = elf.executable_segments().map(|segment| segment.vaddr.saturating_add(segment.memory_size)).max()?;
    Some((first, (end.saturating_add(PAGE_MASK) >> PAGE_BITS).saturating_sub(first)))
}

/// The mapped arrays, to read.
#[derive(Clone, Copy)]
pub struct TableView<'a> {
    pub directory: &'a ArrayMemory<u64>,
    pub rows: &'a ArrayMemory<u32>,
    pub rules: &'a ArrayMemory<Rule>,
}

/// What the kernel program would find for an ELF address: None where the text has no table.
pub fn find_rule(tables: TableView, slot: TableSlot, address: u64) -> Option<Rule> {
    let TableView { directory, rows, rules } = tables;
    let page = (address >> PAGE_BITS).checked_sub(slot.first_page).filter(|page| *page < u64::from(slot.pages))?;
    let word = directory.get(slot.dir_first as usize + page as usize)?;
    let (first, count) = ((word >> 32) as usize, (word & 0xffff) as usize);
    let low = (address & PAGE_MASK) as u32;
    let row_at = |index: usize| rows.get(first + index).unwrap_or(0);
    let (mut begin, mut end) = (0, count);
    while begin < end {
        let middle = begin.midpoint(end);
        if row_at(middle) >> ROW_RULE_BITS <= low {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    let row = row_at(begin.checked_sub(1)?);
    rules.get((row & ((1 << ROW_RULE_BITS) - 1)) as usize)
}
