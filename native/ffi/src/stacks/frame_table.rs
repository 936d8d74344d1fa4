//! Distinct frames, as columns.

use std::ops::Range;

use super::row_index::{mix, RowIndex};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    /// In the file's own address space; of the process where there is no file.
    pub address: u64,
    /// Ours, 0 for none, or KERNEL_OBJECT.
    pub object: u32,
    /// Of code in no file only: anywhere else a frame is the same for all processes.
    pub pid: u32,
    pub rule: u8,
}

#[derive(Default)]
pub struct FrameTable {
    /// Frames that were forgotten, for those who count on.
    forgotten: u64,
    pub addresses: Vec<u64>,
    pub objects: Vec<u32>,
    pub pids: Vec<u32>,
    pub rules: Vec<u8>,
    index: RowIndex,
}

impl FrameTable {
    /// An empty one that goes on counting.
    pub fn after(forgotten: &FrameTable) -> FrameTable {
        FrameTable { forgotten: forgotten.end(), ..FrameTable::default() }
    }

    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    pub fn get(&self, row: u32) -> Frame {
        let row = row as usize;
        Frame { address: self.addresses[row], object: self.objects[row], pid: self.pids[row], rule: self.rules[row] }
    }

    pub fn intern(&mut self, frame: Frame) -> u32 {
        let hash = hash(frame);
        if let Some(row) = self.index.find(hash, |row| self.get(row) == frame) {
            return row;
        }
        let row = self.len() as u32;
        self.addresses.push(frame.address);
        self.objects.push(frame.object);
        self.pids.push(frame.pid);
        self.rules.push(frame.rule);
        let (addresses, objects, pids, rules) = (&self.addresses, &self.objects, &self.pids, &self.rules);
        self.index.insert(hash, row, |row| {
            let row = row as usize;
            self::hash(Frame { address: addresses[row], object: objects[row], pid: pids[row], rule: rules[row] })
        });
        row
    }

    /// The number of the next new frame, counted over everything that was ever forgotten.
    pub fn end(&self) -> u64 {
        self.forgotten + self.len() as u64
    }

    /// Objects of some rows, each once.
    pub fn distinct_objects(&self, rows: Range<usize>) -> Vec<u32> {
        let mut objects = self.objects[rows].to_vec();
        objects.sort_unstable();
        objects.dedup();
        objects
    }

    /// Object and address of at most `limit` frames from number `start` on, and the number to go on with.
    pub fn places_from(&self, start: u64, limit: usize) -> (Vec<(u32, u64)>, u64) {
        let first = start.saturating_sub(self.forgotten).min(self.len() as u64) as usize;
        let end = self.len().min(first + limit);
        let places = (first..end).map(|row| (self.objects[row], self.addresses[row])).collect();
        (places, self.forgotten + end as u64)
    }
}

fn hash(frame: Frame) -> u64 {
    let rest = u64::from(frame.object) << 32 ^ u64::from(frame.pid) << 8 ^ u64::from(frame.rule);
    mix(mix(0, frame.address), rest)
}
