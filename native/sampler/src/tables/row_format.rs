//! How rows and directory words lie in the arrays (bpf/unwind.h), and the search of the BPF program once more.

use std::ops::Range;

use bee_elf::{ElfFile, Rule};

use crate::kernel::bpf::table_arrays::TableArrays;

pub const CHUNK_ROWS: usize = 4096;
pub const ROW_RULE_BITS: u32 = 20;
pub const PAGE_BITS: u32 = 12;
pub const PAGE_MASK: u64 = (1 << PAGE_BITS) - 1;

/// Where one ELF begins in the directory: the word that names its owner (the object's number), then one for each of
/// `pages` 4-KiB pages from `first_page` (ELF addresses).
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct TableSlot {
    pub first_page: u64,
    pub dir_first: u32,
    pub pages: u32,
}

impl TableSlot {
    pub fn words(self) -> Range<usize> {
        let first = self.dir_first as usize;
        first..first + self.pages as usize + 1
    }

    /// From now on a walk that enters a mapping of the slot uses it when the mapping is the owner's.
    pub fn name_owner(self, memory: &mut TableArrays, owner: u32) {
        memory.directory.set(self.dir_first as usize, owner.into());
    }
}

/// What the BPF program would find for an ELF address: None where the text has no table.
pub fn find_rule(tables: &TableArrays, slot: TableSlot, address: u64) -> Option<Rule> {
    let TableArrays { directory, rows, rules } = tables;
    let page = (address >> PAGE_BITS).checked_sub(slot.first_page).filter(|page| *page < u64::from(slot.pages))?;
    let word = directory.get(slot.dir_first as usize + 1 + page as usize)?;
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

/// Exponent of the largest power of two below `count`: the first step of a search over `count` entries.
pub fn first_step_log2(count: usize) -> u64 {
    u64::from(count.saturating_sub(1).checked_ilog2().unwrap_or(0))
}

/// The first page of text, and how many there are to the last.
pub fn text_pages(elf: &ElfFile) -> Option<(u64, u64)> {
    let first = elf.executable_segments().map(|segment| segment.vaddr >> PAGE_BITS).min()?;
    let end = elf.executable_segments().map(|segment| segment.vaddr.saturating_add(segment.memory_size)).max()?;
    Some((first, (end.saturating_add(PAGE_MASK) >> PAGE_BITS).saturating_sub(first)))
}
