//! Signals that Node does not hear: real-time ones, SIGPIPE, which it ignores, and those of faults. Each one that another
//! process sends is written into a pipe, from which Node reads it. Which signals, the caller decides; SIGPIPE apart, one
//! that is ignored stays ignored.
//!
//! Real-time signals are queued, and have an order, which handlers on several threads would lose: one thread waits for
//! them, all others block them, and what Node has not come to read stays in the kernel's queue. The other signals have a
//! handler, and what this process does to itself has its usual effect.

use std::mem::{zeroed, MaybeUninit};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::OnceLock;

use crate::failure::{Failure, Outcome};

const LAST_SIGNAL: i32 = 64;

/// What is read from the pipe, once for each signal.
#[repr(C)]
struct Record {
    signal: u32,
    /// 1: by sigqueue, with the value.
    is_queued: u32,
    value: u64,
}

static PIPE: AtomicI32 = AtomicI32::new(-1);
static OWN_PID: AtomicI32 = AtomicI32::new(0);
static PREVIOUS: [OnceLock<libc::sigaction>; LAST_SIGNAL as usize + 1] = [const { OnceLock::new() }; 65];

/// The end of the pipe to read from, which the caller closes. `signals`: bit 0 is signal 1. Once in a process, and on its
/// main thread, from which threads to come have what they block.
pub fn listen(signals: u64) -> Outcome<i32> {
    let (reader, writer) = pipe()?;
    // SAFETY: no memory is passed.
    OWN_PID.store(unsafe { libc::getpid() }, Ordering::SeqCst);
    if PIPE.compare_exchange(-1, writer.as_raw_fd(), Ordering::SeqCst, Ordering::SeqCst).is_err() {
        return Err(Failure::new(libc::EALREADY, "Signals are listened for already."));
    }
    let _ = writer.into_raw_fd(); // stays open for as long as the process lives: a handler may come at any time
    let heard = (1..=LAST_SIGNAL).filter(|signal| signals >> (signal - 1) & 1 == 1);
    let mut real_time = Vec::new();
    for signal in heard {
        if install(signal)? && signal >= libc::SIGRTMIN() {
            real_time.push(signal);
        }
    }
    if let Some(&first) = real_time.first() {
        wait_apart(&real_time)?;
        block_in_other_threads(first);
    }
    Ok(reader.into_raw_fd())
}

fn pipe() -> Outcome<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: two numbers are written, of descriptors that nobody else has.
    unsafe {
        match libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) {
            0 => Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))),
            _ => Err(Failure::last_os_error("Cannot make a pipe")),
        }
    }
}

/// False for a signal that stays ignored.
fn install(signal: i32) -> Outcome<bool> {
    let mut previous = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: valid structures; the handler calls only what may be called in one.
    unsafe {
        if libc::sigaction(signal, std::ptr::null(), previous.as_mut_ptr()) < 0 {
            return Err(Failure::last_os_error(&format!("Cannot listen for signal {signal}")));
        }
        let previous = previous.assume_init();
        if previous.sa_sigaction == libc::SIG_IGN && signal != libc::SIGPIPE {
            return Ok(false);
        }
        let _ = PREVIOUS[signal as usize].set(previous);
        let mut action: libc::sigaction = zeroed();
        action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigaction(signal, &action, std::ptr::null_mut());
    }
    Ok(true)
}

/// From now on this thread, and those that it starts, block these signals. Node unblocks all in what it executes.
fn wait_apart(signals: &[i32]) -> Outcome<()> {
    let set = set_of(signals);
    // SAFETY: a valid set.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) };
    let started = std::thread::Builder::new().name("bee-signals".into()).stack_size(64 << 10).spawn(move || {
        // SAFETY: valid sets and structures; the other signals are for other threads.
        unsafe {
            let mut all: libc::sigset_t = zeroed();
            libc::sigfillset(&mut all);
            libc::sigprocmask(libc::SIG_SETMASK, &all, std::ptr::null_mut());
            loop {
                let mut info: libc::siginfo_t = zeroed();
                let signal = libc::sigwaitinfo(&set, &mut info);
                if signal > 0 && is_from_another(&info) {
                    while !tell(signal, &info) && wait_for_room() {}
                }
            }
        }
    });
    started.map(drop).map_err(|error| Failure::from_io("Cannot start a thread for signals", &error))
}

fn set_of(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: a valid set.
    unsafe {
        let mut set = zeroed();
        libc::sigemptyset(&mut set);
        signals.iter().for_each(|&signal| _ = libc::sigaddset(&mut set, signal));
        set
    }
}

/// False when nobody reads any more.
fn wait_for_room() -> bool {
    let mut poll = libc::pollfd { fd: PIPE.load(Ordering::Relaxed), events: libc::POLLOUT, revents: 0 };
    // SAFETY: one valid structure.
    unsafe { libc::poll(&mut poll, 1, -1) };
    poll.revents & libc::POLLERR == 0
}

/// Each gets a signal from here, whose handler blocks the others on it, too.
fn block_in_other_threads(signal: i32) {
    let own_pid = OWN_PID.load(Ordering::Relaxed);
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return };
    let ids = threads.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    for thread in ids.filter(|&id| id != own_pid && !blocks(id, signal)) {
        // SAFETY: no memory is passed; a thread that has just ended is refused.
        unsafe { libc::syscall(libc::SYS_tgkill, own_pid, thread, signal) };
    }
}

fn blocks(thread: i32, signal: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).map(str::trim).unwrap_or_default();
    u64::from_str_radix(mask, 16).is_ok_and(|mask| mask >> (signal - 1) & 1 == 1)
}

extern "C" fn on_signal(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel's structures, and this thread's errno, which whoever was interrupted may be about to read.
    unsafe {
        let errno = *libc::__errno_location();
        // Forked and not yet executed, a child of Node's has our handlers, and its signals are not ours.
        let is_child = libc::getpid() != OWN_PID.load(Ordering::Relaxed);
        if is_from_another(&*info) && !is_child {
            tell(signal, &*info); // without room there are thousands of it before
        } else if !is_child && signal >= libc::SIGRTMIN() {
            block_from_here(&mut *context.cast());
        } else if signal != libc::SIGPIPE {
            take_usual_effect(signal);
        }
        *libc::__errno_location() = errno;
    }
}

/// Real-time signals, on the thread that was interrupted.
fn block_from_here(context: &mut libc::ucontext_t) {
    for signal in (libc::SIGRTMIN()..=LAST_SIGNAL).filter(|&signal| PREVIOUS[signal as usize].get().is_some()) {
        // SAFETY: a valid set.
        unsafe { libc::sigaddset(&mut context.uc_sigmask, signal) };
    }
}

/// # Safety
/// `info` is a signal's.
unsafe fn is_from_another(info: &libc::siginfo_t) -> bool {
    // The kernel's own, of faults, have a positive code.
    info.si_code <= 0 && unsafe { info.si_pid() } != OWN_PID.load(Ordering::Relaxed)
}

/// False without room in the pipe.
///
/// # Safety
/// `info` is a signal's that another process sent.
unsafe fn tell(signal: i32, info: &libc::siginfo_t) -> bool {
    let is_queued = info.si_code == libc::SI_QUEUE;
    let value = if is_queued { unsafe { info.si_value() }.sival_ptr as u64 } else { 0 };
    let record = Record { signal: signal as u32, is_queued: is_queued.into(), value };
    let length = size_of::<Record>();
    unsafe { libc::write(PIPE.load(Ordering::Relaxed), (&raw const record).cast(), length) == length as isize }
}

/// As if nobody had listened; the signal is delivered again when its handler returns.
fn take_usual_effect(signal: i32) {
    if let Some(previous) = PREVIOUS.get(signal as usize).and_then(OnceLock::get) {
        // SAFETY: what was installed before us.
        unsafe {
            libc::sigaction(signal, previous, std::ptr::null_mut());
            libc::raise(signal);
        }
    }
}

/// To one process, with the value that sigqueue gave along.
pub fn queue(pid: i32, signal: i32, value: u64) -> Outcome<()> {
    let value = libc::sigval { sival_ptr: value as *mut libc::c_void };
    // SAFETY: the value is not looked at.
    match unsafe { libc::sigqueue(pid, signal, value) } {
        0 => Ok(()),
        _ => Err(Failure::last_os_error(&format!("Cannot send signal {signal} to process {pid}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;

    use super::*;

    /// One test, as there is one pipe in a process.
    #[test]
    fn what_others_send_is_told_and_what_we_send_is_not() {
        let signal = libc::SIGRTMIN() + 5;
        let own_pid = std::process::id() as i32;
        let mut reader = unsafe { File::from_raw_fd(listen(1 << (signal - 1) | 1 << (libc::SIGPIPE - 1)).unwrap()) };
        assert_eq!(listen(0).unwrap_err().code, -libc::EALREADY);
        unsafe { libc::raise(libc::SIGPIPE) }; // our own: without effect
        let sent = std::process::Command::new("kill").args([format!("-{signal}"), own_pid.to_string()]).status();
        assert!(sent.unwrap().success());
        let mut record = [0u8; 16];
        while reader.read(&mut record).is_err() {
            std::thread::yield_now();
        }
        assert_eq!(u32::from_le_bytes(record[..4].try_into().unwrap()), signal as u32);
        assert_eq!(record[4..], [0; 12]);
        assert!(reader.read(&mut record).is_err(), "nothing else came");
        assert!(queue(own_pid, 0, 7).is_ok());
    }
}
