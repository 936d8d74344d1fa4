//! Nothing is lost in silence: each counter of the BPF programs, made to count by what it counts.

use std::io::Write;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use super::tests::{burn_cpu, engine_with, sample_ourselves};
use super::*;
use crate::kernel::clock::monotonic_ns;
use crate::kernel::perf::side_band::{Item, News};
use crate::kernel::record::{Config, LOSS_RINGBUF_FULL};
use crate::spaces::processes::Processes;

/// A map of one entry, which is taken, may still give one for each CPU in some kernel: tests ask for more.
const FORKED: u64 = 8;
const FORK_EIGHT: &str = "for n in 1 2 3 4 5 6 7 8; do true & done; wait; exit 3";
/// Nobody's pid, to take up room.
const OCCUPANT: u32 = u32::MAX;
const SECOND: Duration = Duration::from_secs(1);

/// A shell that does nothing before it is let go.
struct Shell(Child);

impl Shell {
    fn holding(script: &str) -> Shell {
        let command = format!("read go; {script}");
        let shell = Command::new("sh").args(["-c", &command]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        Shell(shell.unwrap())
    }

    fn observed(script: &str, engine: &Engine) -> Shell {
        let shell = Shell::holding(script);
        engine.observe(&Target::of(1, shell.pid())).unwrap();
        shell
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn let_go(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    fn run(mut self) -> ExitStatus {
        self.let_go();
        self.0.wait().unwrap()
    }
}

fn wait_until(what: &str, is_true: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_true() {
        assert!(begin.elapsed() < 20 * SECOND, "{what}: not in 20 seconds");
        thread::sleep(SECOND / 200);
    }
}

#[test]
fn forked_processes_that_find_no_room_are_not_observed() {
    let Some((engine, _)) = engine_with(&[("processes", 1)], |_| {}) else { return };
    let shell = Shell::observed(FORK_EIGHT, &engine);
    assert!(engine
        .observe(&Target::of(2, std::process::id()))
        .unwrap_err()
        .to_string()
        .contains("processes: it is full"));
    shell.run();
    let Counters { processes_full, spaces_full, .. } = engine.counters();
    assert!((1..=FORKED).contains(&processes_full), "{processes_full} of {FORKED}");
    assert_eq!(spaces_full, 0);
}

#[test]
fn forked_processes_whose_mappings_find_no_room_are_counted() {
    let Some((engine, _)) = engine_with(&[("spaces", 1)], |_| {}) else { return };
    let shell = Shell::observed(FORK_EIGHT, &engine);
    assert!(engine.publish_space(shell.pid(), &Space::default()).unwrap());
    shell.run();
    let Counters { processes_full, spaces_full, .. } = engine.counters();
    assert!((1..=FORKED).contains(&spaces_full), "{spaces_full} of {FORKED}");
    assert_eq!(processes_full, 0);
}

#[test]
fn an_end_that_finds_no_room_is_counted_and_the_others_are_told() {
    let Some((engine, _)) = engine_with(&[("ends", 1)], |_| {}) else { return };
    let shells: Vec<Shell> = (0..FORKED).map(|_| Shell::observed("exit 3", &engine)).collect();
    let pids: Vec<u32> = shells.iter().map(Shell::pid).collect();
    for shell in shells {
        shell.run();
    }
    let ends: Vec<ProcessEnd> = pids.iter().filter_map(|pid| engine.take_end(*pid)).collect();
    let lost = engine.counters().ends_full;
    assert!((1..FORKED).contains(&lost), "{lost} of {FORKED}");
    assert_eq!(ends.len() as u64 + lost, FORKED);
    assert!(ends.iter().all(|end| end.wait_status == 3 << 8));
}

#[test]
fn ends_that_nobody_waits_for_take_no_room_and_an_end_that_was_told_makes_room() {
    let Some((engine, _)) = engine_with(&[("ends", 1)], |_| {}) else { return };
    for _ in 0..FORKED {
        let shell = Shell::observed(FORK_EIGHT, &engine);
        let pid = shell.pid();
        shell.run();
        assert_eq!(engine.take_end(pid).map(|end| end.wait_status), Some(3 << 8));
        assert!(engine.take_end(pid).is_none());
    }
    assert_eq!(engine.counters().ends_full, 0);
}

#[test]
fn cpu_time_that_finds_no_room_at_an_exit_is_counted() {
    let Some((engine, _)) = engine_with(&[("runtime_bases", 1)], |_| {}) else { return };
    let shell = Shell::observed(FORK_EIGHT, &engine);
    engine.set_runtime_base(OCCUPANT, 0).unwrap();
    shell.run();
    let Counters { runtime_bases_full, exited_cpu_ns, .. } = engine.counters();
    assert!((1..=FORKED + 1).contains(&runtime_bases_full), "{runtime_bases_full} of {FORKED} and the shell");
    assert!(exited_cpu_ns > 0);
}

#[test]
fn cpu_time_that_finds_no_room_when_a_held_process_is_released_is_counted() {
    let Some((engine, _)) = engine_with(&[("runtime_bases", 1)], |_| {}) else { return };
    engine.set_runtime_base(OCCUPANT, 0).unwrap();
    let mut shell = Shell::holding("exec cat");
    let mut request = Target::of(1, shell.pid());
    request.is_held = true;
    engine.observe(&request).unwrap();
    assert_eq!(engine.counters().runtime_bases_full, 0);
    shell.let_go();
    wait_until("the exec", || engine.counters().runtime_bases_full == 1);
    drop(shell.0.stdin.take());
    shell.0.wait().unwrap();
}

#[test]
fn tasks_whose_starter_finds_no_room_are_counted() {
    let Some((engine, _)) = engine_with(&[("starters", 1)], |_| {}) else { return };
    engine.observe(&Target::of(1, std::process::id())).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| (0..FORKED).for_each(|_| drop(thread::spawn(|| thread::sleep(SECOND / 10)))));
    });
    assert!(engine.counters().starters_full > 0);
}

#[test]
fn snapshots_beyond_what_the_sampler_takes_are_counted_and_no_loss() {
    let Some((engine, _)) = engine_with(&[], |_| {}) else { return };
    engine.observe(&Target::of(1, std::process::id())).unwrap(); // without a space: every sample asks for a snapshot
    sample_ourselves(&engine);
    let Counters { snapshots, snapshots_over_budget, lost, fired, .. } = engine.counters();
    assert!(snapshots > 0 && snapshots_over_budget > 0, "{snapshots}, and {snapshots_over_budget} too many");
    assert_eq!(snapshots + snapshots_over_budget, fired);
    assert_eq!(lost.iter().sum::<u64>(), 0);
}

#[test]
fn samples_and_checks_that_find_no_room_in_the_ring_are_counted() {
    let check: fn(&mut Config) = |config| config.checks_unwinding = 1;
    let Some((mut engine, access)) = engine_with(&[("records", 4096)], check) else { return };
    let mut processes = Processes::new(&mut engine, Rc::new(access));
    engine.observe(&Target::of(1, std::process::id())).unwrap();
    processes.add(&mut engine, &Target::of(1, std::process::id()), &mut |_| Ok(())).unwrap();
    sample_ourselves(&engine);
    (0..100).for_each(|depth| sample_at(&engine, depth));
    let Counters { lost, checks_lost, .. } = engine.counters();
    assert!(checks_lost > 0, "a check is larger than the ring");
    assert!(lost[LOSS_RINGBUF_FULL] > 0);
}

/// Stacks that differ.
fn sample_at(engine: &Engine, depth: u32) {
    match depth {
        0 => {
            engine.set_sampling(true).unwrap();
            burn_cpu(5);
            engine.set_sampling(false).unwrap();
        }
        _ => sample_at(engine, std::hint::black_box(depth - 1)),
    }
    std::hint::black_box(depth);
}

/// A caller whom nothing that runs here belongs to.
fn restrict(config: &mut Config) {
    (config.is_restricted, config.uid, config.gid) = (1, 1, 1);
}

#[test]
fn samples_of_others_are_counted_and_have_not_fired() {
    let Some((engine, _)) = engine_with(&[], restrict) else { return };
    engine.observe(&Target::of(1, std::process::id())).unwrap();
    sample_ourselves(&engine);
    let Counters { fired, foreign_samples, .. } = engine.counters();
    assert!(foreign_samples > 0 && fired == 0, "{foreign_samples} left out, {fired} fired");
}

#[test]
fn a_process_that_execs_and_is_anothers_is_left_out_and_counted() {
    let Some((engine, _)) = engine_with(&[], restrict) else { return };
    let mut shell = Shell::observed("exec cat", &engine);
    engine.set_runtime_base(shell.pid(), 0).unwrap();
    shell.let_go();
    wait_until("the exec", || engine.counters().foreign_execs == 1);
    assert!(!engine.is_observed(shell.pid()));
    assert!(get(&engine.runtime_bases, shell.pid()).is_none());
    let exited_cpu_ns = engine.counters().exited_cpu_ns;
    assert!(exited_cpu_ns > 0, "what it has used until then counts");
    drop(shell.0.stdin.take());
    shell.0.wait().unwrap();
}

#[test]
fn the_programs_time_themselves_and_the_stints_between_samples() {
    let Some((engine, _)) = engine_with(&[], |config| config.times_itself = 1) else { return };
    engine.observe(&Target::of(1, std::process::id())).unwrap();
    sample_ourselves(&engine);
    let Counters { timed_ns, timed_hits, stint_ns, stint_samples, .. } = engine.counters();
    assert!(timed_hits > 0 && timed_ns > 0, "{timed_hits} hits in {timed_ns} ns");
    assert!(stint_samples > 0 && stint_ns > 0, "{stint_samples} samples in {stint_ns} ns");
}

fn problems_of(processes: &mut Processes) -> Vec<&'static str> {
    processes.objects.problems.take().into_iter().map(|problem| problem.code()).collect()
}

#[test]
fn mappings_that_cannot_be_published_are_a_problem_and_end_no_run() {
    let Some((mut engine, access)) = engine_with(&[("spaces", 1)], |_| {}) else { return };
    let mut processes = Processes::new(&mut engine, Rc::new(access));
    let shells: Vec<Shell> = (0..FORKED).map(|_| Shell::observed("true", &engine)).collect();
    for shell in &shells {
        processes.add(&mut engine, &Target::of(1, shell.pid()), &mut |_| Ok(())).unwrap();
    }
    assert!(problems_of(&mut processes).contains(&"too-many-processes"));
    for shell in shells {
        shell.run();
    }
}

#[test]
fn mappings_that_were_published_after_the_end_of_a_process_leave_no_trace() {
    let Some((mut engine, access)) = engine_with(&[], |_| {}) else { return };
    let mut processes = Processes::new(&mut engine, Rc::new(access));
    let shell = Shell::observed("true", &engine);
    let pid = shell.pid();
    processes.add(&mut engine, &Target::of(1, pid), &mut |_| Ok(())).unwrap();
    shell.run();
    wait_until("the kernel frees the process", || !engine.is_observed(pid));
    assert!(engine.publish_space(pid, &Space::default()).unwrap()); // the news of a mapping came before that of the end
    let ended = Item { time_ns: monotonic_ns(), pid, news: News::Ended };
    processes.apply(&mut engine, vec![ended], &mut |_| Ok(())).unwrap();
    assert!(get(&engine.spaces, pid).is_none());
}

/// A process whose first thread ends at once, and whose second one a little later.
fn fork_leaderless() -> libc::pid_t {
    // SAFETY: the child calls nothing of ours but a thread that sleeps.
    unsafe {
        let pid = libc::fork();
        if pid == 0 {
            thread::spawn(|| {
                thread::sleep(SECOND / 2);
                libc::_exit(0)
            });
            libc::syscall(libc::SYS_exit, 0);
        }
        pid
    }
}

#[test]
fn a_process_that_outlives_its_first_thread_is_forgotten_with_its_last() {
    let Some((mut engine, access)) = engine_with(&[], |_| {}) else { return };
    let mut processes = Processes::new(&mut engine, Rc::new(access));
    let child = fork_leaderless();
    let pid = child as u32;
    engine.observe(&Target::of(1, pid)).unwrap();
    processes.add(&mut engine, &Target::of(1, pid), &mut |_| Ok(())).unwrap();
    wait_until("the first thread's end", || crate::spaces::maps_file::is_gone(pid));
    let ended = Item { time_ns: monotonic_ns(), pid, news: News::Ended };
    processes.apply(&mut engine, vec![ended], &mut |_| Ok(())).unwrap();
    processes.end_leaderless(&engine).unwrap();
    assert_eq!(processes.living().collect::<Vec<_>>(), [pid]);
    // SAFETY: waits for a child of ours.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    processes.end_leaderless(&engine).unwrap();
    processes.apply(&mut engine, vec![], &mut |_| Ok(())).unwrap();
    assert!(processes.get(pid).is_none());
}
