//! Results and the caller's memory, as every function of the ABI hands them over.

use std::ffi::{c_char, CStr};

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

/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
pub unsafe fn copy_out(bytes: &[u8], buffer: *mut u8, capacity: u64) -> i64 {
    if !buffer.is_null() && bytes.len() as u64 <= capacity {
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len()) };
    }
    bytes.len() as i64
}

/// Whether it was copied.
///
/// # Safety
/// `buffer` is NULL or has `capacity` writable bytes.
pub unsafe fn copy_whole(bytes: &[u8], buffer: *mut u8, capacity: u64) -> bool {
    unsafe { copy_out(bytes, buffer, capacity) };
    bytes.is_empty() || (!buffer.is_null() && bytes.len() as u64 <= capacity)
}

/// # Safety
/// `buffer` has `capacity` writable bytes, which nobody else uses meanwhile, or is NULL, which is no room.
pub unsafe fn room<'a>(buffer: *mut u8, capacity: u64) -> &'a mut [u8] {
    if buffer.is_null() || capacity == 0 || capacity > isize::MAX as u64 {
        return &mut [];
    }
    unsafe { std::slice::from_raw_parts_mut(buffer, capacity as usize) }
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
