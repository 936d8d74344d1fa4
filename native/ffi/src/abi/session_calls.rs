//! The functions that talk to the sampler: open, listen to its news, send, take, close.

use std::ffi::c_char;

use super::session::{Session, SESSIONS};
use super::values::{bytes, copy_whole, status, text};
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

/// A socket that is readable when there may be something new to take: an event, or the result of a task. Its bytes say
/// nothing. It does not block, and is the caller's to close. Once in a session (EALREADY).
#[no_mangle]
pub extern "C" fn bee_session_news(session: u64) -> i32 {
    let taken = SESSIONS.get(session).and_then(|session| session.news.take_host_end());
    taken.unwrap_or_else(|failure| remember(&failure))
}

/// Sends one message.
///
/// # Safety
/// `payload` has `length` readable bytes, or `length` is 0.
#[no_mangle]
pub unsafe extern "C" fn bee_session_send(session: u64, kind: u16, payload: *const u8, length: u64) -> i32 {
    let payload = unsafe { bytes(payload, length) };
    status(SESSIONS.get(session).and_then(|session| session.connection.send(kind, payload)))
}

/// Copies the next event as `u16 type, u16 0, payload` and returns its size; a size above `capacity` means that it was not
/// taken. 0 when there is none yet; EPIPE after the sampler's DONE, ECONNRESET when it died, EPROTO when it sent nonsense.
/// Type 0, which comes first: the sampler has connected. Peers that are neither root nor this user are refused.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_next_event(session: u64, buffer: *mut u8, capacity: u64) -> i64 {
    let taken = SESSIONS
        .get(session)
        .and_then(|session| session.connection.events.take(|event| unsafe { copy_whole(event, buffer, capacity) }));
    taken.map_or_else(|failure| remember(&failure).into(), |length| length.unwrap_or(0) as i64)
}

/// Copies the result of a task that `bee_symbolize` or `bee_session_save_names` began, and returns its size; a size above
/// `capacity` means that it was not taken. EAGAIN while the task runs; else, if it failed, its error.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_task_result(session: u64, task: u32, buffer: *mut u8, capacity: u64) -> i64 {
    let taken = SESSIONS
        .get(session)
        .and_then(|session| session.tasks.take(task, |result| unsafe { copy_whole(result, buffer, capacity) }));
    taken.map_or_else(|failure| remember(&failure).into(), |length| length as i64)
}

/// Ends the connection, closes every descriptor of the session. Tasks that run end by themselves, unheard.
#[no_mangle]
pub extern "C" fn bee_session_close(session: u64) {
    if let Some(session) = SESSIONS.remove(session) {
        session.close();
    }
}
