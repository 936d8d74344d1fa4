//! The functions that talk to the sampler: open, accept, send, wait, cancel, close.

use std::ffi::c_char;

use super::session::{with_session, Session, SESSIONS};
use super::values::{answer, bytes, copy_out, millis, status, text};
use crate::failure::remember;

/// Symbolizing threads would each get an arena of their own, whose memory then stays with the process: measured,
/// 2.3 MB of the peak. They spend their time in DWARF and not in malloc.
fn keep_one_malloc_arena() {
    // SAFETY: sets a limit for arenas to come.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

/// Listens on a unix socket at `socket_path`, which must not exist. NULL: a session without a sampler, for
/// symbolizing files that `bee_session_add_object` names.
///
/// # Safety
/// `socket_path` is NULL or a C string.
#[no_mangle]
pub unsafe extern "C" fn bee_session_open(socket_path: *const c_char) -> u64 {
    keep_one_malloc_arena();
    let opened = unsafe { text(socket_path) }.and_then(Session::open);
    match opened {
        Ok(session) => SESSIONS.insert(session),
        Err(failure) => {
            remember(&failure);
            0
        }
    }
}

/// Blocks until the sampler connected (0), ETIMEDOUT, ECANCELED or EPIPE (closed). Peers that are neither root nor
/// this user are refused.
#[no_mangle]
pub extern "C" fn bee_session_accept(session: u64, timeout_ms: u32) -> i32 {
    status(with_session(session, |session| session.connection.accept(millis(timeout_ms))))
}

/// Sends one message.
///
/// # Safety
/// `payload` has `length` readable bytes, or `length` is 0.
#[no_mangle]
pub unsafe extern "C" fn bee_session_send(session: u64, kind: u16, payload: *const u8, length: u64) -> i32 {
    let payload = unsafe { bytes(payload, length) };
    status(with_session(session, |session| session.connection.send(kind, payload)))
}

/// Blocks until an event is queued: copies one as `u16 type, u16 0, payload` and returns its size; a size above
/// `capacity` means that it was not taken. 0 on timeout; EPIPE after the sampler's DONE, ECONNRESET when it died,
/// EPROTO when it sent nonsense, ECANCELED.
///
/// # Safety
/// `buffer` has `capacity` writable bytes until the call returns.
#[no_mangle]
pub unsafe extern "C" fn bee_session_wait(session: u64, timeout_ms: u32, buffer: *mut u8, capacity: u64) -> i64 {
    let waited = with_session(session, |session| {
        session.connection.events.wait(millis(timeout_ms), |event| {
            unsafe { copy_out(event, buffer, capacity) };
            event.len() as u64 <= capacity && !buffer.is_null()
        })
    });
    match waited {
        Ok(length) => length.unwrap_or(0) as i64,
        Err(failure) => i64::from(remember(&failure)),
    }
}

/// Makes the accept or wait in progress, else the next one, return ECANCELED.
#[no_mangle]
pub extern "C" fn bee_session_cancel(session: u64) -> i32 {
    status(SESSIONS.get(session).map(|session| session.connection.events.cancel()))
}

/// Text of the session's last failure, on whatever thread.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_error(session: u64, buffer: *mut u8, capacity: u64) -> i64 {
    answer(SESSIONS.get(session).map(|session| session.error().into_bytes()), buffer, capacity)
}

/// Ends the connection, wakes all waiters (EPIPE), closes every descriptor of the session.
#[no_mangle]
pub extern "C" fn bee_session_close(session: u64) {
    if let Some(session) = SESSIONS.remove(session) {
        session.close();
    }
}
