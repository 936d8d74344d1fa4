use super::padding::padding_length;
use crate::code::plt::PLT_SECTIONS;
use crate::file::elf_file::ElfFile;
use crate::file::program_headers::Segment;
use crate::file::sections::Section;
use crate::rows::region::{Region, Source};

/// Code of one file that is looked at, in half a second and 80 MiB, which the start of a program waits for.
const MAX_BYTES: usize = 8 << 20;
/// In which BOLT leaves the functions that it has moved away, without anything that says so.
const LEFT_BY_BOLT: &str = ".bolt.org.text";
const SYSCALL: [u8; 2] = [0x0f, 0x05];

/// Code that no region covers, without the padding at both ends.
#[derive(Clone, Copy)]
pub(crate) struct Uncovered<'data> {
    pub start: u64,
    pub code: &'data [u8],
    /// The code begins where a function may begin: behind padding, or aligned.
    pub begins_function: bool,
    /// Functions may be looked for where no symbol is.
    pub may_guess: bool,
}

impl Uncovered<'_> {
    pub fn end(&self) -> u64 {
        self.start + self.code.len() as u64
    }
}

/// What is between the regions.
#[derive(Default)]
pub(crate) struct Gaps<'data> {
    /// In address order, [`MAX_BYTES`] in all.
    pub uncovered: Vec<Uncovered<'data>>,
    /// Bytes beyond that.
    pub left_out: u64,
    /// System calls right behind an FDE.
    pub system_calls: Vec<u64>,
}

/// Regions sorted and disjoint.
pub(crate) fn find_gaps<'data>(elf: &ElfFile<'data>, regions: &[Region], segments: &[Segment]) -> Gaps<'data> {
    let mut gaps = Gaps::default();
    let mut left = MAX_BYTES;
    for part in &code_parts(elf, segments) {
        let first = regions.partition_point(|region| region.end <= part.start);
        let mut start = part.start;
        let mut is_behind_fde = false;
        for region in &regions[first..] {
            if region.start >= part.end {
                break;
            }
            if start < region.start {
                part.add(start, region.start, is_behind_fde, &mut left, &mut gaps);
            }
            start = region.end;
            is_behind_fde = matches!(region.source, Source::Fde(_) | Source::DebugFde(_));
        }
        if start < part.end {
            part.add(start, part.end, is_behind_fde, &mut left, &mut gaps);
        }
    }
    gaps
}

/// A stretch of addresses that holds code.
struct CodePart<'data> {
    start: u64,
    end: u64,
    bytes: &'data [u8],
    may_guess: bool,
}

impl<'data> CodePart<'data> {
    /// `end` may lie behind the part's.
    fn add(&self, start: u64, end: u64, is_behind_fde: bool, left: &mut usize, gaps: &mut Gaps<'data>) {
        let offset = |address: u64| (address - self.start) as usize;
        let Some(code) = self.bytes.get(offset(start)..offset(end).min(self.bytes.len())) else { return };
        let padding = padding_length(code);
        let code = &code[padding..];
        if code.is_empty() {
            return;
        }
        if padding == 0 && is_behind_fde && code.starts_with(&SYSCALL) {
            return gaps.system_calls.push(start);
        }
        if code.len() > *left {
            gaps.left_out += code.len() as u64;
            return;
        }
        *left -= code.len();
        let start = start + padding as u64;
        let begins_function = padding > 0 || start % 16 == 0;
        gaps.uncovered.push(Uncovered { start, code, begins_function, may_guess: self.may_guess });
    }
}

/// The sections with code, which leave out what else lies in their segment; without section headers the segments.
/// PLT sections whose slots have no known shape are left out: they are not entered as functions are.
fn code_parts<'data>(elf: &ElfFile<'data>, segments: &[Segment]) -> Vec<CodePart<'data>> {
    let is_plt = |section: &Section| PLT_SECTIONS.iter().any(|name| elf.sections.is_named(section, name));
    let mut ranges: Vec<(u64, u64, bool)> = elf
        .sections
        .iter()
        .filter(|section| section.is_code() && !is_plt(section))
        .map(|section| {
            let end = section.address.saturating_add(section.size);
            (section.address, end, !elf.sections.is_named(&section, LEFT_BY_BOLT))
        })
        .collect();
    if ranges.is_empty() {
        ranges.extend(segments.iter().map(|segment| (segment.vaddr, segment.end(), true)));
    }
    ranges.sort_unstable();
    let mut parts = Vec::new();
    let mut behind = 0;
    for (start, end, may_guess) in ranges {
        let start = start.max(behind);
        let Some(segment) = segments.iter().find(|segment| segment.vaddr <= start && start < segment.end()) else {
            continue;
        };
        let end = end.min(segment.end());
        let Some(bytes) = elf.bytes_in_segment(segment, start).filter(|_| start < end) else { continue };
        let length = usize::try_from(end - start).unwrap_or(usize::MAX).min(bytes.len());
        parts.push(CodePart { start, end, bytes: &bytes[..length], may_guess });
        behind = end;
    }
    parts
}
