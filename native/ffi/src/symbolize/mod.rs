//! Addresses → functions, lines and inlined frames. Work is grouped by object: each file is opened once, resolved
//! whole, and dropped before the next, so that memory follows the largest object and not their sum.

mod ahead;
mod dwarf;
mod names;
mod sources;
mod symbol_cache;
mod symbols;
mod table;
mod through_cache;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::connection::sampler_connection::Session;
use crate::failure::{Failure, Outcome};
use crate::protocol::KERNEL_OBJECT;
pub use ahead::start as start_ahead;
pub use names::style::Style;
use sources::generated;
pub use sources::perf_map::open_trusted;
pub use symbol_cache::cache::{Kept, Settings};
pub use symbol_cache::disk::DiskCache;
pub use symbol_cache::key::Key;
use symbols::Symbols;
use through_cache::When;

const ENTRY_BYTES: usize = 16;
/// Two: the target has ended or shares the machine, and one file is often most of the work.
const THREADS: usize = 2;
/// Demanglers and DWARF readers recurse; koffi's own thread has 128 KiB.
const STACK_BYTES: usize = 8 << 20;

/// What one file, or the kernel, or the code that one process has made has to resolve.
struct Job {
    object: u32,
    /// Only of code that was made at run time.
    pid: u32,
    /// Sorted, each once.
    addresses: Vec<u64>,
}

/// A job's answer: symbols for its addresses in order, and what went wrong.
pub struct Answer {
    pub symbols: Symbols,
    pub problem: Option<Problem>,
    /// It depends on more files than a later run could compare.
    pub is_spread: bool,
}

impl Answer {
    fn new(symbols: Symbols, problem: Option<Problem>) -> Answer {
        Answer { symbols, problem, is_spread: false }
    }

    /// Of a file whose content is gone.
    fn replaced(addresses: &[u64]) -> Answer {
        Answer::new(Symbols::replaced_files(addresses.len()), None)
    }

    fn unresolved(addresses: &[u64]) -> Answer {
        Answer::new(Symbols::unresolved(addresses.len()), None)
    }
}

pub struct Problem {
    pub object: u32,
    pub path: String,
    pub message: String,
}

/// Resolves entries `{u64 address, u32 object, u32 pid}` into the symbol buffer of lib.rs.
pub fn symbolize(session: &Session, entries: &[u8], style: Style) -> Outcome<Vec<u8>> {
    if !entries.len().is_multiple_of(ENTRY_BYTES) {
        return Err(Failure::new(libc::EINVAL, "The entries are not a whole number of 16 bytes."));
    }
    let entries: Vec<Entry> = entries.chunks_exact(ENTRY_BYTES).map(Entry::parse).collect();
    session.kept().end();
    let jobs = group(&entries);
    let answers = run(session, &jobs, style)?;
    let buffer = table::encode(&entries, &jobs, &answers);
    release_memory();
    Ok(buffer)
}

struct Entry {
    address: u64,
    object: u32,
    pid: u32,
}

impl Entry {
    fn parse(bytes: &[u8]) -> Entry {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let address = u64::from(word(0)) | u64::from(word(4)) << 32;
        Entry { address, object: word(8), pid: word(12) }
    }

    /// Code that was made at run time belongs to a process; everything else is the same for all of them.
    fn job_key(&self) -> (u32, u32) {
        (self.object, if self.object == 0 { self.pid } else { 0 })
    }
}

fn group(entries: &[Entry]) -> Vec<Job> {
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

/// Answers in the order of the jobs. The job with most addresses starts first.
fn run(session: &Session, jobs: &[Job], style: Style) -> Outcome<Vec<Answer>> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(jobs[index].addresses.len()));
    let next = AtomicUsize::new(0);
    let answers: Vec<Mutex<Option<Answer>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        while let Some(&index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer = answer(session, &jobs[index], style);
            *answers[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(jobs.len()) {
            let builder = std::thread::Builder::new().name("bee-symbolize".into()).stack_size(STACK_BYTES);
            builder
                .spawn_scoped(scope, work)
                .map_err(|error| Failure::from_io("Cannot start a symbolizing thread", &error))?;
        }
        Ok(())
    })?;
    let finished = answers.into_iter().zip(jobs).map(|(answer, job)| {
        let answer = answer.into_inner().unwrap_or_else(PoisonError::into_inner);
        answer.unwrap_or_else(|| Answer::unresolved(&job.addresses))
    });
    Ok(finished.collect())
}

fn answer(session: &Session, job: &Job, style: Style) -> Answer {
    match job.object {
        KERNEL_OBJECT => through_cache::resolve_kernel(session, &job.addresses, When::AtTheEnd),
        0 => generated::resolve(session, job.pid, &job.addresses),
        id => through_cache::resolve_elf(session, id, &job.addresses, style, When::AtTheEnd),
    }
}

/// The allocator keeps freed DWARF tables in its arenas; this process lives on to render.
fn release_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
