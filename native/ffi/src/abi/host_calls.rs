//! The functions that belong to no session and no file: version, layout, the last error, signals, the timer.

use super::values::{copy_out, status};
use crate::failure::{self, remember, Failure};
use crate::host::{signals, tick_cost};
use crate::stacks::layout;

const ABI_VERSION: u32 = 8;

#[no_mangle]
pub extern "C" fn bee_abi_version() -> u32 {
    ABI_VERSION
}

/// JSON object: name → number, every offset and enum value of bpf/record.h.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_layout(buffer: *mut u8, capacity: u64) -> i64 {
    unsafe { copy_out(layout::report().as_bytes(), buffer, capacity) }
}

/// Text of the last failed call on this thread.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_last_error(buffer: *mut u8, capacity: u64) -> i64 {
    unsafe { copy_out(failure::last_message().as_bytes(), buffer, capacity) }
}

/// From now on each of these signals (bit 0 is signal 1) that another process sends is 16 bytes in a pipe, whose reading end
/// is returned, not blocking, and is the caller's to close: `u32 signal, u32 isQueued, u64 value` (that of sigqueue),
/// little-endian. One that is ignored stays so, SIGPIPE excepted. Once in a process (EALREADY), on its main thread, until
/// it ends. All threads block the real-time ones among them; what is executed must unblock them.
#[no_mangle]
pub extern "C" fn bee_signals_listen(signals: u64) -> i32 {
    signals::listen(signals).unwrap_or_else(|failure| remember(&failure))
}

/// Sends a signal with a value, as sigqueue does.
#[no_mangle]
pub extern "C" fn bee_signal_queue(pid: i32, signal: i32, value: u64) -> i32 {
    status(signals::queue(pid, signal, value))
}

/// What a tick of a sampling timer costs here, in ns (tick_cost.rs); takes 40 ms.
#[no_mangle]
pub extern "C" fn bee_tick_cost_ns() -> i64 {
    let attempt = tick_cost::tick_cost_ns().map_err(|error| Failure::from_io("Cannot time a perf event", &error));
    attempt.map_or_else(|failure| remember(&failure).into(), |ns| ns as i64)
}
