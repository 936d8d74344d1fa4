use std::ops::Range;

use crate::cfi::eh_frame::EhFrame;
use crate::file::elf_file::ElfFile;
use crate::file::program_headers::Segment;
use crate::rows::counts::Counts;
use crate::rows::region::make_disjoint;

/// Where the functions of a file begin and end by its FDEs, which `strip` leaves in place: sorted, disjoint, none
/// empty, inside the executable segments. One FDE is mostly one function; a part that the compiler moved away
/// (`.cold`) has an FDE of its own, and a linker covers its whole PLT with one.
#[derive(Clone, Default, Debug)]
pub struct FunctionRanges {
    ranges: Vec<Range<u64>>,
}

impl FunctionRanges {
    /// Reads every FDE's header and no instruction. Overlapping FDEs are cut as in [`crate::unwind_table`]. Empty
    /// for a file without .eh_frame.
    pub fn read(elf: &ElfFile<'_>) -> FunctionRanges {
        let mut segments: Vec<Segment> = elf.executable_segments().collect();
        segments.sort_by_key(|segment| segment.vaddr);
        let mut regions = EhFrame::find(elf).read_regions(&mut Counts::default());
        make_disjoint(&mut regions, &segments);
        FunctionRanges { ranges: regions.into_iter().map(|region| region.start..region.end).collect() }
    }

    pub fn as_slice(&self) -> &[Range<u64>] {
        &self.ranges
    }

    /// Where the function begins that holds the address; `None` where no FDE is (gaps, most PLTs of LLD).
    pub fn start_of(&self, address: u64) -> Option<u64> {
        let range = self.ranges[..self.count_up_to(address)].last()?;
        range.contains(&address).then_some(range.start)
    }

    /// Whether two addresses lie in the same function, or both in the same gap between functions.
    pub fn are_together(&self, one: u64, other: u64) -> bool {
        let is_same_neighbourhood = self.count_up_to(one) == self.count_up_to(other);
        is_same_neighbourhood && self.start_of(one) == self.start_of(other)
    }

    /// The first address behind this one where a function begins.
    pub fn next_start(&self, address: u64) -> Option<u64> {
        self.ranges.get(self.count_up_to(address)).map(|range| range.start)
    }

    /// The functions that begin at the address or below.
    fn count_up_to(&self, address: u64) -> usize {
        self.ranges.partition_point(|range| range.start <= address)
    }
}
