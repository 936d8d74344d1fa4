//! What the BPF programs have counted.

use libbpf_rs::{MapCore, MapFlags, MapHandle};

use crate::failure::Outcome;
use crate::kernel::bpf::bpf_maps::remove_key;
use crate::kernel::record::{read_from, Counters, EPOCH_BIT};

const KEY_BYTES: usize = 16;
const SECOND_WORD: usize = 8;
/// Of keys that are removed by one call: for each of them the kernel holds a bucket's lock.
const REMOVED_KEYS: usize = 4096;

/// Those of one epoch, by its bit.
#[derive(Default)]
pub struct Repetitions {
    /// Of stacks that were seen once, too.
    keys: Vec<u8>,
    /// `{key, repetitions}` with repetitions above zero, 24 bytes each.
    pub counted: Vec<u8>,
}

impl Repetitions {
    pub fn read(counts: &MapHandle, epoch_bit: u64) -> Repetitions {
        let mut all = Repetitions::default();
        // In one batch: the kernel ends one before the bucket that does not fit, and libbpf-rs takes that for the last.
        match counts.lookup_batch(counts.max_entries(), MapFlags::ANY, MapFlags::ANY) {
            Ok(entries) => entries.for_each(|(key, count)| all.note(epoch_bit, &key, &count)),
            Err(_) => all.read_one_by_one(counts, epoch_bit),
        }
        all
    }

    fn read_one_by_one(&mut self, counts: &MapHandle, epoch_bit: u64) {
        for key in counts.keys() {
            if let Ok(Some(count)) = counts.lookup(&key, MapFlags::ANY) {
                self.note(epoch_bit, &key, &count);
            }
        }
    }

    fn note(&mut self, epoch_bit: u64, key: &[u8], count: &[u8]) {
        if u64::from(key[SECOND_WORD]) & EPOCH_BIT != epoch_bit {
            return;
        }
        self.keys.extend_from_slice(key);
        if count.iter().any(|&byte| byte != 0) {
            self.counted.extend_from_slice(key);
            self.counted.extend_from_slice(count);
        }
    }

    /// What stayed would be counted again when the bit comes back.
    pub fn remove_from(&self, counts: &MapHandle) -> Outcome<()> {
        for keys in self.keys.chunks(REMOVED_KEYS * KEY_BYTES) {
            let count = (keys.len() / KEY_BYTES) as u32;
            if counts.delete_batch(keys, count, MapFlags::ANY, MapFlags::ANY).is_err() {
                keys.chunks_exact(KEY_BYTES).try_for_each(|key| remove_key(counts, key))?;
            }
        }
        Ok(())
    }
}

/// Summed over the CPUs, of one of the two epochs.
pub fn counters(map: &MapHandle, epoch_bit: u64) -> Counters {
    let index = epoch_bit as u32;
    let per_cpu = map.lookup_percpu(&index.to_le_bytes(), MapFlags::ANY).ok().flatten().unwrap_or_default();
    per_cpu.iter().filter_map(|bytes| read_from::<Counters>(bytes)).fold(Counters::default(), add_counters)
}

pub fn add_counters(mut sum: Counters, one: Counters) -> Counters {
    sum.fired += one.fired;
    for (total, part) in sum.lost.iter_mut().zip(one.lost) {
        *total += part;
    }
    sum.snapshots += one.snapshots;
    sum.snapshots_over_budget += one.snapshots_over_budget;
    sum.exited_cpu_ns += one.exited_cpu_ns;
    sum.starters_full += one.starters_full;
    sum.processes_full += one.processes_full;
    sum.spaces_full += one.spaces_full;
    sum.ends_full += one.ends_full;
    sum.runtime_bases_full += one.runtime_bases_full;
    sum.foreign_execs += one.foreign_execs;
    sum.foreign_samples += one.foreign_samples;
    sum.timed_ns += one.timed_ns;
    sum.timed_hits += one.timed_hits;
    sum.stint_ns += one.stint_ns;
    sum.stint_samples += one.stint_samples;
    sum.checks_lost += one.checks_lost;
    sum
}
