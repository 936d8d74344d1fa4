//! `--check-unwinding`: every stack that the kernel program walks is walked a second time here, from the registers and
//! the stack of the very moment, and compared frame by frame, rules and ends included.
//!
//! Both are told the same. The mappings are read where the kernel program has read them: a range of that array is not
//! written again before it has rested, so a check younger than the rest sees what the walk saw, and an older one is left
//! out and counted. Rows, directories and rules are written before a mapping points to them, and change only where tables
//! make room for others: what is older than the last such change is left out too.

use std::fmt::Write;

use crate::clock::monotonic_ns;
use crate::engine::Engine;
use crate::objects::Objects;
use crate::record::*;
use crate::space_ranges::REST_NS;
use crate::walk::{unwind, Limits, Walked};

/// More would say the same again; all are counted.
const MAX_SHOWN: u64 = 5;
/// Of each stack from the first difference on.
const FRAMES_SHOWN: usize = 4;

#[derive(Default)]
pub struct UnwindingCheck {
    checked: u64,
    /// The slice of stack ended before the walk; as far as it went, the frames are the same.
    prefix_only: u64,
    differing: u64,
    late: u64,
}

impl UnwindingCheck {
    /// The difference, where there is one that is to be shown. `changed_ns`: when tables were last exchanged.
    pub fn examine(&mut self, check: &Check, engine: &Engine, limits: Limits, changed_ns: u64) -> Option<Difference> {
        let mappings = mappings_of(check, engine);
        let time_ns = check.snapshot.head.time_ns;
        if time_ns <= changed_ns || monotonic_ns().saturating_sub(time_ns) >= REST_NS {
            self.late += 1;
            return None;
        }
        let there = walked_in_kernel(check);
        let here = unwind(&check.snapshot, &mappings, engine.tables(), limits);
        self.checked += 1;
        if there == here {
            return None;
        }
        if here.outcome == OUTCOME_READ_FAULT && there.frames.starts_with(&here.frames) {
            self.prefix_only += 1;
            return None;
        }
        self.differing += 1;
        let StackHead { pid, tid, comm, .. } = check.snapshot.head;
        (self.differing <= MAX_SHOWN).then_some(Difference { pid, tid, comm, there, here })
    }

    /// A field of TOTALS, with its comma.
    pub fn totals(&self, lost: u64) -> String {
        let UnwindingCheck { checked, prefix_only, differing, late } = self;
        let unchecked = late + lost;
        format!(
            "\"unwindingCheck\":{{\"checked\":{checked},\"prefixOnly\":{prefix_only},\"differing\":{differing},\
             \"unchecked\":{unchecked}}},"
        )
    }
}

fn mappings_of(check: &Check, engine: &Engine) -> Vec<Mapping> {
    let first = check.space.first as usize;
    (first..first + check.space.count as usize).filter_map(|index| engine.mappings.get(index)).collect()
}

fn walked_in_kernel(check: &Check) -> Walked {
    let StackHead { user_frames, outcome, .. } = check.snapshot.head;
    Walked { frames: check.frames[..usize::from(user_frames).min(MAX_USER_FRAMES)].to_vec(), outcome }
}

pub struct Difference {
    pid: u32,
    tid: u32,
    comm: [u8; 16],
    there: Walked,
    here: Walked,
}

impl Difference {
    pub fn text(&self, objects: &Objects) -> String {
        let Difference { pid, tid, there, here, .. } = self;
        let comm = String::from_utf8_lossy(&self.comm);
        let same = there.frames.iter().zip(&here.frames).take_while(|(there, here)| there == here).count();
        let mut text = format!(
            "the two unwinders disagree about a stack of {} (process {pid}, thread {tid}) after {same} frames; \
             in the kernel {} frames, end {}; in the sampler {} frames, end {}",
            comm.trim_end_matches('\0'),
            there.frames.len(),
            OUTCOME_NAMES[usize::from(there.outcome)],
            here.frames.len(),
            OUTCOME_NAMES[usize::from(here.outcome)],
        );
        let length = there.frames.len().max(here.frames.len());
        for index in same.saturating_sub(1)..length.min(same + FRAMES_SHOWN) {
            let [there, here] = [there, here].map(|walked| frame_text(walked.frames.get(index), objects));
            let _ = write!(text, "\n  {index:4}  {there}  |  {here}");
        }
        text
    }
}

/// "libc.so.6+0x1234 cfi"
fn frame_text(frame: Option<&u64>, objects: &Objects) -> String {
    let Some(frame) = frame else { return "-".to_string() };
    let rule = (frame & FRAME_RULE_MASK) >> FRAME_RULE_SHIFT;
    let path = objects.get((frame >> FRAME_OBJECT_SHIFT) as u32).map(|object| String::from_utf8_lossy(&object.path));
    let path = path.unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    format!("{name}+{:#x} {}", frame & FRAME_ADDRESS_MASK, RULE_NAMES[rule as usize])
}
