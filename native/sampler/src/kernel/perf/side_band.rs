//! The kernel's news of processes: what the side-band records say, in the order in which it happened.

use std::collections::VecDeque;
use std::io;

use crate::failure::{Failure, Outcome};
use crate::kernel::perf::perf_events::{online_cpus, open_side_band_event, EventRing};

const RECORD_LOST: u32 = 2;
const RECORD_COMM: u32 = 3;
const RECORD_EXIT: u32 = 4;
const RECORD_FORK: u32 = 7;
const RECORD_MMAP2: u32 = 10;
const MISC_COMM_EXEC: u16 = 1 << 13;
const PROT_EXEC: u32 = 4;
/// Behind every record: pid, tid, time.
const TRAILER_BYTES: usize = 16;
const RING_PAGES: usize = 64;

/// The file behind a mapping as the kernel names it (not always as stat does: btrfs, overlayfs).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct FileIdentity {
    pub major: u32,
    pub minor: u32,
    pub inode: u64,
    pub generation: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewMapping {
    pub begin: u64,
    pub end: u64,
    pub file_offset: u64,
    pub identity: FileIdentity,
    pub path: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum News {
    Fork { parent: u32 },
    Exec,
    Mapped(NewMapping),
    Ended,
    Lost { records: u64 },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub time_ns: u64,
    pub pid: u32,
    pub news: News,
}

pub struct SideBand {
    rings: Vec<EventRing>,
    waiting: VecDeque<Item>,
}

impl SideBand {
    pub fn open() -> Outcome<SideBand> {
        let failure = |error: io::Error| Failure::from_io("perf-event", "open-side-band-events", &error);
        let open = |cpu| EventRing::map(open_side_band_event(cpu).map_err(failure)?, RING_PAGES);
        let rings: Outcome<Vec<_>> = online_cpus().map_err(failure)?.into_iter().map(open).collect();
        Ok(SideBand { rings: rings?, waiting: VecDeque::new() })
    }

    /// Until then nothing is reported: a build that runs before the first target would wake us for every process.
    pub fn enable(&self) -> io::Result<()> {
        self.rings.iter().try_for_each(|ring| ring.set_enabled(true))
    }

    pub fn descriptors(&self) -> impl Iterator<Item = i32> + '_ {
        self.rings.iter().map(EventRing::as_raw_fd)
    }

    /// Everything up to the moment of the call, oldest first. The CPUs' rings are read one after the other, so
    /// records younger than the call wait for the next one: nothing overtakes an older record of another CPU.
    pub fn take(&mut self) -> Vec<Item> {
        let horizon_ns = crate::kernel::clock::monotonic_ns();
        for ring in &mut self.rings {
            ring.drain(|kind, misc, body| self.waiting.extend(parse(kind, misc, body)));
        }
        self.waiting.make_contiguous().sort_by_key(|item| item.time_ns);
        let ready = self.waiting.partition_point(|item| item.time_ns <= horizon_ns);
        self.waiting.drain(..ready).collect()
    }

    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

fn word32(body: &[u8], offset: usize) -> u32 {
    body.get(offset..offset + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn word64(body: &[u8], offset: usize) -> u64 {
    body.get(offset..offset + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

fn parse(kind: u32, misc: u16, body: &[u8]) -> Option<Item> {
    if body.len() < TRAILER_BYTES {
        return None;
    }
    let time_ns = word64(body, body.len() - 8);
    let pid = word32(body, 0);
    let news = match kind {
        RECORD_LOST => return Some(Item { time_ns, pid: 0, news: News::Lost { records: word64(body, 8) } }),
        RECORD_COMM if misc & MISC_COMM_EXEC != 0 => News::Exec,
        RECORD_FORK => {
            let parent = word32(body, 4);
            if parent == pid {
                return None; /* a thread */
            }
            News::Fork { parent }
        }
        RECORD_EXIT if word32(body, 8) == pid => News::Ended,
        RECORD_MMAP2 if word32(body, 56) & PROT_EXEC != 0 => News::Mapped(parse_mapping(body)),
        _ => return None,
    };
    Some(Item { time_ns, pid, news })
}

/// pid, tid, addr, len, pgoff, maj, min, ino, ino_generation, prot, flags, filename, trailer.
fn parse_mapping(body: &[u8]) -> NewMapping {
    let begin = word64(body, 8);
    let name = &body[64.min(body.len() - TRAILER_BYTES)..body.len() - TRAILER_BYTES];
    let length = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    NewMapping {
        begin,
        end: begin.saturating_add(word64(body, 16)),
        file_offset: word64(body, 24),
        identity: FileIdentity {
            major: word32(body, 32),
            minor: word32(body, 36),
            inode: word64(body, 40),
            generation: word64(body, 48),
        },
        path: name[..length].to_vec(),
    }
}
