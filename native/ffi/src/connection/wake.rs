//! A descriptor that ends the wait of another thread.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use crate::failure::{Failure, Outcome};

/// Readable from `signal` on.
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

    /// Blocks until `socket` is readable, or this is.
    pub fn wait_for(&self, socket: RawFd) -> Outcome<()> {
        loop {
            let mut polled =
                [socket, self.0.as_raw_fd()].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
            // SAFETY: an array of two pollfd and its length.
            if unsafe { libc::poll(polled.as_mut_ptr(), 2, -1) } >= 0 {
                return Ok(());
            }
            if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
                return Err(Failure::last_os_error("Waiting for the sampler failed"));
            }
        }
    }
}
