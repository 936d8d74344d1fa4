//! What the scheduler has charged to threads that live.

use std::io;

/// (tid, CPU time so far in ns) of each thread of a process.
pub fn running_times(pid: u32) -> Vec<(u32, u64)> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let of_thread = |entry: io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        let tid = path.file_name()?.to_str()?.parse().ok()?;
        let text = std::fs::read_to_string(path.join("schedstat")).ok()?;
        Some((tid, text.split_whitespace().next()?.parse().ok()?))
    };
    threads.filter_map(of_thread).collect()
}
