//! The sampler lives through SIGINT and counts it: it is a witness in the client's process group. A Ctrl-C on the
//! terminal reaches the whole group, a kill of the client alone does not, and only then must the client pass it on.

use std::sync::atomic::{AtomicU32, Ordering};

static SEEN: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_signal: i32) {
    SEEN.fetch_add(1, Ordering::Relaxed);
}

pub fn seen() -> u32 {
    SEEN.load(Ordering::Relaxed)
}

pub fn count_interrupts() {
    // SAFETY: the handler only adds to an atomic; SIGPIPE is reported by write calls instead.
    unsafe {
        libc::signal(libc::SIGINT, count as *const () as libc::sighandler_t);
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}
