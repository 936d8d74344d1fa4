//! The rows between the regions of a table.

use crate::code::clone_gap::{clone_rule, MAX_CLONE_BYTES};
use crate::file::program_headers::Segment;
use crate::rows::region::Region;
use crate::rows::row_builder::RowBuilder;
use crate::rows::rule::{Rule, UNWIND_GAP};

/// Writes the rows between regions.
pub(crate) struct Gaps<'a> {
    /// System calls right behind an FDE, sorted.
    pub clones: &'a [u64],
    pub segment_ends: SegmentEnds<'a>,
}

impl Gaps<'_> {
    /// From the end of `previous` to `next_start`, where the next region begins.
    pub fn push(&mut self, previous: &Region, next_start: u64, builder: &mut RowBuilder) {
        if previous.end == next_start {
            return;
        }
        let clone_end = self.push_clone(previous, builder).min(next_start);
        let start = self.segment_ends.gap_start(clone_end, next_start);
        if start < next_start {
            builder.push(start, Rule::of_kind(UNWIND_GAP));
        }
    }

    /// Behind the last region.
    pub fn push_last(&mut self, last: &Region, builder: &mut RowBuilder) {
        let clone_end = self.push_clone(last, builder);
        if self.segment_ends.holds(clone_end) {
            builder.push(clone_end, Rule::of_kind(UNWIND_GAP));
        }
    }

    /// Returns where the row for a system call of clone ends at the latest; where there is none, the region's end.
    fn push_clone(&mut self, previous: &Region, builder: &mut RowBuilder) -> u64 {
        let start = previous.end;
        if self.clones.binary_search(&start).is_err() {
            return start;
        }
        let Some(rule) = builder.last_rule().and_then(|last| clone_rule(&last)) else {
            return start;
        };
        builder.push(start, rule);
        start.saturating_add(MAX_CLONE_BYTES)
    }
}

/// Walks the segments along with ascending addresses.
pub(crate) struct SegmentEnds<'a> {
    pub segments: &'a [Segment],
    pub index: usize,
}

impl SegmentEnds<'_> {
    /// Whether the address lies inside a segment.
    fn holds(&mut self, address: u64) -> bool {
        while self.current().is_some_and(|segment| segment.end() <= address) {
            self.index += 1;
        }
        self.current().is_some_and(|segment| segment.vaddr <= address)
    }

    /// Where a gap that reaches from `from` to `to` begins inside of the segments: at `from`, or at the start of
    /// the next segment when `from` is the end of one.
    fn gap_start(&mut self, from: u64, to: u64) -> u64 {
        if self.holds(from) {
            return from;
        }
        self.current().map_or(to, |segment| segment.vaddr.min(to))
    }

    fn current(&self) -> Option<&Segment> {
        self.segments.get(self.index)
    }
}
