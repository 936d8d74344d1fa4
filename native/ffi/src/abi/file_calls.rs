//! The functions that answer of one ELF file: facts, build id, unwind table.

use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::Arc;

use super::handles::Handles;
use super::values::{answer, text};
use crate::failure::{remember, Failure};
use crate::files::client_cache::ClientCache;
use crate::files::{elf_facts, unwind_rows};

static UNWIND_TABLES: Handles<bee_elf::UnwindTable> = Handles::new();

/// Build id in hex of any x86-64 ELF file, empty without one; ENOEXEC for what is none.
///
/// # Safety
/// `path` is a C string; `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_build_id(path: *const c_char, buffer: *mut u8, capacity: u64) -> i64 {
    let build_id = unsafe { text(path) }.and_then(|path| {
        let path = path.ok_or_else(|| Failure::new(libc::EINVAL, "A build id needs a path."))?;
        elf_facts::build_id(path)
    });
    answer(build_id.map(String::into_bytes), buffer, capacity)
}

/// What the ELF file at `path` can tell of its functions: JSON object `{buildId, debugLink, debugFile, hasSymbols,
/// hasDynamicSymbols, hasMiniDebugInfo, hasDebugInfo, hasDebugLines, areUnitsWhole, otherUnitCount, crates: [{directory,
/// source, isSplit, unitCount, names}]}`; texts are empty where there is none. `debugFile` is the path of the file that
/// is symbolized from instead, looked for also in `debug_cache` (as `bee_session_use_debug_cache`). ENOEXEC for what is no x86-64 ELF file. Reads the root entry of each unit: a call takes
/// milliseconds, so let the first one pass a buffer that probably suffices.
///
/// # Safety
/// `path` is a C string, `debug_cache` NULL or one; `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_elf_facts(
    path: *const c_char,
    debug_cache: *const c_char,
    buffer: *mut u8,
    capacity: u64,
) -> i64 {
    let (path, folder) = unsafe { (text(path), text(debug_cache)) };
    let facts = path.and_then(|path| {
        let path = path.ok_or_else(|| Failure::new(libc::EINVAL, "Facts need a path."))?;
        elf_facts::read(path, &ClientCache::at(folder?.map(PathBuf::from)))
    });
    answer(facts.map(String::into_bytes), buffer, capacity)
}

/// Reads the unwind table of the ELF file at `path`, as the sampler would load it. ENOEXEC for what is no x86-64 ELF
/// file. A million rows take 30 to 70 ms and 16 MB.
///
/// # Safety
/// `path` is a C string.
#[no_mangle]
pub unsafe extern "C" fn bee_unwind_open(path: *const c_char) -> u64 {
    let opened = unsafe { text(path) }.and_then(|path| {
        let path = path.ok_or_else(|| Failure::new(libc::EINVAL, "An unwind table needs a path."))?;
        unwind_rows::read(path)
    });
    match opened {
        Ok(table) => UNWIND_TABLES.insert(Arc::new(table)),
        Err(failure) => {
            remember(&failure);
            0
        }
    }
}

/// Its distinct rules: `struct bee_unwind_rule` of bpf/unwind.h, back to back.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_unwind_rules(table: u64, buffer: *mut u8, capacity: u64) -> i64 {
    answer(UNWIND_TABLES.get(table).map(|table| unwind_rows::rule_bytes(&table)), buffer, capacity)
}

/// Copies as many rows from number `first` on as fit, `{u64 address, u32 rule}` of 12 bytes, sorted by address, and
/// returns their bytes: 0 behind the last row. A rule is in force up to the next row's address.
///
/// # Safety
/// `buffer` has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_unwind_rows(table: u64, first: u64, buffer: *mut u8, capacity: u64) -> i64 {
    answer(UNWIND_TABLES.get(table).map(|table| unwind_rows::row_bytes(&table, first, capacity)), buffer, capacity)
}

#[no_mangle]
pub extern "C" fn bee_unwind_close(table: u64) {
    drop(UNWIND_TABLES.remove(table));
}
