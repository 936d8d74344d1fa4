//! Addresses → functions, lines and inlined frames. Work is grouped by object: each file is opened once, resolved
//! whole, and dropped before the next, so that memory follows the largest object and not their sum.

mod ahead;
mod answer;
mod dwarf;
mod jobs;
mod names;
mod sources;
mod symbol_cache;
mod symbolizer;
mod symbols;
mod table;
mod threads;
mod through_cache;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::failure::{Failure, Outcome};
pub use ahead::start as start_ahead;
use answer::Answer;
use bee_wire::KERNEL_OBJECT;
use jobs::{group, parse_entries, Job};
pub use names::style::Style;
use sources::generated;
pub use symbol_cache::cache::Settings;
pub use symbol_cache::disk::DiskCache;
pub use symbolizer::Symbolizer;
use through_cache::When;

/// Two: the target has ended or shares the machine, and one file is often most of the work.
const THREADS: usize = 2;

/// Resolves entries `{u64 address, u32 object, u32 pid}` into the symbol buffer of lib.rs.
pub fn symbolize(symbolizer: &Symbolizer, entries: &[u8], style: Style) -> Outcome<Vec<u8>> {
    let entries = parse_entries(entries)?;
    symbolizer.cache.end();
    let jobs = group(&entries);
    let answers = run(symbolizer, &jobs, style)?;
    let buffer = table::encode(&entries, &jobs, &answers);
    symbolizer.rest.after(release_memory);
    Ok(buffer)
}

/// Answers in the order of the jobs. The job with most addresses starts first.
fn run(symbolizer: &Symbolizer, jobs: &[Job], style: Style) -> Outcome<Vec<Answer>> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(jobs[index].addresses.len()));
    let next = AtomicUsize::new(0);
    let answers: Vec<Mutex<Option<Answer>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        while let Some(&index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer = answer(symbolizer, &jobs[index], style);
            *answers[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(jobs.len()) {
            threads::builder("bee-symbolize")
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

fn answer(symbolizer: &Symbolizer, job: &Job, style: Style) -> Answer {
    match job.object {
        KERNEL_OBJECT => through_cache::resolve_kernel(symbolizer, &job.addresses, When::AtTheEnd),
        0 => generated::resolve(&symbolizer.received, job.pid, &job.addresses),
        id => through_cache::resolve_elf(symbolizer, id, &job.addresses, style, When::AtTheEnd),
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
