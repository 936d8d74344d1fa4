//! The wanted addresses, grouped by what has to be read for them.

use std::collections::BTreeMap;

use crate::failure::{Failure, Outcome};

const ENTRY_BYTES: usize = 16;

/// What one file, or the kernel, or the code that one process has made has to resolve.
pub struct Job {
    pub object: u32,
    /// Only of code that was made at run time.
    pub pid: u32,
    /// Sorted, each once.
    pub addresses: Vec<u64>,
}

pub struct Entry {
    pub address: u64,
    pub object: u32,
    pub pid: u32,
}

impl Entry {
    fn parse(bytes: &[u8]) -> Entry {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let address = u64::from(word(0)) | u64::from(word(4)) << 32;
        Entry { address, object: word(8), pid: word(12) }
    }

    /// Code that was made at run time belongs to a process; everything else is the same for all of them.
    pub fn job_key(&self) -> (u32, u32) {
        (self.object, if self.object == 0 { self.pid } else { 0 })
    }
}

/// Of `{u64 address, u32 object, u32 pid}` each.
pub fn parse_entries(bytes: &[u8]) -> Outcome<Vec<Entry>> {
    if !bytes.len().is_multiple_of(ENTRY_BYTES) {
        return Err(Failure::new(libc::EINVAL, "The entries are not a whole number of 16 bytes."));
    }
    Ok(bytes.chunks_exact(ENTRY_BYTES).map(Entry::parse).collect())
}

pub fn group(entries: &[Entry]) -> Vec<Job> {
    let mut groups = BTreeMap::<(u32, u32), Vec<u64>>::new();
    for entry in entries {
        groups.entry(entry.job_key()).or_default().push(entry.address);
    }
    let jobs = groups.into_iter().map(|((object, pid), mut addresses)| {
        addresses.sort_unstable();
        addresses.dedup();
        Job { object, pid, addresses }
    });
    jobs.collect()
}
