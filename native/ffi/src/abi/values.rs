//! Results and the caller's memory, as every function of the ABI hands them over.

use std::ffi::{c_char, CStr};
use std::time::Duration;

use crate::failure::{remember, Failure, Outcome};

pub fn status(outcome: Outcome<()>) -> i32 {
    outcome.map_or_else(|failure| remember(&failure), |()| 0)
}

pub fn answer(outcome: Outcome<Vec<u8>>, buffer: *mut u8, capacity: u64) -> i64 {
    match outcome {
        // SAFETY: the exported caller's contract on `buffer`.
        Ok(bytes) => unsafe { copy_out(&bytes, buffer, capacity) },
        Err(failure) => i64::from(remember(&failure)),
    }
}

pub fn millis(timeout_ms: u32) -> Duration {
    Duration::from_millis(u64::from(timeout_ms))
}

/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
pub unsafe fn copy_out(bytes: &[u8], buffer: *mut u8, capacity: u64) -> i64 {
    if !buffer.is_null() && bytes.len() as u64 <= capacity {
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len()) };
    }
    bytes.len() as i64
}

/// # Safety
/// `start` has `length` readable bytes, or is NULL, which reads as empty.
pub unsafe fn bytes<'a>(start: *const u8, length: u64) -> &'a [u8] {
    if start.is_null() || length == 0 || length > isize::MAX as u64 {
        return &[];
    }
    unsafe { std::slice::from_raw_parts(start, length as usize) }
}

/// # Safety
/// `start` is NULL (None) or a C string.
pub unsafe fn text<'a>(start: *const c_char) -> Outcome<Option<&'a str>> {
    if start.is_null() {
        return Ok(None);
    }
    let text = unsafe { CStr::from_ptr(start) }.to_str();
    text.map(Some).map_err(|_| Failure::new(libc::EINVAL, "A path is not UTF-8."))
}
