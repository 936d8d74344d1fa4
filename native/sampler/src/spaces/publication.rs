//! What the BPF programs are told of the processes' mappings.

use std::rc::Rc;

use crate::facts::Facts;
use crate::failure::Outcome;
use crate::kernel::clock::monotonic_ns;
use crate::kernel::engine::Engine;
use crate::kernel::record::Space;
use crate::problems::Problems;
use crate::spaces::mappings::fit;
use crate::spaces::process::Process;
use crate::spaces::space_ranges::{SpaceRange, SpaceRanges};
use crate::tables::row_format::first_step_log2;

/// What one search of the BPF program can cover.
const MAX_MAPPINGS: usize = 4096;

pub struct Publication {
    ranges: SpaceRanges,
}

impl Publication {
    pub fn new(engine: &Engine) -> Publication {
        Publication { ranges: SpaceRanges::new(u32::try_from(engine.mappings.len()).unwrap_or(u32::MAX)) }
    }

    /// When ranges were last used again before they had rested.
    pub fn woken_ns(&self) -> u64 {
        self.ranges.woken_ns
    }

    /// Copies the mappings to a range of the array, and names that range to the BPF programs.
    pub fn publish(
        &mut self,
        engine: &mut Engine,
        (pid, process): (u32, &mut Process),
        problems: &mut Problems,
    ) -> Outcome<()> {
        let mappings = fit(&process.mappings, MAX_MAPPINGS).unwrap_or_else(|fitted| {
            problems.add(Facts::of("too-many-mappings").number("pid", pid).number("most", MAX_MAPPINGS));
            fitted
        });
        let count = mappings.len();
        let mut note_no_room = || {
            problems.add(Facts::of("too-many-processes").number("pid", pid));
            process.must_publish = true; // with its next mapping
        };
        let Some(range) = self.ranges.allocate(count, monotonic_ns()) else {
            note_no_room();
            return Ok(());
        };
        engine.mappings.set_all(range.first as usize, &mappings);
        let log2_step = first_step_log2(count) as u32;
        let space = Space { first: range.first, count: count as u32, log2_step, generation: process.generation };
        if !engine.publish_space(pid, &space)? {
            note_no_room();
            self.ranges.release(range, monotonic_ns());
            return Ok(());
        }
        let replaced = process.range.replace(Rc::new(range));
        self.release(replaced, monotonic_ns()); // it was in use until here
        Ok(())
    }

    /// Of a process that uses it no more; the last one that shares it lets it rest.
    pub fn release(&mut self, range: Option<Rc<SpaceRange>>, now_ns: u64) {
        if let Some(range) = range.and_then(Rc::into_inner) {
            self.ranges.release(range, now_ns);
        }
    }
}
