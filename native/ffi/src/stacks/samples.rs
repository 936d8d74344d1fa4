//! Unique stacks and their counts. Records stay in the bytes in which they arrived.

use std::collections::hash_map::DefaultHasher;
use std::collections::HashMap;
use std::hash::Hasher;

use super::layout::{
    FRAME_ADDRESS_BITS, FRAME_OBJECT_SHIFT, STACK_COMM_END, STACK_COUNT, STACK_KERNEL_FRAMES, STACK_KEY, STACK_OUTCOME,
    STACK_PID, STACK_ROOT, STACK_SIZE, STACK_STARTER_END, STACK_USER_FRAMES,
};
use crate::failure::{Failure, Outcome};
use crate::protocol::KERNEL_OBJECT;

const COUNTS_ENTRY_BYTES: usize = 24;
const NO_SAMPLE: u32 = u32::MAX;

type Key = (u64, u64);

#[derive(Default)]
pub struct Samples {
    /// bee_stack records one after the other, each with the time and cpu of its first delivery.
    records: Vec<u8>,
    samples: Vec<Sample>,
    by_key: HashMap<Key, u32>,
    /// Content hash → newest sample with it; older ones hang on `next_same_hash`.
    by_content: HashMap<u64, u32>,
    /// Counts whose record has not been seen (yet).
    waiting: HashMap<Key, u64>,
}

struct Sample {
    offset: usize,
    count: u64,
    next_same_hash: u32,
}

impl Samples {
    /// STACKS: concatenated records.
    pub fn add_stacks(&mut self, mut bytes: &[u8]) -> Outcome<()> {
        while !bytes.is_empty() {
            let length = record_length(bytes)?;
            self.add_record(&bytes[..length]);
            bytes = &bytes[length..];
        }
        Ok(())
    }

    /// COUNTS: `{u64 key0, u64 key1, u64 additionalCount}` each.
    pub fn add_counts(&mut self, bytes: &[u8]) -> Outcome<()> {
        if !bytes.len().is_multiple_of(COUNTS_ENTRY_BYTES) {
            return Err(Failure::malformed("counts are not a whole number of entries"));
        }
        for entry in bytes.chunks_exact(COUNTS_ENTRY_BYTES) {
            let key = (u64_at(entry, 0), u64_at(entry, 8));
            let additional = u64_at(entry, 16);
            match self.by_key.get(&key) {
                Some(&index) => self.add_to(index, additional),
                None => {
                    let count = self.waiting.entry(key).or_insert(0);
                    *count = count.saturating_add(additional);
                }
            }
        }
        Ok(())
    }

    /// All unique records with their final counts.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.records.clone();
        for sample in &self.samples {
            let at = sample.offset + STACK_COUNT;
            out[at..at + 8].copy_from_slice(&sample.count.to_le_bytes());
        }
        out
    }

    /// Whole records from the byte `start` on, in the order of their arrival: one at least, and no more than `limit` bytes.
    pub fn records_from(&self, start: usize, limit: usize) -> Vec<u8> {
        let rest = self.records.get(start..).unwrap_or_default();
        let mut end = 0;
        while let Ok(length) = record_length(&rest[end..]) {
            if end > 0 && end + length > limit {
                break;
            }
            end += length;
        }
        rest[..end].to_vec()
    }

    pub fn byte_length(&self) -> usize {
        self.records.len()
    }

    pub fn unique(&self) -> usize {
        self.samples.len()
    }

    /// Counts that have no stack: hits whose record was lost on the way.
    pub fn orphan_count(&self) -> u64 {
        self.waiting.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn add_record(&mut self, record: &[u8]) {
        let key = (u64_at(record, STACK_KEY), u64_at(record, STACK_KEY + 8));
        let count = u64_at(record, STACK_COUNT).saturating_add(self.waiting.remove(&key).unwrap_or(0));
        let hash = content_hash(record);
        let newest = self.by_content.get(&hash).copied().unwrap_or(NO_SAMPLE);
        let index = match self.find_same(newest, record) {
            Some(index) => {
                self.add_to(index, count);
                index
            }
            None => self.append(record, count, hash, newest),
        };
        self.by_key.insert(key, index);
    }

    fn find_same(&self, mut index: u32, record: &[u8]) -> Option<u32> {
        while index != NO_SAMPLE {
            let sample = &self.samples[index as usize];
            let known = &self.records[sample.offset..];
            if record_length(known).is_ok_and(|length| same_content(&known[..length], record)) {
                return Some(index);
            }
            index = sample.next_same_hash;
        }
        None
    }

    fn append(&mut self, record: &[u8], count: u64, hash: u64, next_same_hash: u32) -> u32 {
        let index = self.samples.len() as u32;
        self.samples.push(Sample { offset: self.records.len(), count, next_same_hash });
        self.records.extend_from_slice(record);
        self.by_content.insert(hash, index);
        index
    }

    fn add_to(&mut self, index: u32, additional: u64) {
        let sample = &mut self.samples[index as usize];
        sample.count = sample.count.saturating_add(additional);
    }
}

/// A place in a file, or in the kernel.
pub struct FrameOf {
    pub object: u32,
    pub address: u64,
}

/// Those of whole records.
pub fn frames(mut records: &[u8]) -> Vec<FrameOf> {
    let mut frames = Vec::new();
    while let Ok(length) = record_length(records) {
        let user_end = STACK_SIZE + usize::from(u16_at(records, STACK_USER_FRAMES)) * 8;
        for at in (STACK_SIZE..length).step_by(8) {
            let word = u64_at(records, at);
            frames.push(match at < user_end {
                true => FrameOf {
                    object: (word >> FRAME_OBJECT_SHIFT) as u32,
                    address: word & ((1 << FRAME_ADDRESS_BITS) - 1),
                },
                false => FrameOf { object: KERNEL_OBJECT, address: word },
            });
        }
        records = &records[length..];
    }
    frames
}

/// What makes two samples the same one: thread, its name, whose it is, how the walk ended, and the frames. Not time
/// and cpu.
fn content(record: &[u8]) -> [&[u8]; 5] {
    [
        &record[STACK_PID..STACK_COMM_END],
        &record[STACK_USER_FRAMES..STACK_KERNEL_FRAMES + 2],
        &record[STACK_OUTCOME..STACK_OUTCOME + 1],
        &record[STACK_ROOT..STACK_STARTER_END],
        &record[STACK_SIZE..],
    ]
}

fn content_hash(record: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    content(record).iter().for_each(|part| hasher.write(part));
    hasher.finish()
}

fn same_content(left: &[u8], right: &[u8]) -> bool {
    content(left) == content(right)
}

fn record_length(bytes: &[u8]) -> Outcome<usize> {
    if bytes.len() < STACK_SIZE {
        return Err(Failure::malformed("a stack record is shorter than its header"));
    }
    let frames = u16_at(bytes, STACK_USER_FRAMES) as usize + u16_at(bytes, STACK_KERNEL_FRAMES) as usize;
    let length = STACK_SIZE + frames * 8;
    if bytes.len() < length {
        return Err(Failure::malformed("a stack record is shorter than its frames"));
    }
    Ok(length)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: u64, tid: u32, time: u64, frames: &[u64]) -> Vec<u8> {
        let mut bytes = vec![0; STACK_SIZE];
        bytes[..8].copy_from_slice(&time.to_le_bytes());
        bytes[STACK_KEY..STACK_KEY + 8].copy_from_slice(&key.to_le_bytes());
        bytes[STACK_COUNT] = 1;
        bytes[STACK_PID + 4..STACK_PID + 8].copy_from_slice(&tid.to_le_bytes());
        bytes[STACK_USER_FRAMES] = frames.len() as u8;
        frames.iter().for_each(|frame| bytes.extend_from_slice(&frame.to_le_bytes()));
        bytes
    }

    fn counts(key: u64, count: u64) -> Vec<u8> {
        [key, 0, count].iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn delivered(samples: &Samples) -> Vec<u64> {
        samples.samples.iter().map(|sample| sample.count).collect()
    }

    #[test]
    fn repeated_stacks_and_counts_add_up_in_one_sample() {
        let mut samples = Samples::default();
        let stacks = [record(1, 7, 10, &[1, 2]), record(2, 7, 20, &[1, 3]), record(1, 7, 30, &[1, 2])].concat();
        samples.add_stacks(&stacks).unwrap();
        samples.add_counts(&[counts(1, 5), counts(2, 1)].concat()).unwrap();
        assert_eq!(delivered(&samples), [7, 2]);
        assert_eq!(u64_at(&samples.bytes(), STACK_COUNT), 7);
    }

    #[test]
    fn the_same_content_under_two_keys_is_one_sample() {
        let mut samples = Samples::default();
        samples.add_stacks(&[record(1, 7, 0, &[9]), record(2, 7, 0, &[9]), record(3, 8, 0, &[9])].concat()).unwrap();
        samples.add_counts(&counts(2, 4)).unwrap();
        assert_eq!(delivered(&samples), [6, 1]);
    }

    #[test]
    fn a_thread_id_that_is_used_again_under_another_root_is_another_sample() {
        let mut again = record(2, 7, 0, &[9]);
        again[STACK_ROOT] = 2;
        let mut samples = Samples::default();
        samples.add_stacks(&[record(1, 7, 0, &[9]), again].concat()).unwrap();
        assert_eq!(delivered(&samples), [1, 1]);
    }

    #[test]
    fn counts_wait_for_their_record() {
        let mut samples = Samples::default();
        samples.add_counts(&counts(1, 4)).unwrap();
        assert_eq!(samples.orphan_count(), 4);
        samples.add_stacks(&record(1, 7, 0, &[9])).unwrap();
        assert_eq!((delivered(&samples), samples.orphan_count()), (vec![5], 0));
    }

    #[test]
    fn a_truncated_record_is_an_error() {
        let bytes = record(1, 7, 0, &[1, 2]);
        assert!(Samples::default().add_stacks(&bytes[..bytes.len() - 1]).is_err());
        assert!(Samples::default().add_stacks(&bytes[..20]).is_err());
        assert!(Samples::default().add_counts(&[0; 23]).is_err());
    }
}
