//! TOTALS: what a capture has counted and cost so far.

use bee_wire::protocol::{Loss, Totals};

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
}

/// `counters`: those that the other numbers are to be held against.
pub fn totals(
    settings: &Settings,
    counters: &Counters,
    engine: &mut Engine,
    processes: &Processes,
    stacks: &Stacks,
    costs: &mut Costs,
) -> Totals {
    costs.throttled += engine.throttled();
    let still_running: Vec<u32> = processes.living().filter(|pid| !is_gone(*pid)).collect();
    let run_ns = engine.program_run_ns();
    Totals {
        target_cpu_ns: counters.exited_cpu_ns + living_cpu_ns(engine, processes),
        bpf_run_ns: run_ns.unwrap_or_else(|| timed_ns(counters)),
        is_kernels_cost: run_ns.is_some(),
        still_running: still_running.len() as u64,
        still_running_pids: still_running.into_iter().take(MAX_NAMED).collect(),
        skipped_ticks: skipped_ticks(settings, counters),
        max_processes: engine.max_processes().into(),
        attach_to_first_sample_ns: stacks.first_sample_ns.saturating_sub(costs.enabled_ns),
        unwinding_check: settings.checks_unwinding.then(|| stacks.check.totals(counters.checks_lost)),
        ..with_costs(costs, with_tables(processes, counted(counters)))
    }
}

fn counted(counters: &Counters) -> Totals {
    let lost = LOSS_NAMES.into_iter().zip(counters.lost);
    Totals {
        fired: counters.fired,
        lost: lost.map(|(cause, samples)| Loss { cause: cause.to_string(), samples }).collect(),
        snapshots: counters.snapshots,
        snapshots_over_budget: counters.snapshots_over_budget,
        foreign_execs: counters.foreign_execs,
        foreign_samples: counters.foreign_samples,
        // What found no room in a map of the kernel's.
        starters_full: counters.starters_full,
        processes_full: counters.processes_full,
        spaces_full: counters.spaces_full,
        ends_full: counters.ends_full,
        runtime_bases_full: counters.runtime_bases_full,
        ..Totals::default()
    }
}

fn with_tables(processes: &Processes, totals: Totals) -> Totals {
    let objects = &processes.objects;
    Totals {
        table_bytes: objects.room.peak_bytes(),
        tables_evicted: objects.room.evicted,
        tables_refused: objects.room.refused,
        tables_ns: objects.tables_ns,
        ..totals
    }
}

fn with_costs(costs: &Costs, totals: Totals) -> Totals {
    Totals {
        sampler_cpu_ns: own_cpu_ns().saturating_sub(costs.load_cpu_ns),
        sampler_load_cpu_ns: costs.load_cpu_ns,
        sampler_peak_rss_bytes: costs.peak_private_bytes.max(own_private_bytes()),
        throttled: costs.throttled,
        stolen_ns: stolen_ns().saturating_sub(costs.stolen_base_ns),
        ..totals
    }
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
