use crate::cfi::eh_frame::EhFrame;
use crate::code::clone_gap::{clone_rule, MAX_CLONE_BYTES};
use crate::code::crt_sections::crt_sections;
use crate::code::plt::plt_sections;
use crate::code::roots::mark_roots;
use crate::file::compressed_section::debug_frame_content;
use crate::file::elf_file::{ElfError, ElfFile, Segment};
use crate::rows::counts::Counts;
use crate::rows::region::{is_covered, make_disjoint, next_start, Region, Source};
use crate::rows::row_builder::RowBuilder;
use crate::rows::rule::{Rule, UNWIND_END, UNWIND_GAP, UNWIND_SIGNAL};
use crate::synthesis::{add_from_code, length_to_thread_exit};

/// Entry code without CFI and without a symbol is at most this long: it loads the stack pointer and calls.
const MAX_ENTRY_BYTES: u64 = 64;
const SYSCALL: &[u8] = &[0x0f, 0x05];
/// `mov $15, %rax`, `mov $15, %eax`, `push $15; pop %rax`, and `xor %eax, %eax; mov $15, %al`: rt_sigreturn's number.
const SIGRETURN: [&[u8]; 4] =
    [&[0x48, 0xc7, 0xc0, 15, 0, 0, 0], &[0xb8, 15, 0, 0, 0], &[0x6a, 15, 0x58], &[0x31, 0xc0, 0xb0, 15]];
/// Files have one or two; each costs a search through the program headers.
const MAX_TRAMPOLINES: usize = 64;
/// Start-up code and the PLT have that many in a program that is built without unwind tables.
pub(crate) const FEW_FDES: u32 = 8;
/// Bytes of .eh_frame per row, measured over 3,104 files, for the first allocation.
const BYTES_PER_ROW: usize = 6;

/// `rules[rule]` is in force from `address` to the next row's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    pub address: u64,
    pub rule: u32,
}

/// The unwind rules of a file, sorted by address (strictly ascending), with no two neighbours alike. Before the
/// first row there is no CFI. A GAP row stands at the end of each FDE that the next does not follow immediately;
/// all rows lie inside the executable segments, and a row is in force at most to the end of its segment.
#[derive(Clone, Default, Debug)]
pub struct UnwindTable {
    pub rows: Vec<Row>,
    /// Distinct, in the order of first use.
    pub rules: Vec<Rule>,
    pub counts: Counts,
}

impl UnwindTable {
    /// Twelve times the rows of the largest known file; bounds memory at 512 MiB.
    pub const MAX_ROWS: usize = 1 << 25;
    /// As many as a kernel-side row can number; real files have below 1,000.
    pub const MAX_RULES: usize = 1 << 20;

    /// The rule in force at an address; `None` before the first row.
    pub fn rule_at(&self, address: u64) -> Option<&Rule> {
        let behind = self.rows.partition_point(|row| row.address <= address);
        let row = self.rows[..behind].last()?;
        self.rules.get(row.rule as usize)
    }
}

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

/// Gives the rule of the kernel's signal frames to the trampolines among the FDEs with the augmentation S, and returns
/// it. The augmentation alone does not say that: coroutines have it on frames of their own, with rules of their own.
///
/// A trampoline that begins with its first instruction begins one byte before it from here on: that address is the
/// handler's return address, and those are looked up one byte before. glibc's CFI includes that byte, as libgcc's unwinder
/// looks up in the same way.
fn mark_signal_frames(elf: &ElfFile<'_>, frame: &EhFrame<'_>, regions: &mut [Region]) -> Vec<Rule> {
    let signal_frames = regions.iter_mut().filter(|region| match region.source {
        Source::Fde(source) => frame.is_signal_frame(source),
        Source::DebugFde(_) | Source::Fixed(_) => false,
    });
    for region in signal_frames.take(MAX_TRAMPOLINES) {
        let code = elf.bytes_from_address(region.start).unwrap_or_default();
        let begins_at_once = is_sigreturn(code);
        if begins_at_once || code.get(1..).is_some_and(is_sigreturn) {
            region.start = region.start.saturating_sub(begins_at_once.into());
            region.source = Source::Fixed(0);
        }
    }
    vec![Rule::of_kind(UNWIND_SIGNAL)]
}

fn is_sigreturn(code: &[u8]) -> bool {
    SIGRETURN.iter().any(|first| code.strip_prefix(*first).is_some_and(|rest| rest.starts_with(SYSCALL)))
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

/// .debug_frame has no mark for the trampoline of signal handlers: Go's is described as a function. The first byte
/// before it is included as in [`mark_signal_frames`].
fn mark_trampolines(elf: &ElfFile<'_>, regions: &mut [Region]) {
    let is_trampoline = |region: &&mut Region| {
        let code = || elf.bytes_from_address(region.start).unwrap_or_default();
        matches!(region.source, Source::DebugFde(_)) && is_sigreturn(code())
    };
    for region in regions.iter_mut().filter(is_trampoline).take(MAX_TRAMPOLINES) {
        region.start = region.start.saturating_sub(1);
        region.source = Source::Fixed(0);
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

/// Writes the rows between regions.
struct Gaps<'a> {
    /// System calls right behind an FDE, sorted.
    clones: &'a [u64],
    segment_ends: SegmentEnds<'a>,
}

impl Gaps<'_> {
    /// From the end of `previous` to `next_start`, where the next region begins.
    fn push(&mut self, previous: &Region, next_start: u64, builder: &mut RowBuilder) {
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
    fn push_last(&mut self, last: &Region, builder: &mut RowBuilder) {
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
struct SegmentEnds<'a> {
    segments: &'a [Segment],
    index: usize,
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
