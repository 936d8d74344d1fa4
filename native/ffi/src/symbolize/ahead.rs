//! Symbolizes while the program runs, so that its end has little left to wait for. One thread of lower priority takes up
//! the frames that the samples have brought since it last looked, and computes at most a fifth of the time.
//!
//! Not of the lowest priority: where the program keeps all CPUs busy, such a thread gets a hundredth of one (measured:
//! 1.6 s for the first look), and it takes malloc's only lock, for which everything else in the process would wait.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::names::style::Style;
use super::symbolizer::Symbolizer;
use super::threads;
use super::through_cache::{resolve_elf, resolve_kernel, When};
use crate::failure::{Failure, Outcome};
use bee_wire::KERNEL_OBJECT;

const PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// Of the CPU time of a look: a unit is read whole for a single new address in it.
const PAUSE_FACTOR: u32 = 4;
/// 24 bytes each. What comes later is resolved at the end.
const MAX_SEEN: usize = 1 << 18;
/// Looked at in one go, for the receiver waits meanwhile.
const MAX_FRAMES: usize = 1 << 16;
/// A tenth of the weight of the program, where both want the same CPU.
const NICE: i32 = 10;

/// Until the session ends or its symbols are asked for.
pub fn start(symbolizer: &Arc<Symbolizer>, style: Style) -> Outcome<()> {
    let symbolizer = Arc::clone(symbolizer);
    let started = threads::builder("bee-ahead").spawn(move || run(&symbolizer, style));
    started.map(drop).map_err(|error| Failure::from_io("Cannot start the thread that symbolizes ahead", &error))
}

fn run(symbolizer: &Symbolizer, style: Style) {
    lower_priority();
    let mut seen = Seen::default();
    let mut pause = PAUSE;
    while !symbolizer.cache.is_over_within(pause) && seen.addresses.len() < MAX_SEEN {
        let begin = cpu_time();
        resolve(symbolizer, seen.new_addresses(symbolizer), style);
        pause = ((cpu_time() - begin) * PAUSE_FACTOR).clamp(PAUSE, MAX_PAUSE);
    }
}

fn resolve(symbolizer: &Symbolizer, addresses: BTreeMap<u32, Vec<u64>>, style: Style) {
    for (object, addresses) in addresses {
        if symbolizer.cache.is_over_within(Duration::ZERO) {
            return;
        }
        match object {
            KERNEL_OBJECT => resolve_kernel(symbolizer, &addresses, When::Ahead),
            id => resolve_elf(symbolizer, id, &addresses, style, When::Ahead),
        };
    }
}

#[derive(Default)]
struct Seen {
    /// The number of the next frame to look at.
    next: u64,
    addresses: HashSet<(u32, u64)>,
}

impl Seen {
    /// Of what can be resolved by now, sorted. Perf maps are still being written; code without a file has nothing else.
    fn new_addresses(&mut self, symbolizer: &Symbolizer) -> BTreeMap<u32, Vec<u64>> {
        let mut new = BTreeMap::<u32, Vec<u64>>::new();
        let (places, next) = symbolizer.received.samples().places_from(self.next, MAX_FRAMES);
        self.next = next;
        for (object, address) in places {
            if object != 0 && self.addresses.insert((object, address)) {
                new.entry(object).or_default().push(address);
            }
        }
        new.values_mut().for_each(|addresses| addresses.sort_unstable());
        new
    }
}

/// Of this thread, and of those that it starts.
fn lower_priority() {
    // SAFETY: no memory; 0 is the calling thread.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
}

/// Of this thread.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: one timespec of this function's own.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
