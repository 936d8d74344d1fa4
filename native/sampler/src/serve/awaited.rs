//! Processes of whose end the client is told.

use std::fs::File;
use std::os::fd::AsRawFd;

#[derive(Default)]
pub struct Awaited {
    processes: Vec<(u32, File)>,
}

impl Awaited {
    /// `process`: a pidfd.
    pub fn add(&mut self, pid: u32, process: File) {
        self.processes.push((pid, process));
    }

    pub fn descriptors(&self) -> impl Iterator<Item = i32> + '_ {
        self.processes.iter().map(|(_, process)| process.as_raw_fd())
    }

    /// Those that have ended, out of what is ready.
    pub fn take_ended(&mut self, ready: &[i32]) -> Vec<u32> {
        let mut ended = Vec::new();
        self.processes.retain(|(pid, process)| {
            let has_ended = ready.contains(&process.as_raw_fd());
            if has_ended {
                ended.push(*pid);
            }
            !has_ended
        });
        ended
    }
}
