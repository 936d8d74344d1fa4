//! A regular file as memory.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;

use crate::failure::{Failure, Outcome};
use crate::file_memory::FileMemory;

/// Not blocked by a FIFO that stands where a program should.
pub fn map(path: &str) -> Outcome<FileMemory> {
    let failed = |error: &std::io::Error| Failure::from_io(&format!("Cannot read {path}"), error);
    let file: File =
        OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(|error| failed(&error))?;
    if !file.metadata().map_err(|error| failed(&error))?.is_file() {
        return Err(Failure::new(libc::ENOEXEC, format!("Cannot read {path}: not a regular file.")));
    }
    FileMemory::map(&file).map_err(|error| failed(&error))
}
