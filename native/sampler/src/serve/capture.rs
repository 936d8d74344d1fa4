//! One capture: the client's requests, the kernel's news and records, and what goes back.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use bee_wire::protocol::{Tick, Totals, MESSAGE_STOP, MESSAGE_TARGET, MESSAGE_TICK};
use bee_wire::{is_optional, Record};

use crate::failure::{Failure, Outcome};
use crate::kernel::bpf::run_time_statistics::RunTimeStatistics;
use crate::kernel::clock::monotonic_ns;
use crate::kernel::engine::Engine;
use crate::kernel::perf::sampling_events::SamplingEvents;
use crate::kernel::perf::side_band::SideBand;
use crate::kernel::record::{Counters, ProcessEnd};
use crate::kernel::running_times::running_times;
use crate::kernel::settings::Settings;
use crate::kernel::target::Target;
use crate::rights::access::Access;
use crate::rights::capabilities::{spend, OPEN_EVENTS};
use crate::rights::pidfd::has_ended;
use crate::serve::awaited::Awaited;
use crate::serve::checkpoint::Checkpoints;
use crate::serve::client::Client;
use crate::serve::requests::{malformed, parse_target, AddRequest};
use crate::serve::stacks::Stacks;
use crate::serve::totals::{totals, Costs};
use crate::spaces::processes::Processes;
use crate::tables::object_need::ObjectNeed;

/// How often waiting stacks are fetched when nothing asks for it earlier.
const TICK_MS: i32 = 100;

pub struct Capture {
    settings: Settings,
    access: Rc<Access>,
    pub(super) client: Client,
    pub(super) engine: Engine,
    side_band: SideBand,
    pub(super) processes: Processes,
    pub(super) stacks: Stacks,
    awaited: Awaited,
    pub(super) objects: ObjectNeed,
    pub(super) checkpoints: Checkpoints,
    costs: Costs,
    is_sampling: bool,
    ticked_ns: u64,
    /// On the user's share of the machine.
    _claim: Option<OwnedFd>,
}

#[derive(PartialEq)]
enum Next {
    GoOn,
    Stop,
    ClientGone,
}

impl Capture {
    pub fn start(
        client: Client,
        settings: &Settings,
        access: Access,
        statistics: Option<RunTimeStatistics>,
    ) -> Outcome<Capture> {
        let begin_ns = monotonic_ns();
        let claim = access.bounds.map(|bounds| access.with_own_rights(|| bounds.claim(settings.need()))).transpose()?;
        let open = || Ok((SideBand::open()?, SamplingEvents::open(settings)?));
        let (side_band, events) = spend(OPEN_EVENTS, open)?;
        let mut engine = Engine::load(settings, events, &access, statistics)?;
        let access = Rc::new(access);
        client.send_started(monotonic_ns() - begin_ns)?;
        if access.has_kernel_frames {
            client.send_kernel_symbols()?;
        }
        let mut costs = Costs::default();
        costs.note_memory();
        Ok(Capture {
            processes: Processes::new(&mut engine, Rc::clone(&access)),
            stacks: Stacks::new(Rc::clone(&access), settings.limits()),
            settings: *settings,
            access,
            client,
            engine,
            side_band,
            awaited: Awaited::default(),
            objects: ObjectNeed::default(),
            checkpoints: Checkpoints::new(),
            costs,
            is_sampling: false,
            ticked_ns: 0,
            _claim: claim,
        })
    }

    /// Until the client asks to stop, or goes.
    pub fn run(mut self) -> Outcome<()> {
        loop {
            let ready = self.wait()?;
            self.collect()?;
            self.turn_full_epoch()?;
            self.tick()?;
            self.checkpoint()?;
            self.report_ends(&ready)?;
            if ready.contains(&self.client.as_raw_fd()) {
                match self.answer()? {
                    Next::GoOn => {}
                    Next::Stop => return self.finish(),
                    Next::ClientGone => return Err(Failure::new("client", "receive-request", "it has gone")),
                }
            }
        }
    }

    /// Descriptors that have something to say, after a tick at the latest.
    fn wait(&self) -> Outcome<Vec<i32>> {
        let mut descriptors = vec![self.client.as_raw_fd(), self.engine.ring_descriptor()];
        descriptors.extend(self.side_band.descriptors());
        descriptors.extend(self.processes.objects.watch.descriptor());
        descriptors.extend(self.awaited.descriptors());
        let mut polls: Vec<libc::pollfd> =
            descriptors.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
        let timeout_ms = if self.side_band.has_waiting() { 0 } else { self.until_next_work_ms() };
        // SAFETY: the array is valid for its length.
        let result = unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as _, timeout_ms) };
        let error = io::Error::last_os_error();
        if result < 0 && error.kind() != io::ErrorKind::Interrupted {
            return Err(Failure::from_io("internal", "wait-for-news", &error));
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
    pub(super) fn collect(&mut self) -> Outcome<()> {
        let records = self.engine.take_records()?;
        let news = self.side_band.take();
        let client = &mut self.client;
        self.processes.apply(&mut self.engine, news, &mut |objects| client.send_objects(objects))?;
        self.send_objects()?;
        self.stacks.forward(&records, &self.engine, &mut self.processes, &mut self.client)?;
        self.report_problems()
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
        self.costs.note_memory();
        self.processes.end_leaderless(&self.engine)?;
        let client = &mut self.client;
        self.processes.map_rewritten(&mut self.engine, &mut |objects| client.send_objects(objects))
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

    fn report_ends(&mut self, ready: &[i32]) -> Outcome<()> {
        for pid in self.awaited.take_ended(ready) {
            let unknown = || ProcessEnd { time_ns: monotonic_ns(), wait_status: -1, reserved: 0 };
            self.client.send_exit(pid, self.engine.take_end(pid).unwrap_or_else(unknown))?;
        }
        Ok(())
    }

    fn answer(&mut self) -> Outcome<Next> {
        let Some((kind, payload)) = self.client.receive()? else { return Ok(Next::ClientGone) };
        match kind {
            MESSAGE_TARGET => self.add(&parse_target(&payload)?)?,
            MESSAGE_TICK => self.answer_tick(&Tick::read(&payload).map_err(malformed)?)?,
            MESSAGE_STOP => return Ok(Next::Stop),
            other if is_optional(other) => {}
            other => return Err(Failure::new("protocol", "read-request", format!("request {other} is unknown"))),
        }
        Ok(Next::GoOn)
    }

    pub(super) fn add(&mut self, request: &AddRequest) -> Outcome<()> {
        let added = match &request.target {
            Some(target) => self.observe(target, request),
            None => Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP)),
        };
        self.send_objects()?;
        self.report_problems()?;
        let (errno, detail) = match &added {
            Ok(()) => (0, String::new()),
            Err(error) => match error.raw_os_error() {
                Some(errno) => (errno, String::new()),
                None => (libc::EIO, error.to_string()),
            },
        };
        self.client.send_added(request.id, errno, &detail)?;
        self.costs.note_loaded();
        Ok(())
    }

    /// Loads the tables of the files first: when the BPF program begins to sample the process, it can unwind it.
    fn observe(&mut self, target: &Target, request: &AddRequest) -> io::Result<()> {
        let Target { pid, is_awaited, .. } = *target;
        let process = self.access.authorize(pid)?;
        if !is_awaited && self.engine.is_observed(pid) {
            return Ok(());
        }
        self.side_band.enable()?;
        for path in &request.paths {
            let _ = self.processes.load_path(&mut self.engine, Path::new(path));
        }
        for (tid, runtime_ns) in running_times(pid) {
            self.engine.set_runtime_base(tid, runtime_ns).map_err(to_io)?;
        }
        self.engine.observe(target).map_err(to_io)?;
        if has_ended(&process) {
            self.engine.forget(pid).map_err(to_io)?; // whoever has its pid now was not asked for
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        let client = &mut self.client;
        let mut send_loaded = |objects: &mut _| client.send_objects(objects);
        self.processes.add(&mut self.engine, target, &mut send_loaded).map_err(to_io)?;
        if is_awaited {
            self.awaited.add(pid, process);
        }
        self.begin_sampling().map_err(to_io)
    }

    fn begin_sampling(&mut self) -> Outcome<()> {
        if self.is_sampling {
            return Ok(());
        }
        self.is_sampling = true;
        self.checkpoints = Checkpoints::new();
        self.costs.note_enabled();
        self.engine.set_sampling(true)
    }

    /// Everything up to now, and a word that it is everything.
    fn answer_tick(&mut self, tick: &Tick) -> Outcome<()> {
        self.turn_epoch()?;
        self.client.send_ticked(tick.number)
    }

    fn finish(mut self) -> Outcome<()> {
        self.engine.set_sampling(false)?;
        self.turn_epoch()?;
        let rest = self.processes.objects.problems.take_rest();
        self.client.send_problems(rest)?;
        self.client.send_done()
    }

    fn send_counts(&mut self) -> Outcome<()> {
        self.client.send_counts(&self.checkpoints.news(&self.engine.repetitions()))?;
        let totals = self.totals(&self.engine.counters());
        self.client.send_totals(&totals)
    }

    pub(super) fn totals(&mut self, counters: &Counters) -> Totals {
        totals(&self.settings, counters, &mut self.engine, &self.processes, &self.stacks, &mut self.costs)
    }

    fn send_objects(&mut self) -> Outcome<()> {
        for dump in self.processes.jit_dumps.take() {
            self.client.send_jit_dump(&dump)?;
        }
        self.client.send_objects(&mut self.processes.objects)
    }

    fn report_problems(&mut self) -> Outcome<()> {
        self.client.send_problems(self.processes.objects.problems.take())
    }
}

fn to_io(failure: Failure) -> io::Error {
    failure.plain_errno().map_or_else(|| io::Error::other(failure.to_string()), io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::engine::tests::{access_of_root, set_counters, SETTINGS};
    use bee_wire::protocol::Loss;
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    fn loss(cause: &str, samples: u64) -> Loss {
        Loss { cause: cause.to_string(), samples }
    }

    #[test]
    fn what_the_bpf_programs_count_is_in_the_totals() {
        let Some(access) = access_of_root() else { return };
        let (mut client, sampler) = UnixStream::pair().unwrap();
        let hearing = std::thread::spawn(move || client.read_to_end(&mut Vec::new()));
        let mut capture = Capture::start(Client::new(sampler), &SETTINGS, access, None).unwrap();
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
        set_counters(&capture.engine, &counters);
        let totals = capture.totals(&capture.engine.counters());
        let expected = Totals {
            fired: 1,
            lost: vec![loss("ringbufFull", 101), loss("nested", 102)],
            snapshots: 2,
            snapshots_over_budget: 3,
            target_cpu_ns: 4,
            starters_full: 5,
            processes_full: 6,
            spaces_full: 7,
            ends_full: 8,
            runtime_bases_full: 9,
            foreign_execs: 10,
            foreign_samples: 11,
            max_processes: 16384,
            ..totals.clone()
        };
        assert_eq!(totals, expected);
        drop(capture);
        hearing.join().unwrap().unwrap();
    }
}
