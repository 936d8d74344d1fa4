//! Rules for code that no call frame information covers, from its instructions: the stack pointer and rbp are followed
//! from where a function begins along all of its paths.

mod gaps;
mod machine;
mod paths;
mod pieces;
mod rows;
mod thread_exit;

pub(crate) use thread_exit::length_to_thread_exit;

use gaps::starts::symbol_starts;
use gaps::uncovered::{find_gaps, Gaps, Uncovered};
use pieces::{Piece, Pieces};

use crate::file::elf_file::ElfFile;
use crate::file::program_headers::Segment;
use crate::rows::counts::Counts;
use crate::rows::region::{insert_disjoint, Region, Source};
use crate::rows::rule::{Rule, UNWIND_UNSUPPORTED};

/// Adds regions where none are, their rules behind those in `rules`. Regions sorted and disjoint, and so they stay. Returns
/// where system calls stand right behind an FDE; those are glibc's clone, and left out.
pub(crate) fn add_from_code(
    elf: &ElfFile<'_>,
    regions: &mut Vec<Region>,
    segments: &[Segment],
    rules: &mut Vec<Rule>,
    counts: &mut Counts,
) -> Vec<u64> {
    let Gaps { uncovered, left_out, system_calls } = find_gaps(elf, regions, segments);
    counts.left_out_bytes = left_out;
    let pieces = Pieces { elf, starts: &symbol_starts(elf, &uncovered), uncovered: &uncovered };
    let mut added = Vec::new();
    for (code, piece) in uncovered.iter().zip(pieces.follow()) {
        count(code, &piece, counts);
        added.extend(piece.ranges.iter().map(|range| {
            let source = Source::Fixed(rules.len() as u32);
            rules.push(range.rule);
            Region { start: range.start, end: range.end, source }
        }));
    }
    insert_disjoint(regions, &added);
    system_calls
}

fn count(code: &Uncovered<'_>, piece: &Piece, counts: &mut Counts) {
    let known = piece.ranges.iter().filter(|range| range.rule.kind != UNWIND_UNSUPPORTED);
    let known_bytes: u64 = known.map(|range| range.end - range.start).sum();
    counts.synthesized_functions += piece.functions;
    counts.synthesized_rows += piece.ranges.len() as u32;
    counts.unknown_bytes += code.code.len() as u64 - known_bytes;
}
