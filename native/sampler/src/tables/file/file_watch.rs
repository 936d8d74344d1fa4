//! News of writes into files that are mapped, so that samples meet the old content no longer than it takes to hear of it.
//! Files of which there is no such news (some network file systems, writes through a mapping) are looked at at each tick.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

pub struct FileWatch {
    /// None where inotify's instances are used up.
    descriptor: Option<OwnedFd>,
}

impl FileWatch {
    pub fn open() -> FileWatch {
        // SAFETY: no memory is passed, and a descriptor that comes back is ours.
        let descriptor = unsafe {
            let fd = libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC);
            (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))
        };
        FileWatch { descriptor }
    }

    pub fn descriptor(&self) -> Option<i32> {
        self.descriptor.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// By the file itself, whatever its path means. No more watches than the user may have: then there is no news of it.
    /// A file that is watched already keeps its number.
    pub fn add(&self, file: &File) -> Option<i32> {
        let descriptor = self.descriptor()?;
        let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
        // SAFETY: the path is a string with its end.
        let watch = unsafe { libc::inotify_add_watch(descriptor, path.as_ptr(), libc::IN_MODIFY) };
        (watch >= 0).then_some(watch)
    }

    /// One whose file is gone has ended already.
    pub fn remove(&self, watch: i32) {
        let Some(descriptor) = self.descriptor() else { return };
        // SAFETY: no memory is passed.
        unsafe { libc::inotify_rm_watch(descriptor, watch) };
    }

    /// Whether a file was written since the last call.
    pub fn take_news(&self) -> bool {
        const BYTES: usize = 4096;
        let Some(watch) = self.descriptor() else { return false };
        let mut events = [0u8; BYTES];
        let mut has_news = false;
        // SAFETY: the kernel writes at most the length of the array.
        while unsafe { libc::read(watch, events.as_mut_ptr().cast(), BYTES) } > 0 {
            has_news = true;
        }
        has_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{remove_file, write};

    #[test]
    fn a_write_is_news_once() {
        let path = std::env::temp_dir().join(format!("bee-watch-{}", std::process::id()));
        write(&path, "one").unwrap();
        let watch = FileWatch::open();
        watch.add(&File::open(&path).unwrap());
        assert!(!watch.take_news());
        write(&path, "two").unwrap();
        assert!(watch.take_news() && !watch.take_news());
        remove_file(path).unwrap();
    }
}
