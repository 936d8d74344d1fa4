//! libbee: what the profiler does close to sockets and ELF files, behind a C ABI that koffi loads.
//!
//! **Ownership.** A session, a symbol table and an unwind table are numbers, never addresses: 0 is no handle, a closed or invented
//! one is an error (EBADF), not undefined behaviour. Every handle has one closing function, and closing twice is
//! allowed. All memory that the caller passes stays the caller's and is not kept after the call.
//!
//! **Buffers.** A function that takes `(buffer, capacity)` returns the size that the answer needs and copies it
//! only when the capacity suffices, so `(NULL, 0)` asks for the size. The answer may grow between two calls.
//!
//! **Threads.** Any function may be called from any thread. `bee_session_accept`, `bee_session_wait` and
//! `bee_symbolize` block: call them off the main thread; `bee_session_cancel` and `bee_session_close` end the first
//! two early. They need little stack (koffi gives 128 KiB), symbolization runs on its own threads. There are no
//! callbacks.
//!
//! **Errors.** Functions return 0 or more on success and a negative errno on failure; those that return a handle
//! return 0. The text of the last failure on this thread is `bee_last_error`; of a session `bee_session_error`,
//! which is the one to read after a call that ran on another thread.
//!
//! **Versions.** `bee_abi_version` changes when a signature or a buffer's meaning changes. The caller compares it.
//!
//! **Symbol buffer** (`bee_symbols_copy`), little-endian:
//! `u32 nAddresses, nFrames, nStrings, stringBytes`, `u32 firstFrame[nAddresses + 1]`,
//! `frames[nFrames] {u32 name, u32 file, u32 line, u32 column, u32 flags}`, `u32 stringOffset[nStrings + 1]`,
//! the strings' UTF-8 bytes, and directly after them `u32 problemBytes` (not aligned) with a JSON array
//! `[{"object":1,"path":"…","message":"…"}]` of what could not be read. Frames of one address stand innermost
//! (inlined) first, the function itself last; an unresolved address has none, or an unnamed one. String 0 is empty.
//! Flags: bit 0 inlined, bit 1 from debug information, bit 2 the frame is the kernel's and `file` names the module
//! (`[kernel]`, `[ext4]`), bit 3 unnamed: nothing names the address, but the file's .eh_frame says where its function
//! begins: at `column << 32 | line`, in the address space of the entries. Such a frame is its address's only one and
//! has no name and no file. Bit 4 replaced: the file's content is gone, written over by another; the only frame of its
//! address, without a name.

mod abi;
mod connection;
mod failure;
#[path = "../../sampler/src/tables/file_memory.rs"]
mod file_memory;
#[path = "../../sampler/src/tables/file_state.rs"]
mod file_state;
mod files;
mod host;
mod json;
// The protocol is the sampler's; this side uses the client's half of it.
#[allow(dead_code)]
#[path = "../../sampler/src/serve/protocol.rs"]
mod protocol;
mod stacks;
mod symbolize;

use std::ffi::{c_char, CStr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use abi::handles::Handles;
use connection::sampler_connection::Session;
use failure::{remember, Failure, Outcome};
use files::{client_cache, elf_facts, unwind_rows};
use host::{signals, tick_cost};
use stacks::layout;
use symbolize::{DiskCache, Settings, Style};

const ABI_VERSION: u32 = 7;

static SESSIONS: Handles<Session> = Handles::new();
static SYMBOLS: Handles<Vec<u8>> = Handles::new();
static UNWIND_TABLES: Handles<bee_elf::UnwindTable> = Handles::new();

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
    status(with_session(session, |session| session.accept(millis(timeout_ms))))
}

/// Sends one message.
///
/// # Safety
/// `payload` has `length` readable bytes, or `length` is 0.
#[no_mangle]
pub unsafe extern "C" fn bee_session_send(session: u64, kind: u16, payload: *const u8, length: u64) -> i32 {
    let payload = unsafe { bytes(payload, length) };
    status(with_session(session, |session| session.send(kind, payload)))
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
        session.wait(millis(timeout_ms), |event| {
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
    status(SESSIONS.get(session).map(|session| session.cancel()))
}

/// Text of the session's last failure, on whatever thread.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_error(session: u64, buffer: *mut u8, capacity: u64) -> i64 {
    answer(SESSIONS.get(session).map(|session| session.error().into_bytes()), buffer, capacity)
}

/// All unique bee_stack records with their counts so far.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_samples(session: u64, buffer: *mut u8, capacity: u64) -> i64 {
    let copied = SESSIONS.get(session).map(|session| {
        let samples = session.samples();
        match samples.byte_length() as u64 > capacity {
            true => samples.byte_length() as i64,
            false => unsafe { copy_out(&samples.bytes(), buffer, capacity) },
        }
    });
    copied.unwrap_or_else(|failure| i64::from(remember(&failure)))
}

/// JSON `{"uniqueStacks":n,"orphanCount":n,"names":{…}}`; the orphans are hits that were counted for a stack that never
/// came, the names are those of `bee_session_keep_names`.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_statistics(session: u64, buffer: *mut u8, capacity: u64) -> i64 {
    let text = SESSIONS.get(session).map(|session| {
        let samples = session.samples();
        let (unique, orphans) = (samples.unique(), samples.orphan_count());
        let names = session.kept().counts().to_json();
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
    answer(SESSIONS.get(session).map(|session| session.objects().to_json().into_bytes()), buffer, capacity)
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
        session.objects().open(id, path, flags & protocol::OBJECT_IS_VDSO != 0)
    }))
}

/// From now on what is resolved is kept, and read from `directory` (NULL: only in memory), which `bee_session_save_names`
/// makes when it is missing and keeps at `max_bytes`. `stamp` names the version of whoever resolves.
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
        session.kept().turn_on(Settings { stamp: texts.1?.unwrap_or_default().to_string(), disk });
        Ok(())
    }))
}

/// Resolves in the background what the samples bring, until `bee_symbolize`; `flags` as there. `bee_session_keep_names`
/// comes first.
#[no_mangle]
pub extern "C" fn bee_session_name_ahead(session: u64, flags: u32) -> i32 {
    status(with_session(session, |session| symbolize::start_ahead(session, Style::from_flags(flags))))
}

/// Blocks while it writes what is new. Failure costs the next runs some time, and this one nothing.
#[no_mangle]
pub extern "C" fn bee_session_save_names(session: u64) -> i32 {
    status(with_session(session, |session| session.save_names()))
}

/// From now on debug files are looked for in this folder, too: the cache of elfutils' debuginfod client. NULL: no more.
///
/// # Safety
/// `folder` is NULL or a C string.
#[no_mangle]
pub unsafe extern "C" fn bee_use_debug_cache(folder: *const c_char) -> i32 {
    let folder = unsafe { text(folder) };
    status(folder.map(|folder| client_cache::use_folder(folder.map(PathBuf::from))))
}

/// Build id in hex of the debug file, or of the supplement of dwz, that would tell more of an object and is not on disk;
/// empty when there is none. Looks at headers only, and may be asked again when that file has come.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_session_missing_debug(session: u64, object: u32, buffer: *mut u8, capacity: u64) -> i64 {
    let build_id = SESSIONS.get(session).map(|session| {
        let object = session.objects().get(object);
        object.and_then(|object| client_cache::missing_build_id(&object)).unwrap_or_default()
    });
    answer(build_id.map(String::into_bytes), buffer, capacity)
}

/// Build id in hex of any x86-64 ELF file, empty without one; ENOEXEC for what is none.
///
/// # Safety
/// `path` is a C string; `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_build_id(path: *const c_char, buffer: *mut u8, capacity: u64) -> i64 {
    let build_id = unsafe { text(path) }.and_then(|path| {
        let path = path.ok_or_else(|| Failure::new(libc::EINVAL, "A build id needs a path."))?;
        client_cache::build_id(path)
    });
    answer(build_id.map(String::into_bytes), buffer, capacity)
}

/// Ends the connection, wakes all waiters (EPIPE), closes every descriptor of the session.
#[no_mangle]
pub extern "C" fn bee_session_close(session: u64) {
    if let Some(session) = SESSIONS.remove(session) {
        session.close();
    }
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
    match with_session(session, |session| symbolize::symbolize(session, entries, Style::from_flags(flags))) {
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

/// What the ELF file at `path` can tell of its functions: JSON object `{buildId, debugLink, hasSymbols,
/// hasDynamicSymbols, hasMiniDebugInfo, hasDebugInfo, hasDebugLines, areUnitsWhole, otherUnitCount, crates: [{directory,
/// source, isSplit, unitCount, names}]}`; texts are empty where there is none. ENOEXEC for what is no x86-64 ELF file.
/// Reads the root entry of each unit: a call takes milliseconds, so let the first one pass a buffer that probably
/// suffices.
///
/// # Safety
/// `path` is a C string; `buffer` is NULL or has `capacity` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn bee_elf_facts(path: *const c_char, buffer: *mut u8, capacity: u64) -> i64 {
    let facts = unsafe { text(path) }.and_then(|path| {
        let path = path.ok_or_else(|| Failure::new(libc::EINVAL, "Facts need a path."))?;
        elf_facts::read(path)
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

/// Runs `call` and keeps its error in the session, where a caller on another thread finds it.
fn with_session<T>(handle: u64, call: impl FnOnce(&Arc<Session>) -> Outcome<T>) -> Outcome<T> {
    let session = SESSIONS.get(handle)?;
    call(&session).inspect_err(|failure| session.set_error(failure))
}

fn status(outcome: Outcome<()>) -> i32 {
    outcome.map_or_else(|failure| remember(&failure), |()| 0)
}

fn answer(outcome: Outcome<Vec<u8>>, buffer: *mut u8, capacity: u64) -> i64 {
    match outcome {
        // SAFETY: the exported caller's contract on `buffer`.
        Ok(bytes) => unsafe { copy_out(&bytes, buffer, capacity) },
        Err(failure) => i64::from(remember(&failure)),
    }
}

fn millis(timeout_ms: u32) -> Duration {
    Duration::from_millis(u64::from(timeout_ms))
}

/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
unsafe fn copy_out(bytes: &[u8], buffer: *mut u8, capacity: u64) -> i64 {
    if !buffer.is_null() && bytes.len() as u64 <= capacity {
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len()) };
    }
    bytes.len() as i64
}

/// # Safety
/// `start` has `length` readable bytes, or is NULL, which reads as empty.
unsafe fn bytes<'a>(start: *const u8, length: u64) -> &'a [u8] {
    if start.is_null() || length == 0 || length > isize::MAX as u64 {
        return &[];
    }
    unsafe { std::slice::from_raw_parts(start, length as usize) }
}

/// # Safety
/// `start` is NULL (None) or a C string.
unsafe fn text<'a>(start: *const c_char) -> Outcome<Option<&'a str>> {
    if start.is_null() {
        return Ok(None);
    }
    let text = unsafe { CStr::from_ptr(start) }.to_str();
    text.map(Some).map_err(|_| Failure::new(libc::EINVAL, "A path is not UTF-8."))
}
