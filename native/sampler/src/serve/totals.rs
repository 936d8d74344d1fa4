//! TOTALS: what a capture has counted and cost so far.

use crate::kernel::clock::{monotonic_ns, own_cpu_ns, own_private_bytes, stolen_ns};
use crate::kernel::engine::Engine;
use crate::kernel::perf::perf_events::{cpu_clock_period_ns, SamplingEvent};
use crate::kernel::record::{Counters, LOSS_NAMES};
use crate::kernel::running_times::running_times;
use crate::kernel::settings::Settings;
use crate::serve::stacks::Stacks;
use crate::spaces::maps_file::is_gone;
use crate::spaces::processes::Processes;

/// Pids of processes that go on.
const MAX_NAMED: usize = 16;

/// What the sampler itself has to remember of a capture for its totals.
#[derive(Default)]
pub struct Costs {
    peak_private_bytes: u64,
    load_cpu_ns: u64,
    /// When sampling began.
    enabled_ns: u64,
    /// What the host had taken by then.
    stolen_base_ns: u64,
    throttled: u64,
}

impl Costs {
    pub fn note_memory(&mut self) {
        self.peak_private_bytes = self.peak_private_bytes.max(own_private_bytes());
    }

    /// The first process is observed: what comes is the cost of sampling.
    pub fn note_loaded(&mut self) {
        if self.load_cpu_ns == 0 {
            self.load_cpu_ns = own_cpu_ns();
        }
    }

    pub fn note_enabled(&mut self) {
        self.enabled_ns = monotonic_ns();
        self.stolen_base_ns = stolen_ns();
    }

    fn fields(&self) -> [(&'static str, u64); 5] {
        [
            ("samplerCpuNs", own_cpu_ns().saturating_sub(self.load_cpu_ns)),
            ("samplerLoadCpuNs", self.load_cpu_ns),
            ("samplerPeakRssBytes", self.peak_private_bytes.max(own_private_bytes())),
            ("throttled", self.throttled),
            ("stolenNs", stolen_ns().saturating_sub(self.stolen_base_ns)),
        ]
    }
}

pub fn totals(
    settings: &Settings,
    engine: &mut Engine,
    processes: &Processes,
    stacks: &Stacks,
    costs: &mut Costs,
) -> String {
    costs.throttled += engine.throttled();
    let counters = engine.counters();
    let still_running: Vec<u32> = processes.living().filter(|pid| !is_gone(*pid)).collect();
    let run_ns = engine.program_run_ns();
    let fields = [
        ("targetCpuNs", counters.exited_cpu_ns + living_cpu_ns(engine, processes)),
        ("bpfRunNs", run_ns.unwrap_or_else(|| timed_ns(&counters))),
        ("stillRunning", still_running.len() as u64),
        ("skippedTicks", skipped_ticks(settings, &counters)),
        ("maxProcesses", engine.max_processes().into()),
        ("attachToFirstSampleNs", stacks.first_sample_ns.saturating_sub(costs.enabled_ns)),
    ];
    let fields = fields.into_iter().chain(counted(&counters)).chain(full_maps(&counters));
    let fields = list(fields.chain(costs.fields()).chain(tables(processes)));
    let lost = list(LOSS_NAMES.into_iter().zip(counters.lost));
    let named: Vec<String> = still_running.iter().take(MAX_NAMED).map(u32::to_string).collect();
    let named = named.join(",");
    let source = if run_ns.is_some() { "kernel" } else { "sampled" };
    let check = settings.checks_unwinding.then(|| stacks.check.totals(counters.checks_lost)).unwrap_or_default();
    format!("{{{fields},\"stillRunningPids\":[{named}],\"costSource\":\"{source}\",{check}\"lost\":{{{lost}}}}}")
}

fn list<'a>(fields: impl Iterator<Item = (&'a str, u64)>) -> String {
    fields.map(|(name, value)| format!("\"{name}\":{value}")).collect::<Vec<_>>().join(",")
}

fn counted(counters: &Counters) -> [(&'static str, u64); 5] {
    [
        ("fired", counters.fired),
        ("snapshots", counters.snapshots),
        ("snapshotsOverBudget", counters.snapshots_over_budget),
        ("foreignExecs", counters.foreign_execs),
        ("foreignSamples", counters.foreign_samples),
    ]
}

fn tables(processes: &Processes) -> [(&'static str, u64); 4] {
    let objects = &processes.objects;
    [
        ("tableBytes", objects.room.peak_bytes()),
        ("tablesEvicted", objects.room.evicted),
        ("tablesRefused", objects.room.refused),
        ("tablesNs", objects.tables_ns),
    ]
}

/// Of threads that live, since they were observed.
fn living_cpu_ns(engine: &Engine, processes: &Processes) -> u64 {
    let running = processes.living().flat_map(running_times);
    running.map(|(tid, ns)| ns.saturating_sub(engine.runtime_base(tid))).sum()
}

/// By the hits that the BPF program has timed itself, where the kernel keeps no statistics for us.
fn timed_ns(counters: &Counters) -> u64 {
    (counters.timed_ns * counters.fired).checked_div(counters.timed_hits).unwrap_or(0)
}

/// What found no room in a map of the kernel's.
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
