//! The sampler lives through the signals that end a program from outside, and counts them: it is a witness in the
//! client's process group. A Ctrl-C or a hang-up of the terminal reaches the whole group, a kill of the client alone
//! does not, and only then must the client pass it on. Nothing is lost by ignoring them: it ends when its client does.

use std::sync::atomic::{AtomicU32, Ordering};

const WITNESSED: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];
static SEEN: [AtomicU32; WITNESSED.len()] = [const { AtomicU32::new(0) }; WITNESSED.len()];

fn counter(signal: i32) -> Option<&'static AtomicU32> {
    WITNESSED.iter().position(|&witnessed| witnessed == signal).map(|index| &SEEN[index])
}

extern "C" fn count(signal: i32) {
    if let Some(counter) = counter(signal) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// 0 for a signal that is not witnessed.
pub fn seen(signal: i32) -> u32 {
    counter(signal).map_or(0, |counter| counter.load(Ordering::Relaxed))
}

pub fn count_interrupts() {
    // SAFETY: the handler only adds to an atomic; SIGPIPE, and SIGXFSZ of the user's `ulimit -f`, are reported by
    // write calls instead.
    unsafe {
        for signal in WITNESSED {
            libc::signal(signal, count as *const () as libc::sighandler_t);
        }
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}
