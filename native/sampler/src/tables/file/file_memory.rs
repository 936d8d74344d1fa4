//! A file as memory, read-only. Mapped and not read: of a 130 MB library only headers and CFI are ever touched.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

pub struct FileMemory {
    base: *mut libc::c_void,
    length: usize,
}

// SAFETY: read-only memory of the process, whatever thread reads it.
unsafe impl Send for FileMemory {}
// SAFETY: as above.
unsafe impl Sync for FileMemory {}

impl FileMemory {
    pub fn map(file: &File) -> io::Result<FileMemory> {
        let length = usize::try_from(file.metadata()?.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        if length == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
        }
        // SAFETY: a new private mapping, unmapped in drop.
        let base = unsafe {
            libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0)
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(FileMemory { base, length })
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for as long as self lives. A file that shrinks meanwhile ends this process with SIGBUS (not
        // a copy, file_copy.rs); whoever can write to the executables of the target could end the target the same way.
        unsafe { std::slice::from_raw_parts(self.base.cast(), self.length) }
    }
}

impl AsRef<[u8]> for FileMemory {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

impl Drop for FileMemory {
    fn drop(&mut self) {
        // SAFETY: unmaps what map() mapped.
        unsafe { libc::munmap(self.base, self.length) };
    }
}
