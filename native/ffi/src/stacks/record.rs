//! One `struct bee_stack` of bpf/record.h.

use super::comm_table::Comm;
use super::layout::*;
use crate::failure::{Failure, Outcome};

pub struct Record<'a> {
    bytes: &'a [u8],
    user_end: usize,
}

impl<'a> Record<'a> {
    /// The first of several that stand back to back, and the rest.
    pub fn split(bytes: &'a [u8]) -> Outcome<(Record<'a>, &'a [u8])> {
        if bytes.len() < STACK_SIZE {
            return Err(Failure::malformed("a stack record is shorter than its header"));
        }
        if bytes[STACK_KIND] != RECORD_STACK {
            return Err(Failure::malformed("a record among stacks is none"));
        }
        let user_end = STACK_SIZE + usize::from(u16_at(bytes, STACK_USER_FRAMES)) * 8;
        let end = user_end + usize::from(u16_at(bytes, STACK_KERNEL_FRAMES)) * 8;
        let (bytes, rest) = bytes
            .split_at_checked(end)
            .ok_or_else(|| Failure::malformed("a stack record is shorter than its frames"))?;
        Ok((Record { bytes, user_end }, rest))
    }

    pub fn u64(&self, at: usize) -> u64 {
        u64_at(self.bytes, at)
    }

    pub fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes([self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]])
    }

    pub fn u8(&self, at: usize) -> u8 {
        self.bytes[at]
    }

    pub fn comm(&self, at: usize) -> Comm {
        std::array::from_fn(|index| self.bytes[at + index])
    }

    pub fn user_words(&self) -> impl Iterator<Item = u64> + 'a {
        words(&self.bytes[STACK_SIZE..self.user_end])
    }

    pub fn kernel_addresses(&self) -> impl Iterator<Item = u64> + 'a {
        words(&self.bytes[self.user_end..])
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks_exact(8).map(|word| u64_at(word, 0))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
