//! Files of processes, opened: what they have mapped, and what they or the caller name.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use crate::kernel::perf::side_band::NewMapping;
use crate::rights::access::Access;
use crate::tables::file::file_state::FileState;

/// A file that a process has mapped. What was mapped is what is read: the kernel's own link to it, and the path
/// in the process's root only where that link cannot be followed, the inode agrees, and the caller could open it
/// alone: in a mount namespace of its own it can bind anybody's file over a library.
pub fn open_mapped(access: &Access, pid: u32, new: &NewMapping) -> io::Result<File> {
    let link = format!("/proc/{pid}/map_files/{:x}-{:x}", new.begin, new.end);
    let followed = access.for_inspection(|| open_regular_file(Path::new(&link)));
    let Err(link_error) = followed else { return followed };
    let path = format!("/proc/{pid}/root{}", String::from_utf8_lossy(&new.path));
    let file = access.as_caller(|| open_regular_file(Path::new(&path))).map_err(|_| link_error)?;
    if FileState::of(&file.metadata()?).inode != new.identity.inode {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the file was replaced while it was mapped"));
    }
    Ok(file)
}

pub fn is_elf(file: &File) -> bool {
    let mut magic = [0; 4];
    file.read_exact_at(&mut magic, 0).is_ok() && &magic == b"\x7fELF"
}

/// A device or a pipe is not even opened: that alone can have an effect, or wait.
pub fn open_regular_file(path: &Path) -> io::Result<File> {
    let place = File::options().read(true).custom_flags(libc::O_PATH).open(path)?;
    if !place.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    File::open(format!("/proc/self/fd/{}", place.as_raw_fd()))
}
