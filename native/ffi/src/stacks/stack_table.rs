//! Distinct stacks: whose they are, and their frames as rows of the frame table.

use super::row_index::{mix, RowIndex};

/// What makes two stacks the same one, besides the frames.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    pub pid: u32,
    pub tid: u32,
    pub root: u32,
    pub comm: u32,
    pub starter_tid: u32,
    pub starter_comm: u32,
    pub event: u32,
    pub kernel_frames: u16,
    pub outcome: u8,
}

#[derive(Clone, Copy)]
pub struct Stack {
    /// Of the first hit.
    pub time_ns: u64,
    pub cpu: u32,
    pub owner: Owner,
}

#[derive(Default)]
pub struct StackTable {
    stacks: Vec<Stack>,
    /// One past the last frame of each.
    ends: Vec<u32>,
    frames: Vec<u32>,
    index: RowIndex,
}

impl StackTable {
    pub fn len(&self) -> usize {
        self.stacks.len()
    }

    pub fn get(&self, row: u32) -> &Stack {
        &self.stacks[row as usize]
    }

    /// Leaf first: the kernel's, then the program's.
    pub fn frames(&self, row: u32) -> &[u32] {
        frames_of(&self.ends, &self.frames, row)
    }

    pub fn intern(&mut self, stack: Stack, frames: &[u32]) -> u32 {
        let hash = hash(&stack.owner, frames);
        let is_same = |row: u32| self.get(row).owner == stack.owner && self.frames(row) == frames;
        if let Some(row) = self.index.find(hash, is_same) {
            return row;
        }
        let row = self.len() as u32;
        self.stacks.push(stack);
        self.frames.extend_from_slice(frames);
        self.ends.push(self.frames.len() as u32);
        let (stacks, ends, all) = (&self.stacks, &self.ends, &self.frames);
        self.index.insert(hash, row, |row| self::hash(&stacks[row as usize].owner, frames_of(ends, all, row)));
        row
    }
}

fn frames_of<'a>(ends: &[u32], frames: &'a [u32], row: u32) -> &'a [u32] {
    let row = row as usize;
    let first = if row == 0 { 0 } else { ends[row - 1] };
    &frames[first as usize..ends[row] as usize]
}

fn hash(owner: &Owner, frames: &[u32]) -> u64 {
    let thread = u64::from(owner.root) << 32 | u64::from(owner.tid);
    let rest = u64::from(owner.comm) << 32 | u64::from(owner.outcome) << 16 | u64::from(owner.kernel_frames);
    frames.iter().fold(mix(mix(0, thread), rest), |hash, &frame| mix(hash, u64::from(frame)))
}
