//! Which files have their table loaded, and which tables go when others need their room.
//!
//! A walk may read rows only while they are its file's: those of another would give a picture that is wrong and looks
//! right. What leads to a table is a mapping in a space, and the BPF program copies spaces on fork before we know of
//! the child, or without our ever knowing when news is lost; so it is not enough that no process is known to use one.
//! [`TableRoom::evict`] keeps this order, the counterpart of `find_mapping` in bpf/tables.bpf.h:
//! 1. The word that names the table's owner is cleared. A walk compares it when it enters a mapping, so that whichever
//!    begins from here on goes without the table (and is counted as such), by whatever space it came.
//! 2. Walks that began earlier end: the kernel waits for them (grace_period.rs). Where it cannot, nothing is evicted.
//! 3. Only then pages and rows are free for another table. Its owner's word is written last.

use std::collections::{HashMap, HashSet};

use bee_elf::{ElfFile, UnwindTable};

use crate::kernel::bpf::table_arrays::TableArrays;
use crate::kernel::grace_period::wait_for_walks;
use crate::kernel::record::NO_OBJECT;
use crate::tables::row_format::TableSlot;
use crate::tables::table_memory::{LoadedTable, TableError, TableSize, Tables};

/// A file that found no room is tried again this long afterwards.
const RETRY_NS: u64 = 1_000_000_000;
/// The share of the rows that becomes free at least when something must go: a stream of new programs would otherwise pay
/// a grace period for each.
const EVICTED_SHARE: usize = 8;

pub struct TableRoom {
    tables: Tables,
    entries: HashMap<u32, Entry>,
    /// Tables that made room for others, and files that found none.
    pub evicted: u64,
    pub refused: u64,
    /// When tables last made room for others, came back, or ceased to be true.
    pub changed_ns: u64,
}

struct Entry {
    state: State,
    /// When a process last mapped the file, or ceased to.
    used_ns: u64,
}

enum State {
    Loaded(LoadedTable),
    /// Made room for others, or (since then) found none.
    Wanted {
        size: TableSize,
        refused_ns: Option<u64>,
    },
}

impl Entry {
    fn loaded(&self) -> Option<&LoadedTable> {
        match &self.state {
            State::Loaded(table) => Some(table),
            State::Wanted { .. } => None,
        }
    }
}

impl TableRoom {
    pub fn new(memory: &TableArrays) -> TableRoom {
        TableRoom { tables: Tables::new(memory), entries: HashMap::new(), evicted: 0, refused: 0, changed_ns: 0 }
    }

    pub fn peak_bytes(&self) -> u64 {
        self.tables.peak_bytes()
    }

    pub fn slot(&self, id: u32) -> Option<TableSlot> {
        Some(self.entries.get(&id)?.loaded()?.slot)
    }

    /// Loads a new file's table; one for which there is no room is wanted from then on.
    pub fn load(
        &mut self,
        memory: &mut TableArrays,
        id: u32,
        elf: &ElfFile,
        table: &UnwindTable,
    ) -> Result<(), TableError> {
        let state = match self.tables.load(memory, id, elf, table) {
            Ok(loaded) => State::Loaded(loaded),
            Err(TableError::Full) => State::Wanted { size: TableSize::of(elf, table), refused_ns: None },
            Err(error) => return Err(error),
        };
        self.entries.insert(id, Entry { state, used_ns: crate::kernel::clock::monotonic_ns() });
        Ok(())
    }

    /// Notes that a process has, or had until now, the file mapped.
    pub fn touch(&mut self, id: u32, now_ns: u64) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.used_ns = now_ns;
        }
    }

    /// Whether it is worth looking for room for its table.
    pub fn wants(&self, id: u32, now_ns: u64) -> bool {
        match self.entries.get(&id).map(|entry| &entry.state) {
            Some(State::Wanted { refused_ns, .. }) => refused_ns.is_none_or(|since| now_ns - since > RETRY_NS),
            Some(State::Loaded(_)) | None => false,
        }
    }

    /// To be asked first: reading a file again and evicting in vain cost more than counting.
    pub fn could_fit(&self, memory: &TableArrays, id: u32, used: &HashSet<u32>) -> bool {
        let Some(State::Wanted { size, .. }) = self.entries.get(&id).map(|entry| &entry.state) else { return false };
        let in_use = used.iter().filter_map(|id| self.entries.get(id)?.loaded());
        let TableSize { rows, words } = in_use.map(LoadedTable::size).fold(*size, TableSize::plus);
        rows <= memory.rows.len() && words <= memory.directory.len()
    }

    /// Loads a wanted table in place of those that have been unused for longest and are not in `used`.
    pub fn load_evicting(
        &mut self,
        memory: &mut TableArrays,
        id: u32,
        (elf, table): (&ElfFile, &UnwindTable),
        used: &HashSet<u32>,
    ) -> Option<()> {
        let loaded = self.exchange(memory, id, (elf, table), used);
        self.changed_ns = crate::kernel::clock::monotonic_ns();
        self.entries.get_mut(&id)?.state = State::Loaded(loaded?);
        Some(())
    }

    fn exchange(
        &mut self,
        memory: &mut TableArrays,
        id: u32,
        (elf, table): (&ElfFile, &UnwindTable),
        used: &HashSet<u32>,
    ) -> Option<LoadedTable> {
        loop {
            match self.tables.load(memory, id, elf, table) {
                Ok(loaded) => return Some(loaded),
                Err(TableError::Full) => self.evict(memory, used)?,
                Err(TableError::TooLarge | TableError::TooManyRules) => return None,
            }
        }
    }

    /// Notes that there was no room. True the first time.
    pub fn refuse(&mut self, id: u32, now_ns: u64) -> bool {
        let Some(State::Wanted { refused_ns, .. }) = self.entries.get_mut(&id).map(|entry| &mut entry.state) else {
            return false;
        };
        let is_first = refused_ns.replace(now_ns).is_none();
        self.refused += u64::from(is_first);
        is_first
    }

    /// The longest unused first. None when every table is in use, or no walk can be waited for.
    fn evict(&mut self, memory: &mut TableArrays, used: &HashSet<u32>) -> Option<()> {
        let idle = self.longest_idle(memory.rows.len() / EVICTED_SHARE, used);
        if idle.is_empty() {
            return None;
        }
        idle.iter().for_each(|id| self.name_owner(memory, *id, NO_OBJECT));
        if wait_for_walks().is_err() {
            idle.iter().for_each(|id| self.name_owner(memory, *id, *id));
            return None;
        }
        idle.into_iter().for_each(|id| self.unload(memory, id));
        Some(())
    }

    /// No walk that enters a mapping from here on uses the table; what began earlier ends on its own.
    pub fn disown(&mut self, memory: &mut TableArrays, id: u32) {
        self.name_owner(memory, id, NO_OBJECT);
        self.changed_ns = crate::kernel::clock::monotonic_ns();
    }

    fn name_owner(&self, memory: &mut TableArrays, id: u32, owner: u32) {
        if let Some(table) = self.entries.get(&id).and_then(Entry::loaded) {
            table.slot.name_owner(memory, owner);
        }
    }

    fn unload(&mut self, memory: &mut TableArrays, id: u32) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let size = entry.loaded().map(LoadedTable::size).unwrap_or_default();
        if let State::Loaded(table) = std::mem::replace(&mut entry.state, State::Wanted { size, refused_ns: None }) {
            self.tables.unload(memory, table);
            self.evicted += 1;
        }
    }

    /// Of a file that is known no more. Only when no walk can look its table up: see objects.rs.
    pub fn forget(&mut self, memory: &mut TableArrays, id: u32) {
        if let Some(Entry { state: State::Loaded(table), .. }) = self.entries.remove(&id) {
            self.tables.unload(memory, table);
        }
    }

    /// Those that together have that many rows, or all there are.
    fn longest_idle(&self, rows: usize, used: &HashSet<u32>) -> Vec<u32> {
        let idle = self.entries.iter().filter(|(id, _)| !used.contains(id));
        let mut idle: Vec<_> =
            idle.filter_map(|(id, entry)| Some((entry.used_ns, *id, entry.loaded()?.size().rows))).collect();
        idle.sort_unstable();
        let mut missing = rows;
        let mut chosen = Vec::new();
        for (_, id, rows) in idle {
            if missing == 0 {
                break;
            }
            missing = missing.saturating_sub(rows);
            chosen.push(id);
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::table_memory::tests::{arrays, files};

    const IN_USE: u32 = 1;
    const IDLE: u32 = 2;
    const NEW: u32 = 3;

    #[test]
    fn only_tables_that_nobody_uses_make_room() {
        let [libc, loader, _] = files();
        let mut arrays = arrays((libc.table.rows.len() * 2).next_multiple_of(4096));
        let mut room = TableRoom::new(&arrays);
        for (id, file) in [(IN_USE, &loader), (IDLE, &libc), (NEW, &libc)] {
            room.load(&mut arrays, id, &file.elf, &file.table).unwrap();
        }
        assert_eq!((room.slot(NEW), room.evicted), (None, 0));
        let mut load = |used: &[u32]| {
            let used = used.iter().copied().collect();
            room.load_evicting(&mut arrays, NEW, (&libc.elf, &libc.table), &used)
        };
        assert!(load(&[IN_USE, IDLE]).is_none() && load(&[IN_USE]).is_some());
        let is_loaded = [IN_USE, IDLE, NEW].map(|id| room.slot(id).is_some());
        assert_eq!((is_loaded, room.evicted), ([true, false, true], 1));
    }
}
