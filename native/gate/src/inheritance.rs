//! What Rust's start-up, and our own wait for a child, change in this process and a target would inherit.
//!
//! Rust ignores SIGPIPE (a target's `| head` would end in a panic) and opens /dev/null where a standard descriptor is
//! closed. Both are noted before Rust starts and undone before exec.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static INHERITED_SIGPIPE: AtomicUsize = AtomicUsize::new(libc::SIG_DFL);
static WAS_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Runs before Rust's start-up, while everything is still as the parent left it.
extern "C" fn remember() {
    INHERITED_SIGPIPE.store(disposition(libc::SIGPIPE), Ordering::Relaxed);
    for (descriptor, was_closed) in (0..).zip(&WAS_CLOSED) {
        // SAFETY: asks for a flag of a descriptor that may not exist.
        was_closed.store(unsafe { libc::fcntl(descriptor, libc::F_GETFD) } < 0, Ordering::Relaxed);
    }
}

#[used]
#[link_section = ".init_array"]
static REMEMBER: extern "C" fn() = remember;

/// SIG_DFL or SIG_IGN: a handler does not survive the exec that started us.
fn disposition(signal: libc::c_int) -> libc::sighandler_t {
    // SAFETY: reads a disposition into a zeroed structure.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        match libc::sigaction(signal, std::ptr::null(), &mut action) {
            0 => action.sa_sigaction,
            _ => libc::SIG_DFL,
        }
    }
}

/// Never above the hard limit, which stays. Without effect where the system refuses.
pub fn lower_open_files(soft: u64) {
    // SAFETY: both calls take a structure of ours.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 && soft < limit.rlim_cur {
            limit.rlim_cur = soft;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}

/// Bit 0 is signal 1. What is ignored stays so over exec.
pub fn ignore_signals(mask: u64) {
    for signal in (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1) {
        // SAFETY: no handler is installed; a signal that cannot be ignored is refused.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

pub struct Inheritance {
    sigchld: libc::sighandler_t,
}

impl Inheritance {
    /// Takes SIGCHLD's default until `restore`: where it is ignored, a child cannot be waited for.
    pub fn hold() -> Inheritance {
        let sigchld = disposition(libc::SIGCHLD);
        // SAFETY: no handler is installed.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
        Inheritance { sigchld }
    }

    /// The last thing before exec: a closed standard error takes no message after it.
    pub fn restore(self) {
        // SAFETY: dispositions that a process can have, and descriptors that Rust opened in place of none.
        unsafe {
            libc::signal(libc::SIGPIPE, INHERITED_SIGPIPE.load(Ordering::Relaxed));
            libc::signal(libc::SIGCHLD, self.sigchld);
            for (descriptor, was_closed) in (0..).zip(&WAS_CLOSED) {
                if was_closed.load(Ordering::Relaxed) {
                    libc::close(descriptor);
                }
            }
        }
    }
}
