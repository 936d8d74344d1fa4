//! Copies of files that may be written again while they are mapped: what was just built is what is built anew, by a hot
//! reload or a loop that compiles and runs. What is parsed and symbolized is then the copy, in memory that nobody can
//! write or cut: a version that is gone from the disk keeps its symbols, and a file that is cut cannot end us.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::tables::file::file_memory::FileMemory;
use crate::tables::file::file_state::FileState;

/// Since its last change. Whoever rebuilds by hand does so every minute; what is older is mostly installed, and large.
const YOUNG_NS: i64 = 60_000_000_000;
/// Of one file: 2 GB/s make it 30 ms, for which a start has to wait.
const MAX_BYTES: u64 = 64 << 20;
/// Of all that are held at a time, shared by the sampler and its client.
const MAX_TOTAL_BYTES: u64 = 256 << 20;
/// Of those that are copied for want of descriptors.
pub const MAX_SMALL_BYTES: u64 = 1 << 20;

pub fn is_young(state: &FileState) -> bool {
    crate::kernel::clock::real_ns().saturating_sub(state.changed_ns) < YOUNG_NS
}

pub struct Copies {
    left: u64,
}

pub struct Copy {
    pub descriptor: OwnedFd,
    pub memory: FileMemory,
}

impl Copies {
    pub fn new() -> Copies {
        Copies { left: MAX_TOTAL_BYTES }
    }

    /// Of a copy that is gone.
    pub fn give_back(&mut self, bytes: usize) {
        self.left += bytes as u64;
    }

    /// None for what is too large, or was written meanwhile.
    pub fn make(&mut self, file: &File, state: &FileState) -> Option<Copy> {
        if state.size == 0 || state.size > MAX_BYTES || state.size > self.left {
            return None;
        }
        let copy = copy_sealed(file, state.size).ok()?;
        let is_same = FileState::of(&file.metadata().ok()?) == *state;
        let memory = is_same.then(|| FileMemory::map(&copy).ok())??;
        self.left -= state.size;
        Some(Copy { descriptor: copy.into(), memory })
    }
}

fn copy_sealed(file: &File, size: u64) -> io::Result<File> {
    // SAFETY: a C string; the result is a new descriptor of ours.
    let copy = unsafe {
        let descriptor = libc::memfd_create(c"bee-copy".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        File::from_raw_fd(descriptor)
    };
    let mut offset: libc::off_t = 0;
    while (offset as u64) < size {
        let rest = (size - offset as u64) as usize;
        // SAFETY: two descriptors, and an offset of this function's own.
        match unsafe { libc::sendfile(copy.as_raw_fd(), file.as_raw_fd(), &mut offset, rest) } {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            1.. => {}
            _ => return Err(io::Error::last_os_error()),
        }
    }
    let seals = libc::F_SEAL_WRITE | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: no memory is passed.
    match unsafe { libc::fcntl(copy.as_raw_fd(), libc::F_ADD_SEALS, seals) } {
        0 => Ok(copy),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn a_copy_stays_what_it_was_and_the_bytes_of_all_are_bounded() {
        let path = std::env::temp_dir().join(format!("bee-copied-{}", std::process::id()));
        std::fs::write(&path, "old content").unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        let state = FileState::of(&file.metadata().unwrap());
        assert!(is_young(&state) && !is_young(&FileState { changed_ns: state.changed_ns - YOUNG_NS, ..state }));
        let mut copies = Copies { left: 2 * state.size - 1 };
        let copy = copies.make(&file, &state).unwrap();
        file.write_all_at(b"new", 0).unwrap();
        assert_eq!(copy.memory.bytes(), b"old content");
        assert!(File::from(copy.descriptor).write_at(b"x", 0).is_err(), "it is sealed");
        assert!(copies.make(&file, &FileState::of(&file.metadata().unwrap())).is_none(), "no room");
        assert!(Copies::new().make(&file, &state).is_none(), "it is not that file any more");
        std::fs::remove_file(path).unwrap();
    }
}
