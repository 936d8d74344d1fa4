//! Time, priority and the cost of ourselves, from the kernel.

/// CLOCK_MONOTONIC, the clock of bpf_ktime_get_ns and of the side-band records.
pub fn monotonic_ns() -> u64 {
    read_clock(libc::CLOCK_MONOTONIC)
}

/// CLOCK_REALTIME, the clock of files.
pub fn real_ns() -> i64 {
    i64::try_from(read_clock(libc::CLOCK_REALTIME)).unwrap_or(i64::MAX)
}

/// CPU time of this process, user and system.
pub fn own_cpu_ns() -> u64 {
    read_clock(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn read_clock(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for the write, and both clocks always exist.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Private memory of this process in bytes (RssAnon); mapped table memory and files are not in it.
pub fn own_private_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// We run for microseconds, but a new process is not unwound in the kernel before we have: on a busy machine a higher
/// priority is the difference between the first samples of an exec and the snapshots of them. Without the privilege
/// it stays as it is.
pub fn run_promptly() {
    const NICENESS: i32 = -10;
    // SAFETY: no memory is passed.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
}

/// CPU time that the host of a virtual machine gave to others while this machine wanted it, over all CPUs since the
/// start; 0 where the host does not tell.
pub fn stolen_ns() -> u64 {
    const STEAL_FIELD: usize = 8;
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let field = text.lines().next().and_then(|line| line.split_whitespace().nth(STEAL_FIELD));
    field.and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or(0) * (1_000_000_000 / ticks_per_second())
}

fn ticks_per_second() -> u64 {
    // SAFETY: no preconditions.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(0).max(1)
}
