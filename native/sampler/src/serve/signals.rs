//! Signals are the client's business: what is sent to its process group is meant for the program that is profiled, and a
//! sampler that one of them ends, or stops, takes the profile with it. It ends when its client does.

use std::io;

/// All that can be ignored, but for the end of children.
pub fn ignore_all() {
    for signal in (1..=libc::SIGRTMAX()).filter(|&signal| signal != libc::SIGCHLD) {
        // SAFETY: no handler is installed; a signal that cannot be ignored is refused.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Into a process group of its own, in the session that it was started in: not even SIGKILL to the group reaches it.
pub fn leave_group() {
    // SAFETY: no memory is passed; the leader of a session is refused, and has left already.
    unsafe { libc::setpgid(0, 0) };
}

/// What sudo started goes on without it: sudo stays in the client's process group, where some signals end it, and ends
/// its command with itself. False in the process that is to end now, with which sudo ends.
pub fn leave_starter() -> io::Result<bool> {
    // SAFETY: single-threaded.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => enter_own_session().map(|()| true),
        _ => Ok(false),
    }
}

/// Standard streams may be those of a terminal that sudo made, and go with it.
fn enter_own_session() -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    // SAFETY: numbers alone; a forked process leads no group, so that setsid succeeds.
    unsafe {
        libc::setsid();
        for stream in 0..=2 {
            libc::dup2(null.as_raw_fd(), stream);
        }
    }
    Ok(())
}
