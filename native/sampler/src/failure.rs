//! What ends a run: a name for programs, a sentence for people, the system's error where there is one.

use std::fmt;
use std::io;

#[derive(Debug)]
pub struct Failure {
    pub code: &'static str,
    pub message: String,
    pub errno: i32,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(code: &'static str, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), errno: 0 }
    }

    /// `attempted` reads as in "cannot ATTEMPTED: permission denied".
    pub fn from_io(code: &'static str, attempted: &str, error: &io::Error) -> Failure {
        let errno = error.raw_os_error().unwrap_or(0);
        Failure { code, message: format!("cannot {attempted}: {error}"), errno }
    }

    pub fn from_bpf(attempted: &str, error: &libbpf_rs::Error) -> Failure {
        let errno = match error.kind() {
            libbpf_rs::ErrorKind::PermissionDenied => libc::EPERM,
            libbpf_rs::ErrorKind::Unsupported => libc::ENOSYS,
            _ => 0,
        };
        Failure { code: "bpf", message: format!("cannot {attempted}: {error:#}"), errno }
    }

    pub fn to_json(&self) -> String {
        let message = json_text(&self.message);
        format!("{{\"code\":\"{}\",\"message\":{message},\"errno\":{}}}", self.code, self.errno)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}", self.message)
    }
}

/// A JSON string literal.
pub fn json_text(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            c if (c as u32) < 0x20 => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}
