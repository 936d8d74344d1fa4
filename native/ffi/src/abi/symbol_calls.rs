//! The functions that symbolize, and those of the symbol cache.

use std::ffi::c_char;
use std::sync::Arc;

use super::handles::Handles;
use super::session::with_session;
use super::values::{bytes, copy_out, status, text};
use crate::failure::{remember, Failure};
use crate::symbolize::{self, DiskCache, Settings, Style};

static SYMBOLS: Handles<Vec<u8>> = Handles::new();

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
    status(with_session(session, |session| {
        let disk = texts.0?.map(|directory| DiskCache { directory: directory.into(), max_bytes });
        session.symbolizer.cache.turn_on(Settings { stamp: texts.1?.unwrap_or_default().to_string(), disk });
        Ok(())
    }))
}

/// Symbolizes in the background what the samples bring, until `bee_symbolize`; `flags` as there. `bee_session_keep_names`
/// comes first.
#[no_mangle]
pub extern "C" fn bee_session_name_ahead(session: u64, flags: u32) -> i32 {
    status(with_session(session, |session| symbolize::start_ahead(&session.symbolizer, Style::from_flags(flags))))
}

/// Blocks while it writes what is new in the symbol cache. A failure costs later runs some time, and this one nothing.
#[no_mangle]
pub extern "C" fn bee_session_save_names(session: u64) -> i32 {
    status(with_session(session, |session| {
        session.symbolizer.cache.save().map_err(|message| Failure::new(libc::EIO, message))
    }))
}

/// Blocks while it resolves `count` entries `{u64 address, u32 object, u32 pid}`; object 0xFFFFFFFF is the kernel,
/// 0 none (the process's perf map). Flags: bits 0 and 1 how names are demangled (0 with arguments, 1 without, 2 not at
/// all); bit 2 the symbol table's name goes before that of the debug information for the function itself, and its
/// source file for code without debug information, as in llvm-symbolizer; bit 3 nothing is swept, for measurements
/// (native/ffi/src/symbolize/names/style.rs). Returns a handle for `bee_symbols_copy`; what cannot be resolved has no frames.
///
/// # Safety
/// `entries` has `count` × 16 readable bytes until the call returns.
#[no_mangle]
pub unsafe extern "C" fn bee_symbolize(session: u64, entries: *const u8, count: u64, flags: u32) -> u64 {
    let entries = unsafe { bytes(entries, count.saturating_mul(16)) };
    match with_session(session, |session| symbolize::symbolize(&session.symbolizer, entries, Style::from_flags(flags)))
    {
        Ok(buffer) => SYMBOLS.insert(Arc::new(buffer)),
        Err(failure) => {
            remember(&failure);
            0
        }
    }
}

/// The symbol buffer described on this page.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_symbols_copy(symbols: u64, buffer: *mut u8, capacity: u64) -> i64 {
    match SYMBOLS.get(symbols) {
        Ok(table) => unsafe { copy_out(&table, buffer, capacity) },
        Err(failure) => i64::from(remember(&failure)),
    }
}

#[no_mangle]
pub extern "C" fn bee_symbols_free(symbols: u64) {
    drop(SYMBOLS.remove(symbols));
}
