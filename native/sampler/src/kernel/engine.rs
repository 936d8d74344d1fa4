//! The kernel programs of one run: loaded, attached, and their maps as typed handles.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
use std::rc::Rc;

use libbpf_rs::{
    ErrorKind, Link, MapCore, MapFlags, MapHandle, Object, ObjectBuilder, OpenObject, RingBuffer, RingBufferBuilder,
};

use crate::failure::{Failure, Outcome};
use crate::kernel::array_memory::ArrayMemory;
use crate::kernel::perf_events::{online_cpus, open_sampling_event, EventRing, SamplingEvent, RECORD_THROTTLE};
use crate::kernel::record::{bytes_of, read_from, Config, Counters, Mapping, ProcessEnd, Space};
use crate::kernel::settings::Settings;
use crate::kernel::table_arrays::TableArrays;
use crate::kernel::target::Target;
use crate::rights::access::{Access, Restriction};

#[repr(align(8))]
struct Aligned<T: ?Sized>(T);
static PROGRAM: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/cpu.bpf.o")));

/// Wake the sampler early when the ring is this full; otherwise it looks ten times a second.
const WAKEUP_FRACTION: u32 = 4;
/// Per CPU: 30 to 50 ms of work a second. A program that loads hundreds of plugins a second needs one for most of its
/// samples; with 200, a third of such stacks were incomplete where the sampler did not get a CPU at once.
const SNAPSHOTS_PER_SECOND: u32 = 1000;
/// Of the array `rules`: ten times the distinct rules of a whole system.
const RULES_BYTES: u64 = 1 << 20;
const CHUNK_BYTES: u64 = 16 << 10;
const RAW_TRACEPOINTS: [(&str, &str); 4] = [
    ("on_fork", "sched_process_fork"),
    ("on_exec", "sched_process_exec"),
    ("on_exit", "sched_process_exit"),
    ("on_free", "sched_process_free"),
];

/// Records as they came, each behind its length (u32).
pub type RecordQueue = Rc<RefCell<Vec<u8>>>;

pub struct Engine {
    object: Object,
    _links: Vec<Link>,
    events: Vec<EventRing>,
    statistics: Option<RunTimeStatistics>,
    ring: RingBuffer<'static>,
    records: RecordQueue,
    processes: MapHandle,
    spaces: MapHandle,
    ends: MapHandle,
    runtime_bases: MapHandle,
    counts: MapHandle,
    counters: MapHandle,
    pub mappings: ArrayMemory<Mapping>,
    pub tables: TableArrays,
}

impl Engine {
    /// Loads and attaches; nothing is sampled before `set_sampling(true)`.
    pub fn load(
        settings: &Settings,
        events: Vec<EventRing>,
        access: &Access,
        statistics: Option<RunTimeStatistics>,
    ) -> Outcome<Engine> {
        let object = open_object(settings, &config_of(settings, access, statistics.is_none()))?;
        Engine::of(object, events, statistics)
    }

    fn of(object: OpenObject, events: Vec<EventRing>, statistics: Option<RunTimeStatistics>) -> Outcome<Engine> {
        let object = object.load().map_err(|error| Failure::from_bpf("load the BPF programs", &error))?;
        let mut links = attach_tracepoints(&object)?;
        links.extend(attach_events(&object, &events)?);
        set_all(&events, false)?; // libbpf enables an event when it attaches
        let records = RecordQueue::default();
        let handle = |name| map_handle(&object, name);
        let ring = build_ring(&handle("records")?, &records)?;
        Ok(Engine {
            ring,
            records,
            processes: handle("processes")?,
            spaces: handle("spaces")?,
            ends: handle("ends")?,
            runtime_bases: handle("runtime_bases")?,
            counts: handle("counts")?,
            counters: handle("counters")?,
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
        set_all(&self.events, is_on)
    }

    pub fn ring_descriptor(&self) -> i32 {
        self.ring.epoll_fd()
    }

    /// Takes what waits in the ring.
    pub fn take_records(&self) -> Outcome<Vec<u8>> {
        self.ring.consume().map_err(|error| Failure::from_bpf("read the ring buffer", &error))?;
        Ok(std::mem::take(&mut *self.records.borrow_mut()))
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
            Err(failure) if failure.errno == libc::E2BIG => Ok(false),
            other => other.map(|()| true),
        }
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

    /// All `{key, repetitions}` with repetitions above zero, 24 bytes each.
    pub fn repetitions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        // In one batch: the kernel ends one before the bucket that does not fit, and libbpf-rs takes that for the last.
        let Ok(entries) = self.counts.lookup_batch(self.counts.max_entries(), MapFlags::ANY, MapFlags::ANY) else {
            return self.repetitions_one_by_one();
        };
        for (key, count) in entries {
            append_repetition(&mut all, &key, &count);
        }
        all
    }

    fn repetitions_one_by_one(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for key in self.counts.keys() {
            if let Ok(Some(count)) = self.counts.lookup(&key, MapFlags::ANY) {
                append_repetition(&mut all, &key, &count);
            }
        }
        all
    }

    /// Summed over the CPUs.
    pub fn counters(&self) -> Counters {
        let per_cpu =
            self.counters.lookup_percpu(&0u32.to_le_bytes(), MapFlags::ANY).ok().flatten().unwrap_or_default();
        per_cpu.iter().filter_map(|bytes| read_from::<Counters>(bytes)).fold(Counters::default(), add_counters)
    }

    /// How often the kernel paused an event that took too much time. No samples come through these rings.
    pub fn throttled(&mut self) -> u64 {
        let mut count = 0;
        for event in &mut self.events {
            event.drain(|kind, _, _| count += u64::from(kind == RECORD_THROTTLE));
        }
        count
    }

    /// Time that the kernel spent in our programs, by its own statistics; None where it keeps none for us.
    pub fn program_run_ns(&self) -> Option<u64> {
        self.statistics.as_ref()?;
        Some(self.object.progs().filter_map(|program| program_run_ns(program.as_fd().as_raw_fd())).sum())
    }
}

fn append_repetition(all: &mut Vec<u8>, key: &[u8], count: &[u8]) {
    if count.iter().any(|&byte| byte != 0) {
        all.extend_from_slice(key);
        all.extend_from_slice(count);
    }
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

fn put<T: crate::kernel::record::Plain>(map: &MapHandle, key: u32, value: &T) -> Outcome<()> {
    map.update(&key.to_le_bytes(), bytes_of(value), MapFlags::ANY).map_err(|error| write_failure(map, &error))
}

fn write_failure(map: &MapHandle, error: &libbpf_rs::Error) -> Failure {
    let name = map.name().to_string_lossy();
    if error.kind() != ErrorKind::TooBig {
        return Failure::from_bpf(&format!("write to the map {name}"), error);
    }
    let message = format!("the map {name} is full: it has room for {}", map.max_entries());
    Failure { errno: libc::E2BIG, ..Failure::new("bpf", message) }
}

fn remove(map: &MapHandle, key: u32) -> Outcome<()> {
    match map.delete(&key.to_le_bytes()) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(write_failure(map, &error)),
        _ => Ok(()),
    }
}

fn get(map: &MapHandle, key: u32) -> Option<Vec<u8>> {
    map.lookup(&key.to_le_bytes(), MapFlags::ANY).ok().flatten()
}

fn config_of(settings: &Settings, access: &Access, times_itself: bool) -> Config {
    let restriction = access.restriction();
    let Restriction { uid, gid, user_namespace } = restriction.unwrap_or_default();
    Config {
        frame_pointers_only: settings.frame_pointers_only.into(),
        max_depth: settings.max_depth,
        snapshots_per_second: if settings.frame_pointers_only { 0 } else { SNAPSHOTS_PER_SECOND },
        wakeup_bytes: settings.ring_bytes / WAKEUP_FRACTION,
        is_restricted: restriction.is_some().into(),
        uid,
        gid,
        user_namespace,
        has_kernel_frames: access.has_kernel_frames.into(),
        times_itself: times_itself.into(),
        checks_unwinding: settings.checks_unwinding.into(),
    }
}

fn open_object(settings: &Settings, config: &Config) -> Outcome<OpenObject> {
    let opened = ObjectBuilder::default().name("bee").and_then(|builder| builder.open_memory(&PROGRAM.0));
    let mut object = opened.map_err(|error| Failure::from_bpf("open the kernel programs", &error))?;
    for mut map in object.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        let changed = match name.as_str() {
            "records" => map.set_max_entries(settings.ring_bytes),
            "directory" => map.set_max_entries(directory_bytes(settings.table_bytes) as u32 / 8),
            "rows" => map.set_max_entries((row_bytes(settings.table_bytes) / CHUNK_BYTES) as u32),
            name if name.ends_with(".rodata.cfg") => map.set_initial_value(bytes_of(config)),
            _ => Ok(()),
        };
        changed.map_err(|error| Failure::from_bpf(&format!("set up the map {name}"), &error))?;
    }
    Ok(object)
}

/// An eighth: it takes that much where text has as few as 14 rows a page; usual are 65.
fn directory_bytes(table_bytes: u64) -> u64 {
    table_bytes / 8
}

fn row_bytes(table_bytes: u64) -> u64 {
    table_bytes - directory_bytes(table_bytes) - RULES_BYTES
}

fn attach_tracepoints(object: &Object) -> Outcome<Vec<Link>> {
    let mut links = Vec::new();
    for program in object.progs_mut() {
        let name = program.name().to_string_lossy().into_owned();
        let Some((_, tracepoint)) = RAW_TRACEPOINTS.iter().find(|(program, _)| *program == name) else { continue };
        let link = program.attach_raw_tracepoint(tracepoint);
        links.push(link.map_err(|error| Failure::from_bpf(&format!("attach to {tracepoint}"), &error))?);
    }
    Ok(links)
}

/// One for each CPU, disabled.
pub fn open_events(settings: &Settings) -> Outcome<Vec<EventRing>> {
    let failure = |error: &io::Error| {
        let code = match error.raw_os_error() {
            Some(libc::ENOENT | libc::EOPNOTSUPP | libc::EINVAL) => "event-unsupported",
            _ => "perf-event",
        };
        Failure::from_io(code, &format!("open the {:?} event", settings.event), error)
    };
    let cpus = online_cpus().map_err(|error| failure(&error))?;
    let event = |cpu| open_sampling_event(cpu, settings.event, settings.frequency_hz).map_err(|error| failure(&error));
    cpus.into_iter().map(|cpu| EventRing::map(event(cpu)?, 1)).collect()
}

fn attach_events(object: &Object, events: &[EventRing]) -> Outcome<Vec<Link>> {
    let program = object.progs_mut().find(|program| program.name() == "on_sample");
    let program = program.ok_or_else(|| Failure::new("bpf", "the kernel program on_sample is missing"))?;
    let attach = |event: &EventRing| program.attach_perf_event(event.duplicate()?.into_raw_fd());
    let links: Result<Vec<_>, _> = events.iter().map(attach).collect();
    links.map_err(|error| Failure::from_bpf("attach to a perf event", &error))
}

fn set_all(events: &[EventRing], is_on: bool) -> Outcome<()> {
    let switched = events.iter().try_for_each(|event| event.set_enabled(is_on));
    switched.map_err(|error| Failure::from_io("perf-event", "switch a perf event", &error))
}

fn map_handle(object: &Object, name: &str) -> Outcome<MapHandle> {
    let map = object.maps().find(|map| map.name() == name);
    let map = map.ok_or_else(|| Failure::new("bpf", format!("the map {name} is missing")))?;
    MapHandle::try_from(&map).map_err(|error| Failure::from_bpf(&format!("open the map {name}"), &error))
}

fn map_memory<T: Copy>(object: &Object, name: &str) -> Outcome<ArrayMemory<T>> {
    let map = map_handle(object, name)?;
    let bytes = map.max_entries() as usize * map.value_size() as usize;
    ArrayMemory::map(map.as_fd(), bytes).map_err(|error| Failure::from_io("bpf", &format!("map {name}"), &error))
}

fn build_ring(map: &MapHandle, records: &RecordQueue) -> Outcome<RingBuffer<'static>> {
    let queue = Rc::clone(records);
    let mut builder = RingBufferBuilder::new();
    let added = builder.add(map, move |record: &[u8]| {
        let mut queue = queue.borrow_mut();
        queue.extend_from_slice(&(record.len() as u32).to_le_bytes());
        queue.extend_from_slice(record);
        0
    });
    added.map_err(|error| Failure::from_bpf("read the ring buffer", &error))?;
    builder.build().map_err(|error| Failure::from_bpf("read the ring buffer", &error))
}

/// The kernel times all kernel programs for as long as this lives.
pub struct RunTimeStatistics {
    _descriptor: OwnedFd,
}

impl RunTimeStatistics {
    /// None without cap_sys_admin.
    pub fn enable() -> Option<RunTimeStatistics> {
        use std::os::fd::FromRawFd;
        // SAFETY: no memory is passed.
        let fd = unsafe { libbpf_sys::bpf_enable_stats(libbpf_sys::BPF_STATS_RUN_TIME) };
        // SAFETY: a new descriptor of ours.
        (fd >= 0).then(|| RunTimeStatistics { _descriptor: unsafe { OwnedFd::from_raw_fd(fd) } })
    }
}

fn program_run_ns(program: i32) -> Option<u64> {
    // SAFETY: an all-zero bpf_prog_info asks for no arrays; the kernel fills at most `length` bytes.
    unsafe {
        let mut info: libbpf_sys::bpf_prog_info = std::mem::zeroed();
        let mut length = size_of_val(&info) as u32;
        let result = libbpf_sys::bpf_obj_get_info_by_fd(program, (&raw mut info).cast(), &mut length);
        (result == 0).then_some(info.run_time_ns)
    }
}

#[cfg(test)]
mod counting;

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::kernel::record::{StackHead, FRAME_OBJECT_SHIFT, FRAME_RULE_SHIFT, LOSS_NESTED, NO_OBJECT};
    use crate::spaces::processes::Processes;

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

    fn loaded_engine() -> Option<(Engine, Access)> {
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
        Some((Engine::of(object, open_events(&SETTINGS).unwrap(), None).unwrap(), access))
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

    /// `busy` is the first word of struct walk. One event per CPU cannot interrupt itself, so the test pretends.
    fn pretend_to_be_at_work(engine: &Engine) {
        let walks = map_handle(&engine.object, "walks").unwrap();
        let mut walk = vec![0; walks.value_size() as usize];
        walk[0] = 1;
        let everywhere = vec![walk; libbpf_rs::num_possible_cpus().unwrap()];
        walks.update_percpu(&0u32.to_le_bytes(), &everywhere, MapFlags::ANY).unwrap();
    }

    #[test]
    fn the_repetitions_of_every_stack_are_read_however_many_there_are() {
        let Some((engine, _)) = loaded_engine() else { return };
        let stacks = 60_000_u64; // enough of them share a bucket
        for number in 1..=stacks {
            let key: Vec<u8> = [number, !number].iter().flat_map(|word| word.to_le_bytes()).collect();
            engine.counts.update(&key, &number.to_le_bytes(), MapFlags::ANY).unwrap();
        }
        let all = engine.repetitions();
        let counts = all.chunks_exact(24).map(|entry| u64::from_le_bytes(entry[16..].try_into().unwrap()));
        assert_eq!(counts.sum::<u64>(), stacks * (stacks + 1) / 2);
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
    fn a_sample_inside_another_is_counted_as_nested() {
        let Some((engine, _)) = loaded_engine() else { return };
        pretend_to_be_at_work(&engine);
        engine.observe(&Target::of(1, std::process::id())).unwrap();
        sample_ourselves(&engine);
        let counters = engine.counters();
        assert!(counters.fired > 20, "{} fired", counters.fired);
        assert_eq!(counters.lost[LOSS_NESTED], counters.fired);
        assert!(engine.take_records().unwrap().is_empty());
    }
    /// Frames of files, by their CFI, in what waits in the ring.
    fn take_cfi_frames(engine: &Engine) -> usize {
        let records = engine.take_records().unwrap();
        let mut rest = records.as_slice();
        let mut count = 0;
        while let Some((length, tail)) = rest.split_at_checked(4) {
            let (record, tail) = tail.split_at(u32::from_le_bytes(length.try_into().unwrap()) as usize);
            let head: StackHead = read_from(record).unwrap();
            let frames = record[size_of::<StackHead>()..].chunks_exact(8).take(head.user_frames.into());
            let words = frames.map(|word| u64::from_le_bytes(word.try_into().unwrap()));
            let is_cfi = |word: &u64| word >> FRAME_RULE_SHIFT & 7 == 0 && word >> FRAME_OBJECT_SHIFT != 0;
            count += words.filter(is_cfi).count();
            rest = tail;
        }
        count
    }

    #[test]
    fn a_space_that_leads_to_a_table_that_is_gone_gets_no_rules() {
        let Some((mut engine, access)) = loaded_engine() else { return };
        let mut processes = Processes::new(&mut engine, Rc::new(access));
        engine.observe(&Target::of(1, std::process::id())).unwrap();
        processes.add(&mut engine, &Target::of(1, std::process::id()), &mut |_| Ok(())).unwrap();
        sample_ourselves(&engine);
        assert!(take_cfi_frames(&engine) > 20);
        for slot in processes.objects.since(0).iter().filter_map(|object| processes.objects.slot(object.id)) {
            slot.name_owner(&mut engine.tables, NO_OBJECT);
        }
        engine.observe(&Target::of(2, std::process::id())).unwrap(); // another root: known stacks are not sent again
        sample_ourselves(&engine);
        assert_eq!(take_cfi_frames(&engine), 0);
    }
}
