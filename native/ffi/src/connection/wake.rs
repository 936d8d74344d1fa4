//! A descriptor that ends the wait of another thread.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Instant;

use crate::failure::{Failure, Outcome};

/// Readable from `signal` on until `drain`.
pub struct Wake(OwnedFd);

impl Wake {
    pub fn new() -> Outcome<Wake> {
        // SAFETY: eventfd has no memory arguments; a non-negative result is a new descriptor.
        unsafe {
            let descriptor = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
            if descriptor < 0 {
                return Err(Failure::last_os_error("Cannot create an eventfd"));
            }
            Ok(Wake(OwnedFd::from_raw_fd(descriptor)))
        }
    }

    pub fn signal(&self) {
        let one = 1u64;
        // SAFETY: eight bytes of a live local. A full counter is signalled already.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    pub fn drain(&self) {
        let mut count = 0u64;
        // SAFETY: eight bytes into a live local; the descriptor does not block.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
    }

    /// True when `socket` is readable; false on timeout or when this is.
    pub fn poll_readable(&self, socket: RawFd, deadline: Instant) -> Outcome<bool> {
        loop {
            let mut polled =
                [socket, self.0.as_raw_fd()].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
            let left = deadline.saturating_duration_since(Instant::now()).as_millis().min(i32::MAX as u128) as i32;
            // SAFETY: an array of two pollfd and its length.
            let ready = unsafe { libc::poll(polled.as_mut_ptr(), 2, left) };
            if ready >= 0 {
                return Ok(polled[1].revents == 0 && polled[0].revents != 0);
            }
            if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
                return Err(Failure::last_os_error("Waiting for the sampler failed"));
            }
        }
    }
}
