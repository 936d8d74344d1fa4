//! What keeps `setup` from its work, for people.

use std::fmt;
use std::io;
use std::path::Path;

/// Why `setup` could not be carried out, and what to type.
#[derive(Debug)]
pub struct Obstacle {
    message: String,
    advice: String,
    /// Whether more rights would help.
    pub is_refused: bool,
}

pub type Done<T = ()> = Result<T, Obstacle>;

impl Obstacle {
    pub fn new(message: String, advice: String) -> Obstacle {
        Obstacle { message, advice, is_refused: false }
    }

    /// `attempted` reads as in "cannot ATTEMPTED PATH: permission denied".
    pub fn from_io(attempted: &str, path: &Path, error: &io::Error) -> Obstacle {
        let advice = match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => remount("rw", path),
            _ => String::new(),
        };
        // SAFETY: cannot fail.
        let is_root = unsafe { libc::geteuid() } == 0;
        Obstacle {
            message: format!("cannot {attempted} {}: {error}", path.display()),
            advice,
            is_refused: !is_root && error.kind() == io::ErrorKind::PermissionDenied,
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}", self.message)?;
        self.advice.lines().try_for_each(|line| write!(formatter, "\n  {line}"))
    }
}

/// What to type where the mount has the wrong option.
pub fn remount(option: &str, path: &Path) -> String {
    let place = path.ancestors().find(|path| path.is_dir()).unwrap_or(path);
    format!("mount -o remount,{option} \"$(stat -c %m {})\"", place.display())
}
