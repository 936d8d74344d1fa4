//! `--check-unwinding`: every stack that the BPF program walks is walked a second time here, from the registers and
//! the stack of the very moment, and compared frame by frame, rules and ends included. What both have from the same rule
//! is then held against the code (plausibility.rs).
//!
//! Both walks are told the same. The mappings are read where the BPF program has read them: a range of that array is not
//! written again before it has rested, so a check younger than the rest sees what the walk saw, and an older one is left
//! out and counted. Rows, directories and rules are written before a mapping points to them, and change only where tables
//! make room for others; what is older than the last such change, or than a range that did not rest, is left out too.

use std::cell::Cell;

use bee_wire::protocol;

use crate::facts::Facts;
use crate::kernel::clock::monotonic_ns;
use crate::kernel::engine::Engine;
use crate::kernel::record::*;
use crate::kernel::settings::Limits;
use crate::rights::access::Access;
use crate::spaces::process_code::ProcessCode;
use crate::spaces::space_ranges::REST_NS;
use crate::tables::objects::Objects;
use crate::unwind::plausibility::{Examined, Plausibility};
use crate::unwind::stack_facts::{facts_of_stack, frame_text};
use crate::unwind::walk::{unwind, Surroundings, Walked};

/// More would repeat the same; all are counted.
const MAX_SHOWN: u64 = 5;
/// Of each stack from the first difference on.
const FRAMES_SHOWN: usize = 4;

/// What checks are made with.
pub struct Means<'a> {
    pub engine: &'a Engine,
    pub objects: &'a Objects,
    pub access: &'a Access,
    pub limits: Limits,
    /// When tables were last exchanged, or ranges of mappings used again without a rest.
    pub changed_ns: u64,
}

#[derive(Default)]
pub struct UnwindingCheck {
    plausibility: Plausibility,
    checked: u64,
    /// The slice of stack ended before the walk; as far as it went, the frames are the same.
    prefix_only: u64,
    differing: u64,
    late: u64,
}

impl UnwindingCheck {
    /// What of it is to be shown.
    pub fn examine(&mut self, check: &Check, means: &Means) -> Vec<Facts> {
        let time_ns = check.snapshot.head.time_ns;
        let mappings = mappings_of(check, means.engine);
        if time_ns <= means.changed_ns || monotonic_ns().saturating_sub(time_ns) >= REST_NS {
            self.late += 1;
            return Vec::new();
        }
        let pid = check.snapshot.head.pid;
        let code = ProcessCode { access: means.access, objects: means.objects, mappings: &mappings, pid };
        let is_unread = Cell::new(false);
        let read_eight = |address| {
            let eight = code.eight_at(address);
            is_unread.set(is_unread.get() || eight.is_none());
            eight
        };
        let around = Surroundings { mappings: &mappings, tables: &means.engine.tables, read_code: &read_eight };
        let walked = walked_in_kernel(check);
        let (head, objects) = (check.snapshot.head, means.objects);
        let read_code = |address, bytes: &mut [u8]| code.read(address, bytes);
        let examined = Examined { head, walked: &walked, around, read_code: &read_code, objects };
        let doubt = self.plausibility.examine(&examined);
        let again = unwind(&check.snapshot, around, means.limits);
        if walked != again && is_unread.get() {
            self.late += 1; // the process has ended, and its code, which decided, with it
            return Vec::new();
        }
        self.checked += 1;
        let difference = self.difference(&head, &walked, &again, objects);
        difference.into_iter().chain(doubt).collect()
    }

    pub fn forget_code(&mut self) {
        self.plausibility.forget_code();
    }

    fn difference(&mut self, head: &StackHead, there: &Walked, here: &Walked, objects: &Objects) -> Option<Facts> {
        if there == here {
            return None;
        }
        if here.outcome == OUTCOME_READ_FAULT && there.frames.starts_with(&here.frames) {
            self.prefix_only += 1;
            return None;
        }
        self.differing += 1;
        (self.differing <= MAX_SHOWN).then(|| facts(head, there, here, objects))
    }

    /// `lost`: checks that found no room in the ring.
    pub fn totals(&self, lost: u64) -> protocol::UnwindingCheck {
        let UnwindingCheck { checked, prefix_only, differing, late, .. } = *self;
        let Plausibility { impossible_callers, false_roots, .. } = self.plausibility;
        let unchecked = late + lost;
        protocol::UnwindingCheck { checked, prefix_only, differing, unchecked, impossible_callers, false_roots }
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

fn facts(head: &StackHead, there: &Walked, here: &Walked, objects: &Objects) -> Facts {
    let same = there.frames.iter().zip(&here.frames).take_while(|(there, here)| there == here).count();
    let length = there.frames.len().max(here.frames.len());
    let row = |index| {
        let frame = |walked: &Walked| walked.frames.get(index).map_or("-".to_string(), |it| frame_text(objects, *it));
        format!("{index:4}  {}  |  {}", frame(there), frame(here))
    };
    let rows: Vec<String> = (same.saturating_sub(1)..length.min(same + FRAMES_SHOWN)).map(row).collect();
    let facts = facts_of_stack("unwinding-difference", head, &rows).number("same", same);
    facts.walk("inKernel", &walk_facts(there)).walk("inSampler", &walk_facts(here))
}

fn walk_facts(walked: &Walked) -> protocol::Walk {
    let end = OUTCOME_NAMES[usize::from(walked.outcome)].to_string();
    protocol::Walk { frames: walked.frames.len() as u64, end }
}
