//! `bee-gate --witness`: stands in the profiler's process group, lives through every signal that can be caught, and
//! counts them. What is sent to the whole group reaches it too, what is sent to the profiler alone does not: only that is
//! to be passed on. A request is one byte, a signal's number; the answer, a little-endian `u32`, is how often it came.
//! It ends with its standard input.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

const SIGNALS: usize = 65;
static CAME: [AtomicU32; SIGNALS] = [const { AtomicU32::new(0) }; SIGNALS];

extern "C" fn count(signal: libc::c_int) {
    if let Some(counter) = CAME.get(signal as usize) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

pub fn serve() -> ExitCode {
    count_signals();
    match answer_requests() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What cannot be caught, and what the C library keeps for itself, is refused by the system.
fn count_signals() {
    for signal in 1..SIGNALS as libc::c_int {
        // SAFETY: the handler only adds to an atomic.
        unsafe { libc::signal(signal, count as *const () as libc::sighandler_t) };
    }
}

/// A signal that came before the request is counted before it is read: it is delivered when the read returns.
fn answer_requests() -> io::Result<()> {
    let (mut requests, mut answers) = (io::stdin().lock(), io::stdout().lock());
    let mut signal = [0];
    while requests.read(&mut signal)? > 0 {
        let came = CAME.get(usize::from(signal[0])).map_or(0, |counter| counter.load(Ordering::Relaxed));
        answers.write_all(&came.to_le_bytes())?;
        answers.flush()?;
    }
    Ok(())
}
