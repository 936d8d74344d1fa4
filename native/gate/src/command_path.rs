//! COMMAND as execvp finds it.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A name with a slash stands for itself, another is looked for along PATH.
pub fn resolve_command(name: &OsStr) -> io::Result<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return check_executable(Path::new(name)).map(|()| PathBuf::from(name));
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let mut refusal = io::Error::from_raw_os_error(libc::ENOENT);
    for directory in std::env::split_paths(&path) {
        let candidate = if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory }.join(name);
        match check_executable(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) if error.raw_os_error() == Some(libc::EACCES) => refusal = error,
            Err(_) => {}
        }
    }
    Err(refusal)
}

fn check_executable(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path)?.is_dir() {
        return Err(io::Error::from_raw_os_error(libc::EACCES));
    }
    let text = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: a valid C string.
    match unsafe { libc::access(text.as_ptr(), libc::X_OK) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
