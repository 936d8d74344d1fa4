//! The memory of the unwind tables: written once per ELF, and free again when a table makes room.

use std::collections::HashMap;
use std::ops::Range;

use bee_elf::{ElfFile, Rule, UnwindTable, UNWIND_GAP};

use crate::kernel::bpf::table_arrays::TableArrays;
use crate::tables::free_ranges::FreeRanges;
use crate::tables::row_cursor::RowCursor;
use crate::tables::row_format::{first_step_log2, text_pages, TableSlot, PAGE_BITS, PAGE_MASK, ROW_RULE_BITS};

#[derive(Debug, PartialEq)]
pub enum TableError {
    /// What is free of the table memory does not suffice.
    Full,
    /// More distinct rules, over all files, than there are numbers for.
    TooManyRules,
    /// The executable segments span more than a directory can describe.
    TooLarge,
}

/// A table and where its rows lie.
#[derive(Default, Debug)]
pub struct LoadedTable {
    pub slot: TableSlot,
    rows: Vec<Range<usize>>,
}

impl LoadedTable {
    pub fn size(&self) -> TableSize {
        let rows = self.rows.iter().map(ExactSizeIterator::len).sum();
        TableSize { rows, words: self.slot.words().len() }
    }
}

/// What a table needs of the arrays. `rows` is the least: each page adds the one in force at its first byte.
#[derive(Clone, Copy, Default, Debug)]
pub struct TableSize {
    pub rows: usize,
    pub words: usize,
}

impl TableSize {
    pub fn of(elf: &ElfFile, table: &UnwindTable) -> TableSize {
        let pages = text_pages(elf).map_or(0, |(_, pages)| pages);
        TableSize { rows: table.rows.len(), words: pages as usize + 1 }
    }

    pub fn plus(self, other: TableSize) -> TableSize {
        TableSize { rows: self.rows + other.rows, words: self.words + other.words }
    }
}

/// The memory of the tables. Rules are shared by all files and stay for the whole run.
pub struct Tables {
    rule_ids: HashMap<Rule, u32>,
    free_rows: FreeRanges,
    free_words: FreeRanges,
    peak_bytes: u64,
}

impl Tables {
    pub fn new(memory: &TableArrays) -> Tables {
        Tables {
            rule_ids: HashMap::new(),
            free_rows: FreeRanges::new(memory.rows.len()),
            free_words: FreeRanges::new(memory.directory.len()),
            peak_bytes: 0,
        }
    }

    /// The most bytes of table memory that were in use at a time.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    pub fn load(
        &mut self,
        memory: &mut TableArrays,
        owner: u32,
        elf: &ElfFile,
        table: &UnwindTable,
    ) -> Result<LoadedTable, TableError> {
        let (first_page, pages) = text_pages(elf).unwrap_or_default();
        let pages = u32::try_from(pages).map_err(|_| TableError::TooLarge)?;
        if self.free_rows.free() < table.rows.len() {
            return Err(TableError::Full);
        }
        let rule_ids = self.intern_rules(memory, &table.rules)?;
        let words = self.free_words.take(pages as usize + 1).ok_or(TableError::Full)?;
        let slot = TableSlot { first_page, dir_first: words.start as u32, pages };
        let mut cursor = RowCursor::default();
        let written = self.write_pages(memory, table, &rule_ids, slot, &mut cursor);
        let loaded = LoadedTable { slot, rows: cursor.finish(&mut self.free_rows) };
        if let Err(error) = written {
            self.unload(memory, loaded);
            return Err(error);
        }
        slot.name_owner(memory, owner);
        self.peak_bytes = self.peak_bytes.max(self.bytes(memory));
        Ok(loaded)
    }

    /// Only when no walk can look it up any more: see table_room.rs.
    pub fn unload(&mut self, memory: &mut TableArrays, table: LoadedTable) {
        table.slot.words().for_each(|word| memory.directory.set(word, 0));
        self.free_words.give_back(table.slot.words());
        table.rows.into_iter().for_each(|rows| self.free_rows.give_back(rows));
    }

    fn bytes(&self, memory: &TableArrays) -> u64 {
        let rows = memory.rows.len() - self.free_rows.free();
        let words = memory.directory.len() - self.free_words.free();
        (rows * 4 + words * 8 + self.rule_ids.len() * size_of::<Rule>()) as u64
    }

    fn intern_rules(&mut self, memory: &mut TableArrays, rules: &[Rule]) -> Result<Vec<u32>, TableError> {
        let mut ids = Vec::with_capacity(rules.len());
        for rule in rules {
            ids.push(self.intern_rule(memory, rule)?);
        }
        Ok(ids)
    }

    fn intern_rule(&mut self, memory: &mut TableArrays, rule: &Rule) -> Result<u32, TableError> {
        if let Some(id) = self.rule_ids.get(rule) {
            return Ok(*id);
        }
        let id = self.rule_ids.len();
        if id >= memory.rules.len() {
            return Err(TableError::TooManyRules);
        }
        memory.rules.set(id, *rule);
        self.rule_ids.insert(*rule, id as u32);
        Ok(id as u32)
    }

    fn write_pages(
        &mut self,
        memory: &mut TableArrays,
        table: &UnwindTable,
        ids: &[u32],
        slot: TableSlot,
        cursor: &mut RowCursor,
    ) -> Result<(), TableError> {
        let gap = self.intern_rule(memory, &Rule::of_kind(UNWIND_GAP))?;
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
            let word = if page_rows == [gap] { 0 } else { self.write_rows(memory, &page_rows, cursor)? };
            memory.directory.set((slot.dir_first + 1 + page) as usize, word);
        }
        Ok(())
    }

    /// Puts the rows of one page into one chunk; returns its directory word.
    fn write_rows(
        &mut self,
        memory: &mut TableArrays,
        rows: &[u32],
        cursor: &mut RowCursor,
    ) -> Result<u64, TableError> {
        let first = cursor.place(&mut self.free_rows, rows.len()).ok_or(TableError::Full)?;
        for (index, row) in rows.iter().enumerate() {
            memory.rows.set(first + index, *row);
        }
        Ok((first as u64) << 32 | first_step_log2(rows.len()) << 16 | rows.len() as u64)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::tables::row_format::{find_rule, CHUNK_ROWS};
    use bee_elf::unwind_table;

    pub fn arrays(rows: usize) -> TableArrays {
        TableArrays::apart(16384, rows, 4096).unwrap()
    }

    fn check(arrays: &TableArrays, table: &UnwindTable, loaded: &LoadedTable) {
        let last = (loaded.slot.first_page + u64::from(loaded.slot.pages)) << PAGE_BITS;
        for row in table.rows.iter().filter(|row| row.address < last) {
            let found = find_rule(arrays, loaded.slot, row.address);
            let expected = table.rules[row.rule as usize];
            assert_eq!(found.unwrap_or(Rule::of_kind(UNWIND_GAP)), expected, "{:#x}", row.address);
        }
    }

    pub struct Parsed {
        pub elf: ElfFile<'static>,
        pub table: UnwindTable,
    }

    fn parsed(path: &str) -> Parsed {
        let elf = ElfFile::parse(Box::leak(std::fs::read(path).unwrap().into_boxed_slice())).unwrap();
        let table = unwind_table(&elf).unwrap();
        Parsed { elf, table }
    }

    pub fn files() -> [Parsed; 3] {
        ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/bin/sh"].map(parsed)
    }

    #[test]
    fn tables_are_whole_in_whatever_holes_they_lie() {
        let [libc, loader, shell] = files();
        let mut arrays = arrays(64 * CHUNK_ROWS);
        let mut tables = Tables::new(&arrays);
        let load = |arrays: &mut TableArrays, tables: &mut Tables, file: &Parsed| {
            tables.load(arrays, 1, &file.elf, &file.table).unwrap()
        };
        let first = load(&mut arrays, &mut tables, &loader);
        let between = load(&mut arrays, &mut tables, &shell);
        tables.unload(&mut arrays, first);
        let large = load(&mut arrays, &mut tables, &libc);
        let again = load(&mut arrays, &mut tables, &loader);
        assert!(large.rows.len() > 1, "the hole is used: {:?}", large.rows);
        for (file, table) in [(&shell, &between), (&libc, &large), (&loader, &again)] {
            check(&arrays, &file.table, table);
        }
        for table in [between, large, again] {
            tables.unload(&mut arrays, table);
        }
        assert_eq!(tables.free_rows.free(), arrays.rows.len());
        assert_eq!(tables.free_words.free(), arrays.directory.len());
    }

    #[test]
    fn a_table_that_does_not_fit_leaves_all_as_it_was() {
        let [libc, loader, _] = files();
        for rows in [CHUNK_ROWS, libc.table.rows.len().next_multiple_of(CHUNK_ROWS)] {
            let mut arrays = arrays(rows);
            let mut tables = Tables::new(&arrays);
            let small = tables.load(&mut arrays, 1, &loader.elf, &loader.table).unwrap();
            let free = (tables.free_rows.free(), tables.free_words.free());
            let refused = tables.load(&mut arrays, 1, &libc.elf, &libc.table);
            assert_eq!(refused.unwrap_err(), TableError::Full);
            assert_eq!((tables.free_rows.free(), tables.free_words.free()), free);
            check(&arrays, &loader.table, &small);
        }
    }

    #[test]
    fn a_table_that_is_gone_has_no_rules() {
        let [_, loader, _] = files();
        let mut arrays = arrays(8 * CHUNK_ROWS);
        let mut tables = Tables::new(&arrays);
        let loaded = tables.load(&mut arrays, 1, &loader.elf, &loader.table).unwrap();
        let slot = loaded.slot;
        tables.unload(&mut arrays, loaded);
        let found = |row: &bee_elf::Row| find_rule(&arrays, slot, row.address);
        assert!(loader.table.rows.iter().all(|row| found(row).is_none()));
    }
}
