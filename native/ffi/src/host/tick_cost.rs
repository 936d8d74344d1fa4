//! What a tick of a sampling timer costs on this machine, whatever is done with it: 1 to 2 µs on most, ten times as much on
//! virtual machines whose host has to be asked for each.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

const FREQUENCY_HZ: u64 = 20_000;
const SLICE_NS: u64 = 4_000_000;
/// A middle one of as many is what no other process has disturbed.
const ROUNDS: usize = 5;

/// `struct perf_event_attr` in its first version (linux/perf_event.h).
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_frequency: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint_type: u32,
    config1: u64,
}

/// Takes 40 ms of CPU time. EACCES where this user may not even sample this thread.
pub fn tick_cost_ns() -> io::Result<u64> {
    let mut costs = (0..ROUNDS).map(|_| one_cost_ns()).collect::<io::Result<Vec<u64>>>()?;
    costs.sort_unstable();
    Ok(costs[ROUNDS / 2])
}

fn one_cost_ns() -> io::Result<u64> {
    let undisturbed = steps_in_slice();
    let _timer = open_timer()?;
    let lost = undisturbed.saturating_sub(steps_in_slice());
    Ok(lost * 1_000_000_000 / undisturbed.max(1) / FREQUENCY_HZ)
}

/// How far a loop comes in a slice of this thread's CPU time, to which interrupts are charged.
fn steps_in_slice() -> u64 {
    let end_ns = thread_cpu_ns() + SLICE_NS;
    let mut steps = 0;
    while thread_cpu_ns() < end_ns {
        steps += 1;
    }
    steps
}

fn thread_cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid pointer; that clock is always there.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Ticks of cpu-clock in this thread's user code, which anybody may have where kernel.perf_event_paranoid is 2.
fn open_timer() -> io::Result<OwnedFd> {
    const TYPE_SOFTWARE: u32 = 1; // and its config 0 is cpu-clock
    const FLAG_EXCLUDE_KERNEL: u64 = 1 << 5;
    const FLAG_FREQUENCY: u64 = 1 << 10;
    const CLOSE_ON_EXEC: u64 = 8;
    let attributes = Attributes {
        kind: TYPE_SOFTWARE,
        size: size_of::<Attributes>() as u32,
        sample_frequency: FREQUENCY_HZ,
        flags: FLAG_EXCLUDE_KERNEL | FLAG_FREQUENCY,
        ..Attributes::default()
    };
    // SAFETY: the structure is as large as its size field says; the result is a new descriptor of ours.
    unsafe {
        match libc::syscall(libc::SYS_perf_event_open, &attributes, 0i32, -1i32, -1i32, CLOSE_ON_EXEC) {
            fd @ 0.. => Ok(OwnedFd::from_raw_fd(fd as i32)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_costs_something_and_less_than_the_time_between_two() {
        let Ok(cost_ns) = tick_cost_ns() else { return eprintln!("skipped: perf events are not for this user") };
        assert!((100..50_000).contains(&cost_ns), "{cost_ns} ns");
    }
}
