//! The functions that read what the sampler has sent: stacks, files.

use std::ffi::c_char;

use super::session::SESSIONS;
use super::values::{answer, room, status, text};
use crate::failure::{remember, Failure};
use crate::files::missing_debug;

/// Flag of `bee_session_take_batch`.
const TAKE_FORGETS: u32 = 1 << 0;

/// What whole ticks have brought and was not taken yet: new objects, frames and stacks, and the hits of stacks
/// (received.rs and stacks/batch.rs describe the buffer). Taken only if it fits. Flags: bit 0, rows of frames and stacks
/// begin at 0 again with the next take; what this one names must be symbolized before that.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_take_batch(session: u64, flags: u32, buffer: *mut u8, capacity: u64) -> i64 {
    let buffer = unsafe { room(buffer, capacity) };
    let size = SESSIONS.get(session).map(|session| session.received.take(buffer, flags & TAKE_FORGETS != 0) as i64);
    size.unwrap_or_else(|failure| i64::from(remember(&failure)))
}

/// JSON `{"uniqueStacks":n,"orphanCount":n,"names":{…}}`; the orphans are hits that were counted for a stack that never
/// came, `names` is what the symbol cache of `bee_session_keep_names` did.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_statistics(session: u64, buffer: *mut u8, capacity: u64) -> i64 {
    let text = SESSIONS.get(session).map(|session| {
        let samples = session.received.samples();
        let (unique, orphans) = (samples.unique(), samples.orphan_count());
        let names = session.symbolizer.cache.counts().to_json();
        format!("{{\"uniqueStacks\":{unique},\"orphanCount\":{orphans},\"names\":{names}}}").into_bytes()
    });
    answer(text, buffer, capacity)
}

/// JSON array of `{id, path, buildId, vdso}`: all that a frame may name.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_objects(session: u64, buffer: *mut u8, capacity: u64) -> i64 {
    let text = SESSIONS.get(session).map(|session| {
        let objects = session.received.objects();
        objects.to_json(&objects.all()).into_bytes()
    });
    answer(text, buffer, capacity)
}

/// A flag of `bee_session_add_object`.
const OBJECT_IS_VDSO: u32 = 1 << 1;

/// Registers a file that the caller may read, under a number of the caller's choice, in a session without a sampler.
/// Flags: bit 1 vdso (the path is
/// then only a name).
///
/// # Safety
/// `path` is a C string.
#[no_mangle]
pub unsafe extern "C" fn bee_session_add_object(session: u64, id: u32, path: *const c_char, flags: u32) -> i32 {
    let path = unsafe { text(path) };
    status(SESSIONS.get(session).and_then(|session| {
        let path = path?.ok_or_else(|| Failure::new(libc::EINVAL, "An object needs a path."))?;
        session.received.objects().open(id, path, flags & OBJECT_IS_VDSO != 0)
    }))
}

/// Build id in hex of the debug file, or of the supplement of dwz, that would tell more of an object and is not on disk;
/// empty when there is none. Looks at headers only, and may be asked again when that file has come.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_missing_debug(session: u64, object: u32, buffer: *mut u8, capacity: u64) -> i64 {
    let build_id = SESSIONS.get(session).map(|session| {
        let debug_cache = &session.symbolizer.debug_cache;
        let object = session.received.objects().get(object);
        object.and_then(|object| missing_debug::build_id_of_missing(&object, debug_cache)).unwrap_or_default()
    });
    answer(build_id.map(String::into_bytes), buffer, capacity)
}
