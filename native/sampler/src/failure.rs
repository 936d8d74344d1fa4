//! What ends a run, as facts: a code, the step that failed, and whatever the system or a library says of it. The client
//! makes the sentence.

use std::fmt;
use std::io;

use crate::facts::Facts;

#[derive(Debug)]
pub struct Failure {
    pub code: &'static str,
    pub what: What,
}

#[derive(Debug)]
pub enum What {
    /// `step` is a name that the client has words for; `subject`: a map, a path; `detail`: whatever the errno does not say.
    Step { step: &'static str, subject: String, errno: i32, detail: String },
    /// More than this user may take: what the session asks for, that with the user's others, and the most.
    Exceeded { need: u64, taken: u64, most: u64 },
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(code: &'static str, step: &'static str, detail: impl Into<String>) -> Failure {
        Failure::of_step(code, step, 0, detail.into())
    }

    pub fn from_io(code: &'static str, step: &'static str, error: &io::Error) -> Failure {
        match error.raw_os_error() {
            Some(errno) => Failure::of_step(code, step, errno, String::new()),
            None => Failure::of_step(code, step, 0, error.to_string()),
        }
    }

    pub fn from_bpf(step: &'static str, error: &libbpf_rs::Error) -> Failure {
        let errno = match error.kind() {
            libbpf_rs::ErrorKind::PermissionDenied => libc::EPERM,
            libbpf_rs::ErrorKind::Unsupported => libc::ENOSYS,
            _ => 0,
        };
        Failure::of_step("bpf", step, errno, format!("{error:#}"))
    }

    /// By us, as the kernel would.
    pub fn refused(code: &'static str, step: &'static str, why: impl Into<String>) -> Failure {
        Failure::of_step(code, step, libc::EPERM, why.into())
    }

    /// Of a map.
    pub fn full(step: &'static str, detail: impl Into<String>) -> Failure {
        Failure::of_step("bpf", step, libc::E2BIG, detail.into())
    }

    pub fn exceeded(code: &'static str, need: u64, taken: u64, most: u64) -> Failure {
        Failure { code, what: What::Exceeded { need, taken, most } }
    }

    /// Of a step: which one of several it was about.
    pub fn about(mut self, about: impl Into<String>) -> Failure {
        if let What::Step { subject, .. } = &mut self.what {
            *subject = about.into();
        }
        self
    }

    fn of_step(code: &'static str, step: &'static str, errno: i32, detail: String) -> Failure {
        Failure { code, what: What::Step { step, subject: String::new(), errno, detail } }
    }

    /// Only if it says all that is known of the cause.
    pub fn plain_errno(&self) -> Option<i32> {
        match &self.what {
            What::Step { detail, .. } if detail.is_empty() => self.errno(),
            _ => None,
        }
    }

    pub fn errno(&self) -> Option<i32> {
        match self.what {
            What::Step { errno, .. } if errno != 0 => Some(errno),
            _ => None,
        }
    }

    pub fn facts(&self) -> Facts {
        let facts = Facts::of(self.code);
        match &self.what {
            What::Step { step, subject, errno, detail } => {
                facts.text("step", step).text("subject", subject).number("errno", errno).text("detail", detail)
            }
            What::Exceeded { need, taken, most } => {
                facts.number("need", need).number("taken", taken).number("most", most)
            }
        }
    }
}

/// For the terminal, where there is no client yet who could say it in words.
impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match &self.what {
            What::Step { step, subject, errno, detail } => {
                let cause = match detail.as_str() {
                    "" => io::Error::from_raw_os_error(*errno).to_string(),
                    detail => detail.to_string(),
                };
                let known = [*step, subject, &cause];
                let known: Vec<&str> = known.into_iter().filter(|part| !part.is_empty()).collect();
                write!(formatter, "{}", known.join(": "))
            }
            What::Exceeded { need, taken, most } => write!(formatter, "{}: {need}, {taken} of {most}", self.code),
        }
    }
}
