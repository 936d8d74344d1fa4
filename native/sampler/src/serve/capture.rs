//! One run: the client's requests, the kernel's news and records, and what goes back.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use crate::failure::{json_text, Failure, Outcome};
use crate::kernel::clock::{monotonic_ns, own_cpu_ns, own_private_bytes, stolen_ns};
use crate::kernel::engine::Engine;
use crate::kernel::perf_events::{cpu_clock_period_ns, SamplingEvent};
use crate::kernel::record::{
    bytes_of, read_from, Check, Counters, Snapshot, StackHead, LOSS_NAMES, RECORD_CHECK, RECORD_SNAPSHOT,
};
use crate::kernel::run_time_statistics::RunTimeStatistics;
use crate::kernel::running_times::running_times;
use crate::kernel::sampling_events::SamplingEvents;
use crate::kernel::settings::Settings;
use crate::kernel::side_band::SideBand;
use crate::rights::access::Access;
use crate::rights::capabilities::{spend, OPEN_EVENTS};
use crate::rights::pidfd::has_ended;
use crate::serve::checkpoint::Checkpoints;
use crate::serve::protocol::*;
use crate::serve::requests::{parse_add, AddRequest};
use crate::serve::wire::Wire;
use crate::spaces::jit_dumps::JitDump;
use crate::spaces::maps_file::is_gone;
use crate::spaces::process_code::ProcessCode;
use crate::spaces::processes::Processes;
use crate::tables::file_state::FileState;
use crate::tables::object::Object;
use crate::tables::objects::Objects;
use crate::unwind::unwinding_check::{Means, UnwindingCheck};
use crate::unwind::walk::{as_snapshot_frame, unwind, Surroundings, Walked};

/// How often waiting stacks are fetched when nothing asks for it earlier.
const TICK_MS: i32 = 100;
/// Pids of processes that go on, in TOTALS.
const MAX_NAMED: usize = 16;
/// Batches of stacks stay below this; the client refuses frames of 64 MiB.
const BATCH_BYTES: usize = 256 << 10;

pub struct Session {
    wire: Wire,
    engine: Engine,
    side_band: SideBand,
    access: Rc<Access>,
    processes: Processes,
    awaited: Vec<(u32, File)>,
    outgoing: Vec<u8>,
    objects_sent: u32,
    settings: Settings,
    check: UnwindingCheck,
    is_sampling: bool,
    peak_private_bytes: u64,
    ticked_ns: u64,
    load_cpu_ns: u64,
    enabled_ns: u64,
    first_sample_ns: u64,
    throttled: u64,
    /// When sampling began.
    stolen_base_ns: u64,
    checkpoints: Checkpoints,
    /// On the user's share of the machine.
    _claim: Option<OwnedFd>,
}

#[derive(PartialEq)]
enum Next {
    GoOn,
    Stop,
    ClientGone,
}

impl Session {
    pub fn start(
        mut wire: Wire,
        settings: &Settings,
        access: Access,
        statistics: Option<RunTimeStatistics>,
    ) -> Outcome<Session> {
        let begin_ns = monotonic_ns();
        let claim = access.bounds.map(|bounds| access.with_own_rights(|| bounds.claim(settings.need()))).transpose()?;
        let open = || Ok((SideBand::open()?, SamplingEvents::open(settings)?));
        let (side_band, events) = spend(OPEN_EVENTS, open)?;
        let mut engine = Engine::load(settings, events, &access, statistics)?;
        let access = Rc::new(access);
        let loaded_ns = monotonic_ns() - begin_ns;
        send(&mut wire, MESSAGE_STARTED, format!("{{\"loadNs\":{loaded_ns}}}").as_bytes())?;
        if access.has_kernel_frames {
            crate::serve::kernel_symbols::send(&mut wire)
                .map_err(|error| Failure::from_io("client", "write to the client", &error))?;
        }
        Ok(Session {
            processes: Processes::new(&mut engine, Rc::clone(&access)),
            access,
            wire,
            engine,
            side_band,
            awaited: Vec::new(),
            outgoing: Vec::new(),
            objects_sent: 0,
            settings: *settings,
            check: UnwindingCheck::default(),
            is_sampling: false,
            peak_private_bytes: own_private_bytes(),
            ticked_ns: 0,
            load_cpu_ns: 0,
            enabled_ns: 0,
            first_sample_ns: 0,
            throttled: 0,
            stolen_base_ns: 0,
            checkpoints: Checkpoints::new(),
            _claim: claim,
        })
    }

    /// Until the client asks to stop, or goes.
    pub fn run(mut self) -> Outcome<()> {
        loop {
            let ready = self.wait()?;
            self.collect()?;
            self.tick()?;
            self.checkpoint()?;
            self.report_ends(&ready)?;
            if ready.contains(&self.wire.as_raw_fd()) {
                match self.answer()? {
                    Next::GoOn => {}
                    Next::Stop => return self.finish(),
                    Next::ClientGone => return Err(Failure::new("client", "the client went away")),
                }
            }
        }
    }

    /// Ten times a second, and when a file was written: reading /proc at every wake-up would be half of our own cost.
    fn tick(&mut self) -> Outcome<()> {
        self.processes.compare_again(&mut self.engine)?;
        let now_ns = monotonic_ns();
        let is_due = now_ns - self.ticked_ns >= TICK_MS as u64 * 1_000_000;
        if !is_due && !self.processes.objects.watch.take_news() {
            return Ok(());
        }
        self.ticked_ns = now_ns;
        self.peak_private_bytes = self.peak_private_bytes.max(own_private_bytes());
        let (wire, sent) = (&mut self.wire, &mut self.objects_sent);
        self.processes.map_rewritten(&mut self.engine, &mut |objects| send_objects(wire, sent, objects))
    }

    /// Descriptors that have something to say, after a tick at the latest.
    fn wait(&self) -> Outcome<Vec<i32>> {
        let mut descriptors = vec![self.wire.as_raw_fd(), self.engine.ring_descriptor()];
        descriptors.extend(self.side_band.descriptors());
        descriptors.extend(self.processes.objects.watch.descriptor());
        descriptors.extend(self.awaited.iter().map(|(_, process)| process.as_raw_fd()));
        let mut polls: Vec<libc::pollfd> =
            descriptors.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
        let timeout_ms = if self.side_band.has_waiting() { 0 } else { self.until_next_work_ms() };
        // SAFETY: the array is valid for its length.
        let result = unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as _, timeout_ms) };
        let error = io::Error::last_os_error();
        if result < 0 && error.kind() != io::ErrorKind::Interrupted {
            return Err(Failure::from_io("internal", "wait for events", &error));
        }
        let has_news = |poll: &&libc::pollfd| result > 0 && poll.revents != 0;
        Ok(polls.iter().filter(has_news).map(|poll| poll.fd).collect())
    }

    fn until_next_work_ms(&self) -> i32 {
        let Some(due_ns) = self.processes.next_comparison_ns() else { return TICK_MS };
        let until_ms = due_ns.saturating_sub(monotonic_ns()).div_ceil(1_000_000);
        i32::try_from(until_ms).unwrap_or(TICK_MS).min(TICK_MS)
    }

    /// Records first, then the news: a record's mappings were announced before the record was made.
    fn collect(&mut self) -> Outcome<()> {
        let records = self.engine.take_records()?;
        let news = self.side_band.take();
        let (wire, sent) = (&mut self.wire, &mut self.objects_sent);
        self.processes.apply(&mut self.engine, news, &mut |objects| send_objects(wire, sent, objects))?;
        self.forward(&records)?;
        self.report_problems()
    }

    fn forward(&mut self, records: &[u8]) -> Outcome<()> {
        self.send_objects()?;
        let mut rest = records;
        while let Some((length, tail)) = rest.split_at_checked(4) {
            let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
            let Some((record, tail)) = tail.split_at_checked(length) else { break };
            self.forward_one(record);
            rest = tail;
            if self.outgoing.len() >= BATCH_BYTES {
                self.send_outgoing()?;
            }
        }
        self.send_outgoing()
    }

    fn forward_one(&mut self, record: &[u8]) {
        let Some(head) = read_from::<StackHead>(record) else { return };
        if self.first_sample_ns == 0 {
            self.first_sample_ns = head.time_ns;
        }
        match head.kind {
            RECORD_SNAPSHOT => read_from(record).iter().for_each(|snapshot| self.forward_snapshot(snapshot)),
            RECORD_CHECK => read_from(record).iter().for_each(|check| self.check_unwinding(check)),
            _ => self.forward_stack(&head, record),
        }
    }

    fn check_unwinding(&mut self, check: &Check) {
        let (engine, objects, access) = (&self.engine, &self.processes.objects, &*self.access);
        let changed_ns = self.processes.changed_ns();
        let means = Means { engine, objects, access, limits: self.settings.limits(), changed_ns };
        let found = self.check.examine(check, &means);
        found.into_iter().for_each(|(code, text)| self.processes.objects.problems.add(code, text));
    }

    fn forward_stack(&mut self, head: &StackHead, record: &[u8]) {
        let kernel = record.len() - 8 * usize::from(head.kernel_frames);
        self.outgoing.extend_from_slice(&record[..kernel]);
        append_kernel_frames(&mut self.outgoing, words(&record[kernel..]));
    }

    fn forward_snapshot(&mut self, snapshot: &Snapshot) {
        let process = self.processes.get(snapshot.head.pid);
        let current = process.filter(|process| process.generation == snapshot.generation);
        let mappings = current.map_or(&[][..], |process| &process.mappings);
        let (access, objects, pid) = (&*self.access, &self.processes.objects, snapshot.head.pid);
        let code = ProcessCode { access, objects, mappings, pid };
        let read_code = |address| code.eight_at(address);
        let around = Surroundings { mappings, tables: &self.engine.tables, read_code: &read_code };
        let Walked { frames, outcome } = unwind(snapshot, around, self.settings.limits());
        let kernel = &snapshot.kernel[..usize::from(snapshot.head.kernel_frames).min(snapshot.kernel.len())];
        let head = StackHead { kind: 0, outcome, user_frames: frames.len() as u16, key: [0; 2], ..snapshot.head };
        self.outgoing.extend_from_slice(bytes_of(&head));
        for frame in frames {
            self.outgoing.extend_from_slice(&as_snapshot_frame(frame).to_le_bytes());
        }
        append_kernel_frames(&mut self.outgoing, kernel.iter().copied());
    }

    fn send_outgoing(&mut self) -> Outcome<()> {
        if self.outgoing.is_empty() {
            return Ok(());
        }
        send(&mut self.wire, MESSAGE_STACKS, &self.outgoing)?;
        self.outgoing.clear();
        Ok(())
    }

    fn send_objects(&mut self) -> Outcome<()> {
        for dump in self.processes.jit_dumps.take() {
            self.send_jit_dump(&dump)?;
        }
        send_objects(&mut self.wire, &mut self.objects_sent, &mut self.processes.objects)
    }

    fn send_jit_dump(&mut self, dump: &JitDump) -> Outcome<()> {
        let flags = if dump.file.is_some() { JIT_DUMP_HAS_DESCRIPTOR } else { 0 };
        let mut payload = [dump.pid.to_le_bytes(), flags.to_le_bytes()].concat();
        payload.extend_from_slice(&dump.inode.to_le_bytes());
        payload.extend_from_slice(&dump.path);
        let written = match &dump.file {
            Some(file) => self.wire.send_with_descriptor(MESSAGE_JIT_DUMP, &payload, file.as_fd()),
            None => self.wire.send(MESSAGE_JIT_DUMP, &payload),
        };
        written.map_err(|error| Failure::from_io("client", "write to the client", &error))
    }

    fn report_problems(&mut self) -> Outcome<()> {
        let problems = self.processes.objects.problems.take();
        self.send_problems(problems)
    }

    fn send_problems(&mut self, problems: Vec<(&'static str, String)>) -> Outcome<()> {
        for (code, message) in problems {
            let json = format!("{{\"code\":\"{code}\",\"message\":{}}}", json_text(&message));
            send(&mut self.wire, MESSAGE_PROBLEM, json.as_bytes())?;
        }
        Ok(())
    }

    fn report_ends(&mut self, ready: &[i32]) -> Outcome<()> {
        let mut ended = Vec::new();
        self.awaited.retain(|(pid, process)| {
            let has_ended = ready.contains(&process.as_raw_fd());
            if has_ended {
                ended.push(*pid);
            }
            !has_ended
        });
        for pid in ended {
            let end = self.engine.take_end(pid);
            let mut payload = pid.to_le_bytes().to_vec();
            payload.extend_from_slice(&end.map_or(-1, |end| end.wait_status).to_le_bytes());
            payload.extend_from_slice(&end.map_or_else(monotonic_ns, |end| end.time_ns).to_le_bytes());
            send(&mut self.wire, MESSAGE_EXIT, &payload)?;
        }
        Ok(())
    }

    fn answer(&mut self) -> Outcome<Next> {
        let received =
            self.wire.receive().map_err(|error| Failure::from_io("client", "read from the client", &error))?;
        let Some((kind, payload)) = received else { return Ok(Next::ClientGone) };
        match kind {
            MESSAGE_ADD => self.add(&parse_add(&payload)?)?,
            MESSAGE_STOP => return Ok(Next::Stop),
            other => return Err(Failure::new("protocol", format!("unknown request {other}"))),
        }
        Ok(Next::GoOn)
    }

    fn add(&mut self, request: &AddRequest) -> Outcome<()> {
        let added = self.observe(request);
        self.send_objects()?;
        self.report_problems()?;
        let (errno, text) = match &added {
            Ok(()) => (0, String::new()),
            Err(error) => (error.raw_os_error().unwrap_or(libc::EIO), error.to_string()),
        };
        let mut answer = request.id.to_le_bytes().to_vec();
        answer.extend_from_slice(&errno.to_le_bytes());
        answer.extend_from_slice(text.as_bytes());
        send(&mut self.wire, MESSAGE_ADDED, &answer)?;
        if self.load_cpu_ns == 0 {
            self.load_cpu_ns = own_cpu_ns();
        }
        Ok(())
    }

    /// Loads the tables of the files first: when the kernel begins to sample the process, it can unwind it.
    fn observe(&mut self, request: &AddRequest) -> io::Result<()> {
        let pid = request.target.pid;
        let process = self.access.authorize(pid)?;
        if !request.target.is_awaited && self.engine.is_observed(pid) {
            return Ok(());
        }
        self.side_band.enable()?;
        for path in request.paths() {
            let path = Path::new(OsStr::from_bytes(path));
            let _ = self.processes.load_path(&mut self.engine, path);
        }
        for (tid, runtime_ns) in running_times(pid) {
            self.engine.set_runtime_base(tid, runtime_ns).map_err(to_io)?;
        }
        self.engine.observe(&request.target).map_err(to_io)?;
        if has_ended(&process) {
            self.engine.forget(pid).map_err(to_io)?; // whoever has its pid now was not asked for
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        let (wire, sent) = (&mut self.wire, &mut self.objects_sent);
        let mut send_loaded = |objects: &mut Objects| send_objects(wire, sent, objects);
        self.processes.add(&mut self.engine, &request.target, &mut send_loaded).map_err(to_io)?;
        if request.target.is_awaited {
            self.awaited.push((pid, process));
        }
        if !self.is_sampling {
            self.is_sampling = true;
            self.checkpoints = Checkpoints::new();
            self.enabled_ns = monotonic_ns();
            self.stolen_base_ns = stolen_ns();
            self.engine.set_sampling(true).map_err(to_io)?;
        }
        Ok(())
    }

    /// What is known so far, should this process be killed.
    fn checkpoint(&mut self) -> Outcome<()> {
        if !self.is_sampling || !self.checkpoints.is_due() {
            return Ok(());
        }
        let begin = Instant::now();
        self.send_counts()?;
        self.checkpoints.note_taken(begin);
        Ok(())
    }

    fn finish(mut self) -> Outcome<()> {
        self.engine.set_sampling(false)?;
        self.collect()?;
        let rest = self.processes.objects.problems.take_rest();
        self.send_problems(rest)?;
        self.send_counts()?;
        send(&mut self.wire, MESSAGE_DONE, &[])
    }

    fn send_counts(&mut self) -> Outcome<()> {
        let news = self.checkpoints.news(&self.engine.repetitions());
        for batch in news.chunks(24 * 8192) {
            send(&mut self.wire, MESSAGE_COUNTS, batch)?;
        }
        let totals = self.totals();
        send(&mut self.wire, MESSAGE_TOTALS, totals.as_bytes())
    }

    fn totals(&mut self) -> String {
        self.throttled += self.engine.throttled();
        let counters = self.engine.counters();
        let lost: Vec<String> =
            LOSS_NAMES.iter().zip(counters.lost).map(|(name, count)| format!("\"{name}\":{count}")).collect();
        let still_running: Vec<u32> = self.processes.living().filter(|pid| !is_gone(*pid)).collect();
        let living_cpu_ns: u64 = self
            .processes
            .living()
            .flat_map(running_times)
            .map(|(tid, ns)| ns.saturating_sub(self.engine.runtime_base(tid)))
            .sum();
        let run_ns = self.engine.program_run_ns();
        let timed_ns = (counters.timed_ns * counters.fired).checked_div(counters.timed_hits).unwrap_or(0);
        let fields = [
            ("fired", counters.fired),
            ("snapshots", counters.snapshots),
            ("snapshotsOverBudget", counters.snapshots_over_budget),
            ("targetCpuNs", counters.exited_cpu_ns + living_cpu_ns),
            ("samplerCpuNs", own_cpu_ns().saturating_sub(self.load_cpu_ns)),
            ("samplerLoadCpuNs", self.load_cpu_ns),
            ("bpfRunNs", run_ns.unwrap_or(timed_ns)),
            ("samplerPeakRssBytes", self.peak_private_bytes.max(own_private_bytes())),
            ("tableBytes", self.processes.objects.room.peak_bytes()),
            ("tablesEvicted", self.processes.objects.room.evicted),
            ("tablesRefused", self.processes.objects.room.refused),
            ("tablesNs", self.processes.objects.tables_ns),
            ("stillRunning", still_running.len() as u64),
            ("throttled", self.throttled),
            ("skippedTicks", skipped_ticks(&self.settings, &counters)),
            ("stolenNs", stolen_ns().saturating_sub(self.stolen_base_ns)),
            ("foreignExecs", counters.foreign_execs),
            ("foreignSamples", counters.foreign_samples),
            ("maxProcesses", self.engine.max_processes().into()),
            ("attachToFirstSampleNs", self.first_sample_ns.saturating_sub(self.enabled_ns)),
        ];
        let fields = fields.into_iter().chain(full_maps(&counters));
        let fields: Vec<String> = fields.map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let source = if run_ns.is_some() { "kernel" } else { "sampled" };
        let check = self.settings.checks_unwinding.then(|| self.check.totals(counters.checks_lost)).unwrap_or_default();
        let named: Vec<String> = still_running.iter().take(MAX_NAMED).map(u32::to_string).collect();
        let (fields, lost, named) = (fields.join(","), lost.join(","), named.join(","));
        format!("{{{fields},\"stillRunningPids\":[{named}],\"costSource\":\"{source}\",{check}\"lost\":{{{lost}}}}}")
    }
}

/// What found no room in a map of the kernel's, in TOTALS.
fn full_maps(counters: &Counters) -> [(&'static str, u64); 5] {
    [
        ("startersFull", counters.starters_full),
        ("processesFull", counters.processes_full),
        ("spacesFull", counters.spaces_full),
        ("endsFull", counters.ends_full),
        ("runtimeBasesFull", counters.runtime_bases_full),
    ]
}

/// Of those that were due while an observed task kept its CPU. The kernel lets a timer that comes late skip what it has
/// missed, and says so to nobody. Its samples of `cycles` are due when it thinks so.
fn skipped_ticks(settings: &Settings, counters: &Counters) -> u64 {
    match settings.event {
        SamplingEvent::CpuClock => {
            (counters.stint_ns / cpu_clock_period_ns(settings.frequency_hz)).saturating_sub(counters.stint_samples)
        }
        SamplingEvent::Cycles => 0,
    }
}

fn send(wire: &mut Wire, kind: u16, payload: &[u8]) -> Outcome<()> {
    wire.send(kind, payload).map_err(|error| Failure::from_io("client", "write to the client", &error))
}

/// What was loaded since the last call.
fn send_objects(wire: &mut Wire, sent: &mut u32, objects: &mut Objects) -> Outcome<()> {
    while let Some(object) = objects.get(*sent + 1) {
        let id = object.id;
        let payload = object_payload(object);
        let written = match object.descriptor() {
            Some(file) => wire.send_with_descriptor(MESSAGE_OBJECT, &payload, file),
            None => wire.send(MESSAGE_OBJECT, &payload),
        };
        written.map_err(|error| Failure::from_io("client", "write to the client", &error))?;
        objects.settle(id);
        *sent = id;
    }
    Ok(())
}

fn object_payload(object: &Object) -> Vec<u8> {
    let flags = [
        (object.is_vdso, OBJECT_IS_VDSO),
        (object.descriptor().is_some(), OBJECT_HAS_DESCRIPTOR),
        (object.is_copied(), OBJECT_IS_COPY),
        (object.is_replaced, OBJECT_IS_REPLACED),
    ];
    let flags = flags.iter().filter(|(is_set, _)| *is_set).fold(0, |flags, (_, flag)| flags | flag);
    let FileState { device, inode, size, modified_ns, changed_ns } = object.state.unwrap_or_default();
    let mut payload = Vec::new();
    for word in [object.id, object.path.len() as u32, object.build_id.len() as u32, flags] {
        payload.extend_from_slice(&word.to_le_bytes());
    }
    for word in [device, inode, size, modified_ns as u64, changed_ns as u64] {
        payload.extend_from_slice(&word.to_le_bytes());
    }
    payload.extend_from_slice(&object.path);
    payload.extend_from_slice(&object.build_id);
    payload
}

fn to_io(failure: Failure) -> io::Error {
    io::Error::other(failure.message)
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes([word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7]]))
}

/// Callers are return addresses: one byte back they lie inside the call.
fn append_kernel_frames(outgoing: &mut Vec<u8>, frames: impl Iterator<Item = u64>) {
    for (index, address) in frames.enumerate() {
        let address = address.wrapping_sub(u64::from(index > 0));
        outgoing.extend_from_slice(&address.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::engine::tests::{access_of_root, set_counters, SETTINGS};
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    #[test]
    fn what_the_bpf_programs_count_is_in_the_totals() {
        let Some(access) = access_of_root() else { return };
        let (mut client, sampler) = UnixStream::pair().unwrap();
        let hearing = std::thread::spawn(move || client.read_to_end(&mut Vec::new()));
        let mut session = Session::start(Wire::new(sampler), &SETTINGS, access, None).unwrap();
        let lost = std::array::from_fn(|index| 101 + index as u64);
        let counters = Counters {
            fired: 1,
            lost,
            snapshots: 2,
            snapshots_over_budget: 3,
            exited_cpu_ns: 4,
            starters_full: 5,
            processes_full: 6,
            spaces_full: 7,
            ends_full: 8,
            runtime_bases_full: 9,
            foreign_execs: 10,
            foreign_samples: 11,
            ..Counters::default()
        };
        set_counters(&session.engine, &counters);
        let totals = session.totals();
        let expected = "fired:1 snapshots:2 snapshotsOverBudget:3 targetCpuNs:4 startersFull:5 processesFull:6 \
                        spacesFull:7 endsFull:8 runtimeBasesFull:9 foreignExecs:10 foreignSamples:11 \
                        maxProcesses:16384 ringbufFull:101 nested:102";
        for field in expected.split_whitespace() {
            let (name, value) = field.split_once(':').unwrap();
            let is_in = |end: &str| totals.contains(&format!("\"{name}\":{value}{end}"));
            assert!(is_in(",") || is_in("}"), "{field} is not in {totals}");
        }
        drop(session);
        hearing.join().unwrap().unwrap();
    }
}
