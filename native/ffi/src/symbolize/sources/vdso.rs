//! The vdso has no file. Its image is the same in every process, so this process's own copy is read.

use std::fs::File;
use std::io::Write;
use std::os::fd::{FromRawFd, OwnedFd};

const SECTION_TABLE_OFFSET: usize = 40;
const SECTION_ENTRY_SIZE: usize = 58;
const HEADER_BYTES: usize = 64;
/// It is 8 KiB on current kernels; more than this is a misread header.
const MAX_BYTES: usize = 1 << 20;

/// The image as an anonymous file, readable like any other ELF.
pub fn open_image() -> Result<OwnedFd, String> {
    let image = image().ok_or("This process has no vdso to read.")?;
    // SAFETY: a C string literal; a non-negative result is a new descriptor.
    let descriptor = unsafe {
        let descriptor = libc::memfd_create(c"vdso".as_ptr(), libc::MFD_CLOEXEC);
        if descriptor < 0 {
            return Err(format!("Cannot copy the vdso: {}", std::io::Error::last_os_error()));
        }
        OwnedFd::from_raw_fd(descriptor)
    };
    let mut file = File::from(descriptor);
    file.write_all(image).map_err(|error| format!("Cannot copy the vdso: {error}"))?;
    Ok(file.into())
}

fn image() -> Option<&'static [u8]> {
    // SAFETY: the kernel maps the whole vdso at this address for the life of the process; the section table is its
    // last part, and the length is bounded before anything past the header is read.
    unsafe {
        let start = libc::getauxval(libc::AT_SYSINFO_EHDR) as *const u8;
        if start.is_null() {
            return None;
        }
        let header = std::slice::from_raw_parts(start, HEADER_BYTES);
        let length = section_table_end(header);
        (HEADER_BYTES..=MAX_BYTES).contains(&length).then(|| std::slice::from_raw_parts(start, length))
    }
}

fn section_table_end(header: &[u8]) -> usize {
    let half = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
    let offset = (0..8).fold(0usize, |sum, byte| sum | usize::from(header[SECTION_TABLE_OFFSET + byte]) << (8 * byte));
    offset.saturating_add(half(SECTION_ENTRY_SIZE) * half(SECTION_ENTRY_SIZE + 2))
}
