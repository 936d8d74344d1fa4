//! What is new since the host last took, as the bytes that it gets. Little-endian; the wider columns come first, so that
//! each is aligned:
//!
//! `u32 frames, stacks, stackFrames, increments, comms, 0, 0, 0`,
//! `u64 frameAddress[frames]`, `u64 timeNs[stacks]`, `f64 count[increments]`,
//! `u32 frameObject[frames]`, `u32 framePid[frames]`, `u32 pid, tid, root, starterTid, cpu, comm, starterComm, event,
//! kernelFrames [stacks] each`, `u32 stackFramesEnd[stacks]`, `u32 stackFrame[stackFrames]`, `u32 incremented[increments]`,
//! `u8 frameRule[frames]`, `u8 outcome[stacks]`, `u8 comm[comms][16]`.
//!
//! Frames and stacks are the next rows of the host's tables; `comm` is the whole table. `stackFrame` is a row of frames,
//! `incremented` one of stacks, in ascending order.

use std::ops::Range;

use super::comm_table::{Comm, CommTable};
use super::frame_table::FrameTable;
use super::layout::COMM_BYTES;
use super::stack_table::{Stack, StackTable};

const HEADER_BYTES: usize = 32;
const BYTES_PER_FRAME: usize = 8 + 2 * 4 + 1;
const BYTES_PER_STACK: usize = 8 + 10 * 4 + 1;
const BYTES_PER_INCREMENT: usize = 8 + 4;

pub struct Batch<'a> {
    pub comms: &'a CommTable,
    pub frames: &'a FrameTable,
    pub new_frames: Range<usize>,
    pub stacks: &'a StackTable,
    pub new_stacks: Range<usize>,
    /// Stack and hits, in ascending order of the stacks.
    pub increments: &'a [(u32, u64)],
}

impl Batch<'_> {
    pub fn byte_length(&self) -> usize {
        HEADER_BYTES
            + self.new_frames.len() * BYTES_PER_FRAME
            + self.new_stacks.len() * BYTES_PER_STACK
            + self.stack_frames().count() * 4
            + self.increments.len() * BYTES_PER_INCREMENT
            + self.comms.comms().len() * COMM_BYTES
    }

    /// `out` has room for `byte_length`.
    pub fn write(&self, out: &mut [u8]) {
        let mut out = Out(out);
        let (frames, new) = (self.frames, self.new_frames.clone());
        let stack_frames = self.stack_frames().count();
        let lengths = [new.len(), self.new_stacks.len(), stack_frames, self.increments.len(), self.comms.comms().len()];
        out.u32s(lengths.iter().chain(&[0; 3]).map(|&length| length as u32));
        out.u64s(frames.addresses[new.clone()].iter().copied());
        out.u64s(self.stacks().map(|stack| stack.time_ns));
        out.u64s(self.increments.iter().map(|&(_, hits)| (hits as f64).to_bits()));
        out.u32s(frames.objects[new.clone()].iter().copied());
        out.u32s(frames.pids[new.clone()].iter().copied());
        self.write_stacks(&mut out);
        out.u32s(self.increments.iter().map(|&(stack, _)| stack));
        out.bytes(&frames.rules[new]);
        self.stacks().for_each(|stack| out.bytes(&[stack.owner.outcome]));
        self.comms.comms().iter().for_each(|comm: &Comm| out.bytes(comm));
    }

    /// Objects that the new frames name.
    pub fn objects(&self) -> Vec<u32> {
        self.frames.distinct_objects(self.new_frames.clone())
    }

    fn write_stacks(&self, out: &mut Out<'_>) {
        out.u32s(self.stacks().map(|stack| stack.owner.pid));
        out.u32s(self.stacks().map(|stack| stack.owner.tid));
        out.u32s(self.stacks().map(|stack| stack.owner.root));
        out.u32s(self.stacks().map(|stack| stack.owner.starter_tid));
        out.u32s(self.stacks().map(|stack| stack.cpu));
        out.u32s(self.stacks().map(|stack| stack.owner.comm));
        out.u32s(self.stacks().map(|stack| stack.owner.starter_comm));
        out.u32s(self.stacks().map(|stack| stack.owner.event));
        out.u32s(self.stacks().map(|stack| u32::from(stack.owner.kernel_frames)));
        let mut end = 0;
        out.u32s(self.rows().map(|row| {
            end += self.stacks.frames(row).len() as u32;
            end
        }));
        out.u32s(self.stack_frames());
    }

    fn rows(&self) -> impl Iterator<Item = u32> {
        self.new_stacks.start as u32..self.new_stacks.end as u32
    }

    fn stacks(&self) -> impl Iterator<Item = &Stack> {
        self.rows().map(|row| self.stacks.get(row))
    }

    fn stack_frames(&self) -> impl Iterator<Item = u32> + '_ {
        self.rows().flat_map(|row| self.stacks.frames(row).iter().copied())
    }
}

/// What is left to be written of a buffer.
struct Out<'a>(&'a mut [u8]);

impl Out<'_> {
    fn u32s(&mut self, words: impl Iterator<Item = u32>) {
        words.for_each(|word| self.bytes(&word.to_le_bytes()));
    }

    fn u64s(&mut self, words: impl Iterator<Item = u64>) {
        words.for_each(|word| self.bytes(&word.to_le_bytes()));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let (written, rest) = std::mem::take(&mut self.0).split_at_mut(bytes.len());
        written.copy_from_slice(bytes);
        self.0 = rest;
    }
}
