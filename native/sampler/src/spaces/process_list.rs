//! The processes that are followed, and what of them is to be done.

use std::collections::{HashMap, HashSet};

use crate::spaces::mappings::with_table;
use crate::spaces::process::Process;
use crate::tables::row_format::TableSlot;

#[derive(Default)]
pub struct ProcessList {
    all: HashMap<u32, Process>,
    /// To be published; looking through all of them at every wake-up would cost a fork storm its square.
    changed: Vec<u32>,
    /// Ended by the last news: samples that came with them may still ask for their mappings.
    ended: Vec<u32>,
    /// Their first thread has ended, and others may go on.
    leaderless: Vec<u32>,
}

impl ProcessList {
    pub fn get(&self, pid: u32) -> Option<&Process> {
        self.all.get(&pid)
    }

    pub fn get_mut(&mut self, pid: u32) -> Option<&mut Process> {
        self.all.get_mut(&pid)
    }

    pub fn insert(&mut self, pid: u32, process: Process) {
        if process.must_publish {
            self.changed.push(pid);
        }
        self.all.insert(pid, process);
    }

    pub fn remove(&mut self, pid: u32) -> Option<Process> {
        self.all.remove(&pid)
    }

    /// Those that have not ended.
    pub fn living(&self) -> impl Iterator<Item = u32> + '_ {
        self.all.iter().filter(|(_, process)| !process.has_ended).map(|(pid, _)| *pid)
    }

    pub fn note_changed(&mut self, pid: u32) {
        self.changed.push(pid);
    }

    pub fn take_changed(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.changed)
    }

    pub fn note_ended(&mut self, pid: u32) {
        self.ended.push(pid);
    }

    pub fn note_leaderless(&mut self, pid: u32) {
        self.leaderless.push(pid);
    }

    pub fn take_leaderless(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.leaderless)
    }

    pub fn has_just_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// But not a process that has got the pid of an ended one since.
    pub fn forget_ended(&mut self) {
        for pid in std::mem::take(&mut self.ended) {
            if self.all.get(&pid).is_some_and(|process| process.has_ended) {
                self.all.remove(&pid);
            }
        }
    }

    /// Asked only when the memory is used up: nothing is counted per mapping. Processes that have just ended still use
    /// their tables, for the samples that came with the news.
    pub fn used_objects(&self) -> HashSet<u32> {
        self.all.values().flat_map(|process| &process.mappings).map(|mapping| mapping.object).collect()
    }

    /// Also of text over which memory lies.
    pub fn known_objects(&self) -> HashSet<u32> {
        let mappings = self.all.values().flat_map(|process| process.mappings.iter().chain(&process.covered));
        mappings.map(|mapping| mapping.object).collect()
    }

    /// Of processes that had mapped a file before there was room for its table.
    pub fn describe_again(&mut self, object: u32, slot: Option<TableSlot>) {
        for (pid, process) in &mut self.all {
            for mapping in process.mappings.iter_mut().filter(|mapping| mapping.object == object) {
                *mapping = with_table(*mapping, slot);
                process.must_publish = !process.has_ended;
                self.changed.push(*pid);
            }
        }
    }
}
