//! When memory over text is compared with it again: it may be mapped first and filled then, and the second is not told
//! of.

use std::collections::HashSet;

use crate::kernel::clock::monotonic_ns;

/// After memory was mapped over text.
const COMPARED_AGAIN_MS: [u64; 4] = [10, 50, 250, 1000];

#[derive(Default)]
pub struct Comparisons {
    /// Times and processes, the soonest first.
    due: Vec<(u64, u32)>,
}

impl Comparisons {
    /// In the place of what was to come for the process.
    pub fn schedule(&mut self, pid: u32) {
        let now_ns = monotonic_ns();
        self.forget(pid);
        self.due.extend(COMPARED_AGAIN_MS.map(|ms| (now_ns + ms * 1_000_000, pid)));
        self.due.sort_unstable();
    }

    /// Of a process that is no more.
    pub fn forget(&mut self, pid: u32) {
        self.due.retain(|(_, other)| *other != pid);
    }

    /// Processes whose time has come.
    pub fn take_due(&mut self) -> HashSet<u32> {
        let now_ns = monotonic_ns();
        let due = self.due.partition_point(|(due_ns, _)| *due_ns <= now_ns);
        self.due.drain(..due).map(|(_, pid)| pid).collect()
    }

    pub fn next_ns(&self) -> Option<u64> {
        self.due.first().map(|(due_ns, _)| *due_ns)
    }
}
