//! The functions that symbolize, and those of the symbol cache.

use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::Arc;

use super::session::SESSIONS;
use super::values::{bytes, status, text};
use crate::failure::{remember, Failure, Outcome};
use crate::symbolize::{self, DiskCache, Settings, Style, Symbolizer};

/// Turns the symbol cache on: from now on what is symbolized is kept in memory, and looked for in `directory` (NULL: in
/// memory only). `bee_session_save_names` makes the directory when it is missing and keeps it at `max_bytes`. `stamp` is the
/// version of whoever symbolizes.
///
/// # Safety
/// `directory` is NULL or a C string, `stamp` is a C string.
#[no_mangle]
pub unsafe extern "C" fn bee_session_keep_names(
    session: u64,
    directory: *const c_char,
    stamp: *const c_char,
    max_bytes: u64,
) -> i32 {
    let texts = unsafe { (text(directory), text(stamp)) };
    status(SESSIONS.get(session).and_then(|session| {
        let disk = texts.0?.map(|directory| DiskCache { directory: directory.into(), max_bytes });
        session.symbolizer.cache.turn_on(Settings { stamp: texts.1?.unwrap_or_default().to_string(), disk });
        Ok(())
    }))
}

/// Symbolizes in the background what the samples bring, until `bee_symbolize`; `flags` as there. `bee_session_keep_names`
/// comes first.
#[no_mangle]
pub extern "C" fn bee_session_name_ahead(session: u64, flags: u32) -> i32 {
    status(
        SESSIONS.get(session).and_then(|session| symbolize::start_ahead(&session.symbolizer, Style::from_flags(flags))),
    )
}

/// Also looks for debug files in this folder: the cache of elfutils' debuginfod client. NULL: no more.
///
/// # Safety
/// `folder` is NULL or a C string.
#[no_mangle]
pub unsafe extern "C" fn bee_session_use_debug_cache(session: u64, folder: *const c_char) -> i32 {
    let folder = unsafe { text(folder) };
    status(SESSIONS.get(session).and_then(|session| {
        session.symbolizer.debug_cache.use_folder(folder?.map(PathBuf::from));
        Ok(())
    }))
}

/// Begins to write what is new in the symbol cache, and returns the task, whose result is empty. A failure costs later runs
/// some time, and this one nothing.
#[no_mangle]
pub extern "C" fn bee_session_save_names(session: u64) -> i64 {
    begin(session, |symbolizer| {
        let saved = symbolizer.cache.save();
        saved.map(|()| Vec::new()).map_err(|message| Failure::new(libc::EIO, message))
    })
}

/// Begins to resolve `count` entries `{u64 address, u32 object, u32 pid}`; object 0xFFFFFFFF is the kernel, 0 none (the
/// process's perf map). Flags: bits 0 and 1 how names are demangled (0 with arguments, 1 without, 2 not at all); bit 2 the
/// symbol table's name goes before that of the debug information for the function itself, and its source file for code
/// without debug information, as in llvm-symbolizer; bit 3 nothing is swept, for measurements
/// (native/ffi/src/symbolize/names/style.rs). Returns the task, whose result is the symbol buffer of this library's page;
/// what cannot be resolved has no frames.
///
/// # Safety
/// `entries` has `count` × 16 readable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_symbolize(session: u64, entries: *const u8, count: u64, flags: u32) -> i64 {
    let entries = unsafe { bytes(entries, count.saturating_mul(16)) }.to_vec();
    begin(session, move |symbolizer| symbolize::symbolize(symbolizer, &entries, Style::from_flags(flags)))
}

fn begin(session: u64, work: impl FnOnce(&Symbolizer) -> Outcome<Vec<u8>> + Send + 'static) -> i64 {
    let begun = SESSIONS.get(session).and_then(|session| {
        let symbolizer = Arc::clone(&session.symbolizer);
        session.tasks.begin(move || work(&symbolizer))
    });
    begun.map_or_else(|failure| remember(&failure).into(), i64::from)
}
