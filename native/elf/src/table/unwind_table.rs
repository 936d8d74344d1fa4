use super::gaps::{Gaps, SegmentEnds};
use super::signal_frames::{mark_signal_frames, mark_trampolines};
use crate::cfi::eh_frame::EhFrame;
use crate::code::crt_sections::crt_sections;
use crate::code::plt::plt_sections;
use crate::code::roots::mark_roots;
use crate::file::compressed_section::debug_frame_content;
use crate::file::elf_error::ElfError;
use crate::file::elf_file::ElfFile;
use crate::file::program_headers::Segment;
use crate::rows::counts::Counts;
use crate::rows::region::{is_covered, make_disjoint, next_start, Region, Source};
use crate::rows::row_builder::RowBuilder;
use crate::rows::rule::{Rule, UNWIND_END};
use crate::rows::table::UnwindTable;
use crate::synthesis::{add_from_code, length_to_thread_exit};

/// Entry code without CFI and without a symbol is at most this long: it loads the stack pointer and calls.
const MAX_ENTRY_BYTES: u64 = 64;
/// Start-up code and the PLT have that many in a program that is built without unwind tables.
pub(crate) const FEW_FDES: u32 = 8;
/// Bytes of .eh_frame per row, measured over 3,104 files, for the first allocation.
const BYTES_PER_ROW: usize = 6;

/// Builds the table from .eh_frame, and for what it leaves out from .debug_frame (programs that are built without unwind
/// tables have that, with debug information; Go's have nothing else), from the instructions of the PLT, of .init, .fini and
/// clone, and of all code that is left. Errors: [`ElfError::TooManyRows`] and [`ElfError::TooMuchWithoutCfi`].
///
/// Overlapping FDEs: an FDE ends where the next one begins, and of several that begin at the same address the first
/// in the file counts. That is what the binary search of libgcc's unwinder finds; an outer FDE does not resume
/// behind an inner one.
pub fn unwind_table(elf: &ElfFile<'_>) -> Result<UnwindTable, ElfError> {
    unwind_table_with(elf, elf)
}

/// With the .debug_frame of another file, which describes the same addresses: only its section counts, as the program
/// headers of a debug file lead to nothing.
pub(crate) fn unwind_table_with(elf: &ElfFile<'_>, debug: &ElfFile<'_>) -> Result<UnwindTable, ElfError> {
    let mut frame = EhFrame::find(elf);
    let mut segments: Vec<Segment> = elf.executable_segments().collect();
    segments.sort_by_key(|segment| segment.vaddr);

    let mut builder = RowBuilder::new((frame.byte_count() / BYTES_PER_ROW).min(UnwindTable::MAX_ROWS));
    let mut regions = frame.read_regions(&mut builder.counts);
    let readable = regions.len();
    let mut fixed = mark_signal_frames(elf, &frame, &mut regions);
    make_disjoint(&mut regions, &segments);
    builder.counts.unused_fdes += (readable - regions.len()) as u32;

    let debug_content = debug_frame_content(debug);
    let mut debug_frame = EhFrame::of_debug_frame(&debug_content);
    add_debug_regions(&mut debug_frame, &mut regions, &segments, &mut builder.counts);
    let marked = fixed.len();
    mark_roots(elf, &mut regions, &mut fixed);
    add_synthesized(elf, &mut regions, &segments, &mut fixed);
    builder.counts.synthesized_regions = (fixed.len() - marked) as u32;
    let clones = add_from_code(elf, &mut regions, &segments, &mut fixed, &mut builder.counts);
    if builder.counts.left_out_bytes > 0 && builder.counts.fdes + builder.counts.debug_fdes < FEW_FDES {
        return Err(ElfError::TooMuchWithoutCfi); // a table of gaps would keep walks from frame pointers
    }
    add_entry(elf, &mut regions, &segments, &mut fixed);
    let gaps = || Gaps { clones: &clones, segment_ends: SegmentEnds { segments: &segments, index: 0 } };
    let mut sources = Sources { frame, debug_frame, fixed };
    let before = builder.counts;
    push_regions(&mut sources, &regions, gaps(), &mut builder);
    if builder.needs_bx {
        // Seldom (the loader, hardly another): not worth a row for each save of rbx in all other files.
        builder = RowBuilder::new(builder.row_count());
        builder.counts = before;
        sources.follow_bx();
        push_regions(&mut sources, &regions, gaps(), &mut builder);
    }
    builder.end_threads(|address| {
        let length = length_to_thread_exit(elf.bytes_from_address(address)?)?;
        address.checked_add(length as u64)
    });
    if builder.is_full {
        return Err(ElfError::TooManyRows);
    }
    Ok(builder.finish())
}

/// Adds the FDEs of .debug_frame where .eh_frame has none.
fn add_debug_regions(
    debug_frame: &mut EhFrame<'_>,
    regions: &mut Vec<Region>,
    segments: &[Segment],
    counts: &mut Counts,
) {
    let mut unread = Counts::default();
    let mut added = debug_frame.read_regions(&mut unread);
    added.retain(|region| !is_covered(regions, region.start, region.end));
    if added.is_empty() {
        return;
    }
    for region in &mut added {
        if let Source::Fde(source) = region.source {
            region.source = Source::DebugFde(source);
        }
    }
    regions.append(&mut added);
    make_disjoint(regions, segments);
    let is_debug = |region: &&Region| matches!(region.source, Source::DebugFde(_));
    counts.debug_fdes = regions.iter().filter(is_debug).count() as u32;
}

/// Adds regions with a rule of our own where no FDE is, or says nothing of a signal; their rules behind those in `rules`.
fn add_synthesized(elf: &ElfFile<'_>, regions: &mut Vec<Region>, segments: &[Segment], rules: &mut Vec<Rule>) {
    mark_trampolines(elf, regions);
    let mut added = Vec::new();
    let mut add = |start, end, rule| {
        added.push(Region { start, end, source: Source::Fixed(rules.len() as u32) });
        rules.push(rule);
    };
    for parts in plt_sections(elf).into_iter().chain(crt_sections(elf)) {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            continue;
        };
        if !is_covered(regions, first.start, last.end) {
            parts.iter().for_each(|part| add(part.start, part.end, part.rule));
        }
    }
    regions.append(&mut added);
    make_disjoint(regions, segments);
}

/// The entry point, where its code could not be read.
fn add_entry(elf: &ElfFile<'_>, regions: &mut Vec<Region>, segments: &[Segment], rules: &mut Vec<Rule>) {
    if let Some((start, end)) = uncovered_entry(elf, regions) {
        regions.push(Region { start, end, source: Source::Fixed(rules.len() as u32) });
        rules.push(Rule::of_kind(UNWIND_END));
        make_disjoint(regions, segments);
    }
}

/// The range of an entry point that no FDE covers (`_start` in assembly): its symbol's, else up to the next FDE.
fn uncovered_entry(elf: &ElfFile<'_>, regions: &[Region]) -> Option<(u64, u64)> {
    let start = elf.entry();
    if start == 0 || is_covered(regions, start, start.checked_add(1)?) {
        return None;
    }
    let size = elf.symbol_size_at(start).unwrap_or(MAX_ENTRY_BYTES);
    let end = start.saturating_add(size);
    Some((start, next_start(regions, start).map_or(end, |next| end.min(next))))
}

/// What the regions' sources refer to.
struct Sources<'data> {
    frame: EhFrame<'data>,
    debug_frame: EhFrame<'data>,
    fixed: Vec<Rule>,
}

impl Sources<'_> {
    fn follow_bx(&mut self) {
        self.frame.follows_bx = true;
        self.debug_frame.follows_bx = true;
    }
}

fn push_regions(sources: &mut Sources<'_>, regions: &[Region], mut gaps: Gaps<'_>, builder: &mut RowBuilder) {
    let mut previous: Option<&Region> = None;
    for region in regions {
        if let Some(previous) = previous {
            gaps.push(previous, region.start, builder);
        }
        match region.source {
            Source::Fixed(index) => builder.push(region.start, sources.fixed[index as usize]),
            Source::Fde(source) => sources.frame.push_rows(source, region.start, region.end, builder),
            Source::DebugFde(source) => sources.debug_frame.push_rows(source, region.start, region.end, builder),
        }
        previous = Some(region);
    }
    if let Some(last) = previous {
        gaps.push_last(last, builder);
    }
}
