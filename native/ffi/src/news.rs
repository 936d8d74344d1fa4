//! How a session tells its host that there is something to take, without a thread of the host's that waits for it.

use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};

use crate::failure::{Failure, Outcome};

/// A socket whose other end, the host's, is readable when there is news. What is written says nothing more.
pub struct News {
    ours: UnixStream,
    host: Mutex<Option<UnixStream>>,
}

impl News {
    pub fn new() -> Outcome<News> {
        let failed = |error| Failure::from_io("Cannot create a pair of sockets", &error);
        let (ours, host) = UnixStream::pair().map_err(failed)?;
        ours.set_nonblocking(true).and_then(|()| host.set_nonblocking(true)).map_err(failed)?;
        Ok(News { ours, host: Mutex::new(Some(host)) })
    }

    /// Where nothing more fits, the host has been told often enough. It may also have closed its end.
    pub fn announce(&self) {
        let byte = [1u8];
        // SAFETY: one byte of a live local.
        unsafe { libc::send(self.ours.as_raw_fd(), byte.as_ptr().cast(), 1, libc::MSG_NOSIGNAL) };
    }

    /// The host's end, which from now on is the host's to close. Once.
    pub fn take_host_end(&self) -> Outcome<RawFd> {
        let taken = self.host.lock().unwrap_or_else(PoisonError::into_inner).take();
        let end = taken.ok_or_else(|| Failure::new(libc::EALREADY, "The session's news is already listened to."))?;
        Ok(end.into_raw_fd())
    }
}
