//! Rules for code that no call frame information covers, from its instructions: the stack pointer and rbp are followed
//! from where a function begins along all of its paths.
mod effect;
mod evidence;
mod flow;
mod functions;
mod padding;
mod rows;
mod starts;
mod state;
mod state_table;
mod uncovered;
mod value;
mod writes;

use evidence::drop_refuted;
use flow::{Flow, Trust};
use functions::{extents, follow_guesses, follow_jump_tables};
use rows::rule_ranges;
use starts::{symbol_starts, Start, StartKind};
use uncovered::{uncovered_code, Uncovered};

use crate::counts::Counts;
use crate::elf_file::{ElfFile, Segment};
use crate::region::{Region, RuleRange, Source};
use crate::rule::{Rule, UNWIND_UNSUPPORTED};

/// Adds regions where none are, their rules behind those in `rules`. Regions sorted and disjoint, and so they stay when
/// they are sorted again.
pub(crate) fn add_from_code(
    elf: &ElfFile<'_>,
    regions: &mut Vec<Region>,
    segments: &[Segment],
    rules: &mut Vec<Rule>,
    counts: &mut Counts,
) {
    let uncovered = uncovered_code(elf, regions, segments);
    let starts = symbol_starts(elf, &uncovered);
    let mut rest = &starts[..];
    for code in &uncovered {
        let before = rest.partition_point(|start| start.address < code.start);
        let inside = rest.partition_point(|start| start.address < code.end());
        let ranges = ranges_of(code, &rest[before..inside], elf.entry(), counts);
        rest = &rest[inside..];
        count(code, &ranges, counts);
        regions.extend(ranges.iter().map(|range| {
            let source = Source::Fixed(rules.len() as u32);
            rules.push(range.rule);
            Region { start: range.start, end: range.end, source }
        }));
    }
}

/// Of one piece of code, empty when nothing is known of it.
fn ranges_of(code: &Uncovered<'_>, starts: &[Start], entry: u64, counts: &mut Counts) -> Vec<RuleRange> {
    let has_entry = entry != 0 && (code.start..code.end()).contains(&entry);
    if starts.is_empty() && !has_entry && !code.may_guess {
        return Vec::new();
    }
    let offset = |address: u64| (address - code.start) as usize;
    let extents = extents(code, starts);
    let mut flow = Flow::new(code.start, code.code);
    flow.set_bounds(extents.iter().map(|extent| extent.start));
    if has_entry {
        flow.start_program(offset(entry));
    }
    for start in starts.iter().filter(|start| start.kind == StartKind::Function) {
        flow.start(offset(start.address), Trust::Sure);
    }
    flow.run();
    extents.iter().for_each(|&extent| follow_jump_tables(&mut flow, extent));
    for label in starts.iter().filter(|start| start.kind == StartKind::Label).map(|start| offset(start.address)) {
        if !flow.is_reached(label) {
            flow.start(label, Trust::Guessed);
            flow.run();
        }
    }
    if code.may_guess {
        follow_guesses(&mut flow, code, &extents);
    }
    if flow.is_exhausted() {
        return Vec::new();
    }
    drop_refuted(&mut flow);
    counts.synthesized_functions += flow.origins.function_count();
    rule_ranges(&flow, code.start)
}

fn count(code: &Uncovered<'_>, ranges: &[RuleRange], counts: &mut Counts) {
    let known = ranges.iter().filter(|range| range.rule.kind != UNWIND_UNSUPPORTED);
    let known_bytes: u64 = known.map(|range| range.end - range.start).sum();
    counts.synthesized_rows += ranges.len() as u32;
    counts.unknown_bytes += code.code.len() as u64 - known_bytes;
}
