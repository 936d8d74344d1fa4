//! Unique stacks and their hits, and what of them the host has not been told yet.
//!
//! A key means something only within its epoch. A tick is told whole: what arrives behind one waits for the next, so that
//! the hits of a batch are those that the sampler's totals of that tick count.

use std::collections::HashMap;

use super::batch::Batch;
use super::comm_table::CommTable;
use super::frame_table::{Frame, FrameTable};
use super::increments::Increments;
use super::layout::*;
use super::object_numbers::ObjectNumbers;
use super::record::{u64_at, Record};
use super::stack_table::{Owner, Stack, StackTable};
use crate::failure::{Failure, Outcome};
use bee_wire::KERNEL_OBJECT;

const COUNTS_ENTRY_BYTES: usize = 24;
const RULE_MASK: u64 = (1 << (FRAME_OBJECT_SHIFT - FRAME_ADDRESS_BITS)) - 1;

type Key = (u64, u64);

#[derive(Default)]
pub struct Samples {
    pub objects: ObjectNumbers,
    tables: Tables,
    /// Of the present epoch.
    by_key: HashMap<Key, u32>,
    /// Counts of the present epoch whose record has not been seen (yet).
    waiting: HashMap<Key, u64>,
    /// Counts of earlier epochs whose record never came.
    orphans: u64,
    /// Since the last tick.
    open: Increments,
    /// Of whole ticks that the host has not taken, in ascending order of the stacks.
    closed: Vec<(u32, u64)>,
    /// Rows that whole ticks have brought, and those that the host has taken.
    ticked: Rows,
    taken: Rows,
    unique: u64,
    /// Of the record at hand; kept for its memory.
    frames: Vec<u32>,
}

#[derive(Default)]
struct Tables {
    comms: CommTable,
    frames: FrameTable,
    stacks: StackTable,
}

#[derive(Clone, Copy, Default)]
struct Rows {
    frames: usize,
    stacks: usize,
}

impl Samples {
    /// STACKS: concatenated records.
    pub fn add_stacks(&mut self, mut bytes: &[u8]) -> Outcome<()> {
        while !bytes.is_empty() {
            let (record, rest) = Record::split(bytes)?;
            self.add_record(&record);
            bytes = rest;
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
                Some(&stack) => self.open.add(stack, additional),
                None => {
                    let count = self.waiting.entry(key).or_insert(0);
                    *count = count.saturating_add(additional);
                }
            }
        }
        Ok(())
    }

    /// The sampler has sent all counts of its epoch: from here on its keys mean other stacks.
    pub fn end_epoch(&mut self) {
        self.orphans = self.orphan_count();
        self.by_key.clear();
        self.waiting.clear();
    }

    /// An epoch's end that the host has asked for, or the end of all: what has come is the host's to take.
    pub fn end_tick(&mut self) {
        self.end_epoch();
        let mut hits = Increments::default();
        self.closed.drain(..).chain(self.open.take()).for_each(|(stack, more)| hits.add(stack, more));
        self.closed = hits.take();
        self.ticked = self.tables.rows();
    }

    /// What whole ticks have brought and the host has not taken.
    pub fn batch(&self) -> Batch<'_> {
        Batch {
            comms: &self.tables.comms,
            frames: &self.tables.frames,
            new_frames: self.taken.frames..self.ticked.frames,
            stacks: &self.tables.stacks,
            new_stacks: self.taken.stacks..self.ticked.stacks,
            increments: &self.closed,
        }
    }

    /// The host has the batch. With `forgets` it has no use for earlier frames and stacks either: rows begin at 0 again.
    pub fn take(&mut self, forgets: bool) {
        self.closed.clear();
        self.taken = self.ticked;
        if forgets {
            self.forget();
        }
    }

    /// Objects that a known frame names, or a frame to come may, by number; sorted.
    pub fn nameable_objects(&self) -> Vec<u32> {
        let mut objects = self.tables.frames.distinct_objects(0..self.tables.frames.len());
        objects.extend(self.objects.in_use());
        objects.sort_unstable();
        objects.dedup();
        objects
    }

    /// Objects and addresses of at most `limit` frames from number `start` on, and the number to go on with.
    pub fn places_from(&self, start: u64, limit: usize) -> (Vec<(u32, u64)>, u64) {
        self.tables.frames.places_from(start, limit)
    }

    /// Stacks since the session began.
    pub fn unique(&self) -> u64 {
        self.unique
    }

    /// Counts that have no stack: hits whose record was lost on the way.
    pub fn orphan_count(&self) -> u64 {
        self.waiting.values().fold(self.orphans, |sum, count| sum.saturating_add(*count))
    }

    fn add_record(&mut self, record: &Record<'_>) {
        let key = (record.u64(STACK_KEY), record.u64(STACK_KEY + 8));
        let count = record.u64(STACK_COUNT).saturating_add(self.waiting.remove(&key).unwrap_or(0));
        let known = self.tables.stacks.len();
        let stack = self.intern(record);
        self.unique += (self.tables.stacks.len() - known) as u64;
        self.open.add(stack, count);
        self.by_key.insert(key, stack);
    }

    fn intern(&mut self, record: &Record<'_>) -> u32 {
        let mut frames = std::mem::take(&mut self.frames);
        frames.clear();
        let pid = record.u32(STACK_PID);
        for word in record.user_words() {
            let frame = self.user_frame(word, pid);
            frames.push(self.tables.frames.intern(frame));
        }
        let user_frames = frames.len();
        for address in record.kernel_addresses() {
            frames.push(self.tables.frames.intern(Frame { address, object: KERNEL_OBJECT, pid: 0, rule: 0 }));
        }
        frames.rotate_left(user_frames);
        let stack = self.tables.stack(record);
        let row = self.tables.stacks.intern(stack, &frames);
        self.frames = frames;
        row
    }

    fn user_frame(&mut self, word: u64, pid: u32) -> Frame {
        let object = self.objects.of((word >> FRAME_OBJECT_SHIFT) as usize);
        Frame {
            address: word & ((1 << FRAME_ADDRESS_BITS) - 1),
            object,
            pid: if object == 0 { pid } else { 0 },
            rule: (word >> FRAME_ADDRESS_BITS & RULE_MASK) as u8,
        }
    }

    /// All but the stacks that were hit since the last tick: the host is still to get those.
    fn forget(&mut self) {
        let frames = FrameTable::after(&self.tables.frames);
        let old = std::mem::replace(&mut self.tables, Tables { frames, ..Tables::default() });
        let hit = std::mem::take(&mut self.open).take();
        let mut moved = HashMap::with_capacity(hit.len());
        for (stack, hits) in hit {
            let row = self.tables.copy(&old, stack);
            self.open.add(row, hits);
            moved.insert(stack, row);
        }
        self.by_key.retain(|_, stack| moved.get(stack).map(|row| *stack = *row).is_some());
        (self.taken, self.ticked) = (Rows::default(), Rows::default());
    }
}

impl Tables {
    fn rows(&self) -> Rows {
        Rows { frames: self.frames.len(), stacks: self.stacks.len() }
    }

    fn stack(&mut self, record: &Record<'_>) -> Stack {
        let owner = Owner {
            pid: record.u32(STACK_PID),
            tid: record.u32(STACK_TID),
            root: record.u32(STACK_ROOT),
            comm: self.comms.intern(record.comm(STACK_COMM)),
            starter_tid: record.u32(STACK_STARTER_TID),
            starter_comm: self.comms.intern(record.comm(STACK_STARTER_COMM)),
            event: record.u32(STACK_EVENT),
            kernel_frames: record.kernel_addresses().count() as u16,
            outcome: record.u8(STACK_OUTCOME),
        };
        Stack { time_ns: record.u64(STACK_TIME_NS), cpu: record.u32(STACK_CPU), owner }
    }

    fn copy(&mut self, from: &Tables, stack: u32) -> u32 {
        let frames: Vec<u32> =
            from.stacks.frames(stack).iter().map(|&row| self.frames.intern(from.frames.get(row))).collect();
        let comm = |row: u32| from.comms.comms()[row as usize];
        let stack = from.stacks.get(stack);
        let owner = Owner {
            comm: self.comms.intern(comm(stack.owner.comm)),
            starter_comm: self.comms.intern(comm(stack.owner.starter_comm)),
            ..stack.owner
        };
        self.stacks.intern(Stack { owner, ..*stack }, &frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: u64, tid: u32, time: u64, frames: &[u64]) -> Vec<u8> {
        let mut bytes = vec![0; STACK_SIZE];
        bytes[..8].copy_from_slice(&time.to_le_bytes());
        bytes[STACK_KEY..STACK_KEY + 8].copy_from_slice(&key.to_le_bytes());
        bytes[STACK_COUNT] = 1;
        bytes[STACK_PID] = 5;
        bytes[STACK_TID..STACK_TID + 4].copy_from_slice(&tid.to_le_bytes());
        bytes[STACK_USER_FRAMES] = frames.len() as u8;
        frames.iter().for_each(|frame| bytes.extend_from_slice(&frame.to_le_bytes()));
        bytes
    }

    fn with_kernel_frames(mut record: Vec<u8>, addresses: &[u64]) -> Vec<u8> {
        record[STACK_KERNEL_FRAMES] = addresses.len() as u8;
        addresses.iter().for_each(|address| record.extend_from_slice(&address.to_le_bytes()));
        record
    }

    fn counts(key: u64, count: u64) -> Vec<u8> {
        [key, 0, count].iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn word(object: u64, address: u64) -> u64 {
        object << FRAME_OBJECT_SHIFT | address
    }

    /// Hits by stack, in the batch after a tick.
    fn ticked(samples: &mut Samples) -> Vec<(u32, u64)> {
        samples.end_tick();
        samples.batch().increments.to_vec()
    }

    fn frames_of(samples: &Samples, stack: u32) -> Vec<Frame> {
        let tables = &samples.tables;
        tables.stacks.frames(stack).iter().map(|&row| tables.frames.get(row)).collect()
    }

    #[test]
    fn repeated_stacks_and_counts_add_up_in_one_stack() {
        let mut samples = Samples::default();
        let stacks = [record(1, 7, 10, &[1, 2]), record(2, 7, 20, &[1, 3]), record(1, 7, 30, &[1, 2])].concat();
        samples.add_stacks(&stacks).unwrap();
        samples.add_counts(&[counts(1, 5), counts(2, 1)].concat()).unwrap();
        assert_eq!(ticked(&mut samples), [(0, 7), (1, 2)]);
        assert_eq!(samples.tables.stacks.get(0).time_ns, 10, "of the first hit");
    }

    #[test]
    fn the_same_content_under_two_keys_is_one_stack() {
        let mut samples = Samples::default();
        samples.add_stacks(&[record(1, 7, 0, &[9]), record(2, 7, 0, &[9]), record(3, 8, 0, &[9])].concat()).unwrap();
        samples.add_counts(&counts(2, 4)).unwrap();
        assert_eq!(ticked(&mut samples), [(0, 6), (1, 1)]);
        assert_eq!(samples.unique(), 2);
    }

    #[test]
    fn each_part_of_an_owner_tells_stacks_apart() {
        for at in [
            STACK_PID,
            STACK_TID,
            STACK_COMM,
            STACK_OUTCOME,
            STACK_ROOT,
            STACK_STARTER_TID,
            STACK_STARTER_COMM,
            STACK_EVENT,
        ] {
            let mut other = record(2, 7, 0, &[word(1, 9)]);
            other[at] ^= 1;
            let mut samples = Samples::default();
            samples.add_stacks(&[record(1, 7, 0, &[word(1, 9)]), other].concat()).unwrap();
            assert_eq!(ticked(&mut samples), [(0, 1), (1, 1)], "offset {at}");
        }
        let mut samples = Samples::default();
        let kernel = with_kernel_frames(record(2, 7, 0, &[]), &[9]);
        samples.add_stacks(&[record(1, 7, 0, &[9]), kernel].concat()).unwrap();
        assert_eq!(ticked(&mut samples).len(), 2);
    }

    #[test]
    fn counts_wait_for_their_record_until_the_epoch_ends() {
        let mut samples = Samples::default();
        samples.add_counts(&counts(1, 4)).unwrap();
        assert_eq!(samples.orphan_count(), 4);
        samples.add_stacks(&record(1, 7, 0, &[9])).unwrap();
        assert_eq!((ticked(&mut samples), samples.orphan_count()), (vec![(0, 5)], 0));
        samples.add_counts(&counts(2, 3)).unwrap();
        samples.end_epoch();
        samples.add_stacks(&record(2, 7, 0, &[9])).unwrap();
        assert_eq!((ticked(&mut samples), samples.orphan_count()), (vec![(0, 6)], 3));
    }

    #[test]
    fn a_key_means_another_stack_in_the_next_epoch() {
        let mut samples = Samples::default();
        samples.add_stacks(&record(1, 7, 0, &[9])).unwrap();
        samples.end_epoch();
        samples.add_stacks(&record(1, 8, 0, &[9])).unwrap();
        samples.add_counts(&counts(1, 4)).unwrap();
        assert_eq!(ticked(&mut samples), [(0, 1), (1, 5)]);
    }

    #[test]
    fn counts_saturate() {
        let mut samples = Samples::default();
        samples.add_stacks(&record(1, 7, 0, &[9])).unwrap();
        samples.add_counts(&[counts(1, u64::MAX), counts(1, 1)].concat()).unwrap();
        assert_eq!(ticked(&mut samples), [(0, u64::MAX)]);
    }

    #[test]
    fn a_frame_is_one_row_for_all_processes_but_in_generated_code() {
        let mut other = record(2, 7, 0, &[word(1, 9), 9]);
        other[STACK_PID] = 6;
        let mut samples = Samples::default();
        samples.add_stacks(&[record(1, 7, 0, &[word(1, 9), 9]), other].concat()).unwrap();
        let pids = |stack: u32| frames_of(&samples, stack).iter().map(|frame| frame.pid).collect::<Vec<_>>();
        assert_eq!((pids(0), pids(1), samples.tables.frames.len()), (vec![0, 5], vec![0, 6], 3));
    }

    #[test]
    fn the_kernels_frames_stand_first() {
        let mut samples = Samples::default();
        samples.add_stacks(&with_kernel_frames(record(1, 7, 0, &[word(1, 3), word(1, 4)]), &[u64::MAX])).unwrap();
        let found: Vec<_> = frames_of(&samples, 0).iter().map(|frame| (frame.object, frame.address)).collect();
        assert_eq!(found, [(KERNEL_OBJECT, u64::MAX), (1, 3), (1, 4)]);
    }

    #[test]
    fn a_number_that_is_used_again_names_another_object() {
        let mut samples = Samples::default();
        let first = samples.objects.renew(3);
        samples.add_stacks(&record(1, 7, 0, &[word(3, 9)])).unwrap();
        let second = samples.objects.renew(3);
        samples.add_stacks(&record(2, 7, 0, &[word(3, 9)])).unwrap();
        assert_ne!(first, second);
        assert_eq!([0, 1].map(|stack| frames_of(&samples, stack)[0].object), [first, second]);
    }

    #[test]
    fn a_batch_has_what_ticks_brought_since_the_last() {
        let mut samples = Samples::default();
        samples.add_stacks(&record(1, 7, 0, &[1, 2])).unwrap();
        assert!(samples.batch().increments.is_empty(), "no tick yet");
        samples.end_tick();
        samples.add_stacks(&[record(1, 7, 0, &[1, 2]), record(2, 7, 0, &[2, 3])].concat()).unwrap();
        let batch = samples.batch();
        assert_eq!((batch.new_frames, batch.new_stacks, batch.increments), (0..2, 0..1, &[(0, 1)][..]));
        samples.take(false);
        samples.end_tick();
        let batch = samples.batch();
        assert_eq!((batch.new_frames, batch.new_stacks, batch.increments), (2..3, 1..2, &[(0, 1), (1, 1)][..]));
    }

    #[test]
    fn forgetting_keeps_the_stacks_that_wait_for_the_next_tick_and_their_keys() {
        let mut samples = Samples::default();
        samples.add_stacks(&[record(1, 7, 0, &[1]), record(2, 8, 0, &[2])].concat()).unwrap();
        samples.end_tick();
        samples.add_stacks(&record(4, 8, 0, &[2])).unwrap();
        samples.take(true);
        samples.add_counts(&counts(4, 2)).unwrap();
        samples.add_stacks(&record(5, 7, 0, &[1])).unwrap();
        assert_eq!(ticked(&mut samples), [(0, 3), (1, 1)]);
        assert_eq!([0, 1].map(|stack| samples.tables.stacks.get(stack).owner.tid), [8, 7]);
        let batch = samples.batch();
        assert_eq!((batch.new_frames, batch.new_stacks), (0..2, 0..2));
        assert_eq!((samples.unique(), samples.orphan_count()), (3, 0));
    }

    #[test]
    fn what_counts_on_over_a_forgetting_misses_no_frame() {
        let mut samples = Samples::default();
        samples.add_stacks(&record(1, 7, 0, &[word(1, 1), word(1, 2)])).unwrap();
        let (first, next) = samples.places_from(0, 1);
        samples.end_tick();
        samples.take(true);
        samples.add_stacks(&record(1, 7, 0, &[word(1, 3)])).unwrap();
        let (second, next) = samples.places_from(next, 10);
        assert_eq!((first, second, next), (vec![(1, 1)], vec![(1, 3)], 3));
    }

    #[test]
    fn an_object_is_nameable_while_a_frame_or_a_number_names_it() {
        let mut samples = Samples::default();
        let used = samples.objects.renew(3);
        let unused = samples.objects.renew(4);
        samples.add_stacks(&record(1, 7, 0, &[word(3, 9)])).unwrap();
        let newer = [samples.objects.renew(3), samples.objects.renew(4)];
        assert_eq!(samples.nameable_objects(), [used, newer[0], newer[1]], "not {unused}");
        samples.end_tick();
        samples.take(true);
        assert_eq!(samples.nameable_objects(), newer);
    }

    #[test]
    fn a_record_that_is_cut_off_or_of_another_kind_is_an_error() {
        let bytes = record(1, 7, 0, &[1, 2]);
        assert!(Samples::default().add_stacks(&bytes[..bytes.len() - 1]).is_err());
        assert!(Samples::default().add_stacks(&bytes[..20]).is_err());
        assert!(Samples::default().add_counts(&[0; 23]).is_err());
        let mut other = bytes.clone();
        other[STACK_KIND] = 1;
        assert!(Samples::default().add_stacks(&other).is_err());
        assert!(Samples::default().add_stacks(&bytes).is_ok());
    }
}
