//! The BPF programs of one capture and their maps, as typed handles.

use std::collections::HashSet;
use std::os::fd::{AsFd, AsRawFd};

use libbpf_rs::{Link, MapCore, MapFlags, MapHandle, Object, OpenObject};

use crate::failure::{Failure, Outcome};
use crate::kernel::bpf::array_memory::ArrayMemory;
use crate::kernel::bpf::bpf_maps::{get, map_handle, map_memory, put, remove};
use crate::kernel::bpf::bpf_programs::{attach_programs, config_of, open_object};
use crate::kernel::bpf::counts::{self, add_counters, Repetitions};
use crate::kernel::bpf::record_ring::RecordRing;
use crate::kernel::bpf::run_time_statistics::{program_run_ns, RunTimeStatistics};
use crate::kernel::bpf::table_arrays::TableArrays;
use crate::kernel::grace_period::wait_for_walks;
use crate::kernel::perf::sampling_events::SamplingEvents;
use crate::kernel::record::{read_from, Counters, Live, Mapping, ProcessEnd, Space, EPOCH_BIT};
use crate::kernel::settings::Settings;
use crate::kernel::target::Target;
use crate::rights::access::Access;

pub struct Engine {
    object: Object,
    _links: Vec<Link>,
    events: SamplingEvents,
    statistics: Option<RunTimeStatistics>,
    records: RecordRing,
    processes: MapHandle,
    spaces: MapHandle,
    ends: MapHandle,
    runtime_bases: MapHandle,
    counts: MapHandle,
    counters: MapHandle,
    live: ArrayMemory<Live>,
    epoch: u64,
    /// What the two kinds of epochs had counted when the last of each was over.
    closed: [Counters; 2],
    pub mappings: ArrayMemory<Mapping>,
    pub tables: TableArrays,
}

impl Engine {
    /// Loads and attaches; nothing is sampled before `set_sampling(true)`.
    pub fn load(
        settings: &Settings,
        events: SamplingEvents,
        access: &Access,
        statistics: Option<RunTimeStatistics>,
    ) -> Outcome<Engine> {
        let object = open_object(settings, &config_of(settings, access, statistics.is_none()))?;
        Engine::of(object, events, statistics)
    }

    fn of(object: OpenObject, events: SamplingEvents, statistics: Option<RunTimeStatistics>) -> Outcome<Engine> {
        let object = object.load().map_err(|error| Failure::from_bpf("load-bpf-programs", &error))?;
        let links = attach_programs(&object, &events.rings)?;
        events.set_enabled(false)?; // libbpf enables an event when it attaches
        let handle = |name| map_handle(&object, name);
        Ok(Engine {
            records: RecordRing::of(&handle("records")?)?,
            processes: handle("processes")?,
            spaces: handle("spaces")?,
            ends: handle("ends")?,
            runtime_bases: handle("runtime_bases")?,
            counts: handle("counts")?,
            counters: handle("counters")?,
            live: map_memory(&object, ".data.live")?,
            epoch: 0,
            closed: [Counters::default(); 2],
            mappings: map_memory(&object, "mappings")?,
            tables: TableArrays {
                directory: map_memory(&object, "directory")?,
                rows: map_memory(&object, "rows")?,
                rules: map_memory(&object, "rules")?,
            },
            object,
            _links: links,
            events,
            statistics,
        })
    }

    pub fn set_sampling(&self, is_on: bool) -> Outcome<()> {
        self.events.set_enabled(is_on)
    }

    pub fn ring_descriptor(&self) -> i32 {
        self.records.descriptor()
    }

    /// Takes what waits in the ring, each record behind its length (u32).
    pub fn take_records(&self) -> Outcome<Vec<u8>> {
        self.records.take()
    }

    pub fn observe(&self, target: &Target) -> Outcome<()> {
        put(&self.processes, target.pid, &target.entry())
    }

    /// How many processes can be observed at a time.
    pub fn max_processes(&self) -> u32 {
        self.processes.max_entries()
    }

    /// False also for a process that has become another user's, or has got other rights: it is not to be followed.
    pub fn is_observed(&self, pid: u32) -> bool {
        get(&self.processes, pid).is_some()
    }

    /// Whoever has the pid. That there is no entry any more is no failure.
    pub fn forget(&self, pid: u32) -> Outcome<()> {
        remove(&self.processes, pid)
    }

    /// False where there is no room for it.
    pub fn publish_space(&self, pid: u32, space: &Space) -> Outcome<bool> {
        match put(&self.spaces, pid, space) {
            Err(failure) if failure.errno() == Some(libc::E2BIG) => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// All objects that a walk may meet from here on: those of every space in the kernel, of processes that we do not know
    /// too.
    pub fn reachable_objects(&self) -> HashSet<u32> {
        let spaces = self.spaces.lookup_batch(self.spaces.max_entries(), MapFlags::ANY, MapFlags::ANY);
        let spaces = spaces.into_iter().flatten().filter_map(|(_, space)| read_from::<Space>(&space));
        let ranges: HashSet<(u32, u32)> = spaces.map(|space| (space.first, space.count)).collect();
        let entries = ranges.into_iter().flat_map(|(first, count)| first..first.saturating_add(count));
        entries.filter_map(|index| self.mappings.get(index as usize)).map(|mapping| mapping.object).collect()
    }

    /// The kernel does this when it frees a process, which may have been before its last mappings were published.
    pub fn withdraw_space(&self, pid: u32) -> Outcome<()> {
        remove(&self.spaces, pid)
    }

    pub fn set_runtime_base(&self, tid: u32, runtime_ns: u64) -> Outcome<()> {
        put(&self.runtime_bases, tid, &runtime_ns)
    }

    pub fn runtime_base(&self, tid: u32) -> u64 {
        get(&self.runtime_bases, tid).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
    }

    /// Of an awaited process; makes room for the next.
    pub fn take_end(&self, pid: u32) -> Option<ProcessEnd> {
        let bytes = self.ends.lookup_and_delete(&pid.to_le_bytes()).ok().flatten()?;
        read_from(&bytes)
    }

    /// Begins the next epoch. When this returns, the walks of the one before have ended: its records lie in the ring, and
    /// what was counted in it will not change.
    pub fn begin_epoch(&mut self) -> Outcome<()> {
        let closed_bit = self.epoch_bit();
        self.epoch += 1;
        self.live.set(0, Live { epoch: self.epoch, zero: 0 });
        wait_for_walks().map_err(|error| Failure::from_io("bpf", "wait-for-walks", &error))?;
        self.closed[closed_bit as usize] = counts::counters(&self.counters, closed_bit);
        Ok(())
    }

    /// What the keys of this epoch have, and those of the one before have not.
    pub fn epoch_bit(&self) -> u64 {
        self.epoch & EPOCH_BIT
    }

    /// How many stacks can be counted at a time.
    pub fn max_stacks(&self) -> u32 {
        self.counts.max_entries()
    }

    /// `{key, repetitions}` of this epoch: see counts.rs.
    pub fn repetitions(&self) -> Vec<u8> {
        Repetitions::read(&self.counts, self.epoch_bit()).counted
    }

    /// Those of the epoch before this one, which leave the kernel.
    pub fn take_closed_repetitions(&self) -> Outcome<Vec<u8>> {
        let closed = Repetitions::read(&self.counts, self.epoch_bit() ^ EPOCH_BIT);
        closed.remove_from(&self.counts)?;
        Ok(closed.counted)
    }

    /// Up to now.
    pub fn counters(&self) -> Counters {
        add_counters(counts::counters(&self.counters, 0), counts::counters(&self.counters, EPOCH_BIT))
    }

    /// Up to the end of the epoch before this one.
    pub fn closed_counters(&self) -> Counters {
        add_counters(self.closed[0], self.closed[1])
    }

    /// How often the kernel paused an event since the last call.
    pub fn throttled(&mut self) -> u64 {
        self.events.throttled()
    }

    /// Time that the kernel spent in our programs, by its own statistics; None where it keeps none for us.
    pub fn program_run_ns(&self) -> Option<u64> {
        self.statistics.as_ref()?;
        Some(self.object.progs().filter_map(|program| program_run_ns(program.as_fd().as_raw_fd())).sum())
    }
}

#[cfg(test)]
mod counting;

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::kernel::perf::perf_events::SamplingEvent;
    use crate::kernel::record::{bytes_of, Config, LOSS_NESTED, WALK_SLOTS};

    pub const SETTINGS: Settings = Settings {
        frequency_hz: 997,
        event: SamplingEvent::CpuClock,
        frame_pointers_only: false,
        ring_bytes: 1 << 20,
        max_depth: 1024,
        table_bytes: 8 << 20,
        checks_unwinding: false,
    };

    pub fn burn_cpu(milliseconds: u64) {
        let begin_ns = crate::kernel::clock::own_cpu_ns();
        while crate::kernel::clock::own_cpu_ns() - begin_ns < milliseconds * 1_000_000 {
            std::hint::spin_loop();
        }
    }

    /// None, and said so, where BPF programs cannot be loaded.
    pub fn access_of_root() -> Option<Access> {
        // SAFETY: no preconditions.
        if unsafe { libc::geteuid() } != 0 {
            eprintln!("skipped: loading BPF programs needs root");
            return None;
        }
        let root = crate::rights::caller::Caller { uid: 0, gid: 0, groups: vec![] };
        Some(Access::of(root, crate::rights::capabilities::NONE, &crate::rights::policy::Policy::default()).unwrap())
    }

    pub fn loaded_engine() -> Option<(Engine, Access)> {
        engine_with(&[], |_| {})
    }

    /// `sizes`: of maps, by name, instead of those that they have.
    pub fn engine_with(sizes: &[(&str, u32)], adjust: fn(&mut Config)) -> Option<(Engine, Access)> {
        let access = access_of_root()?;
        let mut config = config_of(&SETTINGS, &access, false);
        adjust(&mut config);
        let mut object = open_object(&SETTINGS, &config).unwrap();
        for mut map in object.maps_mut() {
            if let Some((_, entries)) = sizes.iter().find(|(name, _)| map.name() == *name) {
                map.set_max_entries(*entries).unwrap();
            }
        }
        Some((Engine::of(object, SamplingEvents::open(&SETTINGS).unwrap(), None).unwrap(), access))
    }

    /// As if the BPF programs had counted so.
    pub fn set_counters(engine: &Engine, counters: &Counters) {
        let mut per_cpu = vec![bytes_of(&Counters::default()).to_vec(); libbpf_rs::num_possible_cpus().unwrap()];
        per_cpu[0] = bytes_of(counters).to_vec();
        engine.counters.update_percpu(&0u32.to_le_bytes(), &per_cpu, MapFlags::ANY).unwrap();
    }

    pub fn sample_ourselves(engine: &Engine) {
        engine.set_sampling(true).unwrap();
        burn_cpu(200);
        engine.set_sampling(false).unwrap();
    }

    /// `busy` is the first word of struct walk. One event per CPU cannot interrupt itself, so the test pretends that so
    /// many samples are at work.
    fn pretend_to_be_at_work(engine: &Engine, samples: u32) {
        let walks = map_handle(&engine.object, "walks").unwrap();
        let mut walk = vec![0; walks.value_size() as usize];
        walk[0] = 1;
        let everywhere = vec![walk; libbpf_rs::num_possible_cpus().unwrap()];
        for slot in 0..samples {
            walks.update_percpu(&slot.to_le_bytes(), &everywhere, MapFlags::ANY).unwrap();
        }
    }

    #[test]
    fn the_repetitions_of_every_stack_are_read_however_many_there_are() {
        let Some((mut engine, _)) = loaded_engine() else { return };
        let stacks = 60_000_u64; // enough of them share a bucket
        for number in 1..=stacks {
            let key: Vec<u8> = [number, !number].iter().flat_map(|word| word.to_le_bytes()).collect();
            engine.counts.update(&key, &number.to_le_bytes(), MapFlags::ANY).unwrap();
        }
        let sum = |all: Vec<u8>| {
            let counts = all.chunks_exact(24).map(|entry| u64::from_le_bytes(entry[16..].try_into().unwrap()));
            counts.sum::<u64>()
        };
        let odd = (stacks / 2) * (stacks / 2); // their keys are even
        assert_eq!(sum(engine.repetitions()), odd);
        engine.begin_epoch().unwrap();
        assert_eq!(sum(engine.take_closed_repetitions().unwrap()), odd);
        assert_eq!(sum(engine.take_closed_repetitions().unwrap()), 0);
        assert_eq!(sum(engine.repetitions()), stacks * (stacks + 1) / 2 - odd);
    }

    #[test]
    fn a_session_takes_no_more_of_the_kernels_memory_than_it_says() {
        let Some((engine, _)) = loaded_engine() else { return };
        let locked = |fd: i32| {
            let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap();
            let bytes = text.lines().find_map(|line| line.strip_prefix("memlock:")).unwrap_or("0");
            bytes.trim().parse::<u64>().unwrap()
        };
        let maps: u64 = engine.object.maps().map(|map| locked(map.as_fd().as_raw_fd())).sum();
        let chosen = SETTINGS.table_bytes + u64::from(SETTINGS.ring_bytes);
        assert!(maps > chosen, "{maps} bytes: the kernel's account is not what it was");
        assert!(maps < SETTINGS.need().bytes, "{} MiB beside {} MiB", (maps - chosen) >> 20, chosen >> 20);
    }

    #[test]
    fn a_sample_inside_others_is_one_as_long_as_there_is_a_slot() {
        let Some((engine, _)) = loaded_engine() else { return };
        pretend_to_be_at_work(&engine, WALK_SLOTS - 1);
        engine.observe(&Target::of(1, std::process::id())).unwrap();
        sample_ourselves(&engine);
        let Counters { fired, lost, snapshots, snapshots_over_budget, .. } = engine.counters();
        assert!(fired > 20, "{fired} fired");
        assert_eq!(lost.iter().sum::<u64>(), 0);
        assert_eq!(snapshots + snapshots_over_budget, fired, "each found its way to the ring");
    }

    #[test]
    fn a_sample_inside_more_than_there_are_slots_is_counted_as_nested() {
        let Some((engine, _)) = loaded_engine() else { return };
        pretend_to_be_at_work(&engine, WALK_SLOTS);
        engine.observe(&Target::of(1, std::process::id())).unwrap();
        sample_ourselves(&engine);
        let counters = engine.counters();
        assert!(counters.fired > 20, "{} fired", counters.fired);
        assert_eq!(counters.lost[LOSS_NESTED], counters.fired);
        assert!(engine.take_records().unwrap().is_empty());
    }
}
