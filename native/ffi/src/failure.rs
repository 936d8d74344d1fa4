//! An error as the ABI reports it: a negative errno and one sentence.

use std::cell::RefCell;

use bee_wire::frame::FrameError;

#[derive(Debug, Clone)]
pub struct Failure {
    pub code: i32,
    pub message: String,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(errno: i32, message: impl Into<String>) -> Self {
        Failure { code: -errno, message: message.into() }
    }

    pub fn from_io(what: &str, error: &std::io::Error) -> Self {
        Failure::new(error.raw_os_error().unwrap_or(libc::EIO), format!("{what}: {error}"))
    }

    /// Of a message that the sampler cannot have meant.
    pub fn malformed(what: impl std::fmt::Display) -> Self {
        Failure::new(libc::EPROTO, format!("The sampler's messages are malformed: {what}."))
    }

    /// Of frames that cannot be read.
    pub fn of_frames(error: FrameError) -> Self {
        match error {
            FrameError::Malformed(malformed) => Failure::malformed(malformed),
            FrameError::Io(error) => Failure::from_io("Receiving from the sampler failed", &error),
            FrameError::TooManyFiles => {
                Failure::new(libc::EMFILE, "This process may not open as many files as the target has mapped.")
            }
        }
    }

    /// The failure of the system call that has just returned -1.
    pub fn last_os_error(what: &str) -> Self {
        Failure::from_io(what, &std::io::Error::last_os_error())
    }
}

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the text for `bee_last_error` on this thread and gives the code back.
pub fn remember(failure: &Failure) -> i32 {
    LAST.with(|last| last.borrow_mut().clone_from(&failure.message));
    failure.code
}

pub fn last_message() -> String {
    LAST.with(|last| last.borrow().clone())
}
