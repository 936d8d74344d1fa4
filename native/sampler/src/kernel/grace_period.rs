//! Waits until every walk of the BPF program that is under way has ended.

use std::io;

const MEMBARRIER_CMD_GLOBAL: i64 = 1;

/// BPF programs run inside RCU read sections, and this command of membarrier waits for all of those (as the
/// kernel's own BPF tests do it; 4 to 30 ms). A fixed time would be a guess where a virtual CPU stands still in a walk.
/// EINVAL under nohz_full, where the kernel does not offer it.
pub fn wait_for_walks() -> io::Result<()> {
    // SAFETY: no memory is passed.
    match unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
