//! What the BPF programs have counted.

use libbpf_rs::{MapCore, MapFlags, MapHandle};

use crate::kernel::record::{read_from, Counters};

/// All `{key, repetitions}` with repetitions above zero, 24 bytes each.
pub fn repetitions(counts: &MapHandle) -> Vec<u8> {
    let mut all = Vec::new();
    // In one batch: the kernel ends one before the bucket that does not fit, and libbpf-rs takes that for the last.
    let Ok(entries) = counts.lookup_batch(counts.max_entries(), MapFlags::ANY, MapFlags::ANY) else {
        return one_by_one(counts);
    };
    for (key, count) in entries {
        append_repetition(&mut all, &key, &count);
    }
    all
}

fn one_by_one(counts: &MapHandle) -> Vec<u8> {
    let mut all = Vec::new();
    for key in counts.keys() {
        if let Ok(Some(count)) = counts.lookup(&key, MapFlags::ANY) {
            append_repetition(&mut all, &key, &count);
        }
    }
    all
}

fn append_repetition(all: &mut Vec<u8>, key: &[u8], count: &[u8]) {
    if count.iter().any(|&byte| byte != 0) {
        all.extend_from_slice(key);
        all.extend_from_slice(count);
    }
}

/// Summed over the CPUs.
pub fn counters(map: &MapHandle) -> Counters {
    let per_cpu = map.lookup_percpu(&0u32.to_le_bytes(), MapFlags::ANY).ok().flatten().unwrap_or_default();
    per_cpu.iter().filter_map(|bytes| read_from::<Counters>(bytes)).fold(Counters::default(), add_counters)
}

fn add_counters(mut sum: Counters, one: Counters) -> Counters {
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
