//! The socket on which a session waits for its sampler, and who may connect.

use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

use crate::failure::{Failure, Outcome};

/// Who connects must be able to write, whatever the umask.
pub fn listen(path: &str) -> Outcome<UnixListener> {
    bind(path).map_err(|error| Failure::from_io(&format!("Cannot listen on {path}"), &error))
}

fn bind(path: &str) -> std::io::Result<UnixListener> {
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// The sampler connects with the rights of whoever listens; the socket's directory keeps others out already.
pub fn is_trusted(stream: &UnixStream) -> Outcome<bool> {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: SO_PEERCRED writes one ucred.
    let result = unsafe {
        let out = (&raw mut peer).cast();
        libc::getsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, out, &mut length)
    };
    if result < 0 {
        return Err(Failure::last_os_error("Cannot tell who connected"));
    }
    // SAFETY: geteuid cannot fail.
    Ok(peer.uid == unsafe { libc::geteuid() })
}
