//! The functions that read what the sampler has sent: stacks, files.

use std::ffi::c_char;

use super::session::{with_session, SESSIONS};
use super::values::{answer, copy_out, status, text};
use crate::failure::{remember, Failure};
use crate::files::missing_debug;
use crate::protocol;

/// All unique bee_stack records with their counts so far.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_samples(session: u64, buffer: *mut u8, capacity: u64) -> i64 {
    let copied = SESSIONS.get(session).map(|session| {
        let samples = session.received.samples();
        match samples.byte_length() as u64 > capacity {
            true => samples.byte_length() as i64,
            false => unsafe { copy_out(&samples.bytes(), buffer, capacity) },
        }
    });
    copied.unwrap_or_else(|failure| i64::from(remember(&failure)))
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

/// JSON array of `{id, path, buildId, vdso}`.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_objects(session: u64, buffer: *mut u8, capacity: u64) -> i64 {
    answer(SESSIONS.get(session).map(|session| session.received.objects().to_json().into_bytes()), buffer, capacity)
}

/// Registers a file that the caller may read, under a number of the caller's choice. Flags: bit 1 vdso (the path is
/// then only a name).
///
/// # Safety
/// `path` is a C string.
#[no_mangle]
pub unsafe extern "C" fn bee_session_add_object(session: u64, id: u32, path: *const c_char, flags: u32) -> i32 {
    let path = unsafe { text(path) };
    status(with_session(session, |session| {
        let path = path?.ok_or_else(|| Failure::new(libc::EINVAL, "An object needs a path."))?;
        session.received.objects().open(id, path, flags & protocol::OBJECT_IS_VDSO != 0)
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
        let object = session.received.objects().get(object);
        object.and_then(|object| missing_debug::build_id_of_missing(&object)).unwrap_or_default()
    });
    answer(build_id.map(String::into_bytes), buffer, capacity)
}
