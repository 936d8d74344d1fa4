//! A process that cannot become another one while we hold it: a pid may be used again, its descriptor never.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};

/// A pidfd: readable when the process has ended.
pub fn open_pid(pid: u32) -> io::Result<File> {
    // SAFETY: a system call without memory.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as i32;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new descriptor of ours.
    Ok(unsafe { File::from_raw_fd(fd) })
}

pub fn has_ended(process: &File) -> bool {
    let mut poll = libc::pollfd { fd: process.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid pollfd; returns at once.
    unsafe { libc::poll(&mut poll, 1, 0) > 0 }
}
