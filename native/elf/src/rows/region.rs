use super::rule::Rule;
use crate::file::program_headers::Segment;

/// `start..end` and a rule of our own for it.
pub(crate) struct RuleRange {
    pub start: u64,
    pub end: u64,
    pub rule: Rule,
}

/// Addresses with one origin of their rules.
#[derive(Clone, Copy)]
pub(crate) struct Region {
    pub start: u64,
    pub end: u64,
    pub source: Source,
}

#[derive(Clone, Copy)]
pub(crate) enum Source {
    Fde(FdeSource),
    /// Of .debug_frame.
    DebugFde(FdeSource),
    /// Index into the rules of the synthesized regions.
    Fixed(u32),
}

/// Where an FDE's instructions are, and the number of its CIE.
#[derive(Clone, Copy)]
pub(crate) struct FdeSource {
    pub cie: u32,
    pub offset: u32,
    pub length: u32,
}

/// Sorts, drops what does not begin inside a segment or begins like an earlier one, cuts each at the next's start.
pub(crate) fn make_disjoint(regions: &mut Vec<Region>, segments: &[Segment]) {
    regions.sort_by_key(|region| region.start);
    clip_to_segments(regions, segments);
    regions.dedup_by_key(|region| region.start);
    for index in 1..regions.len() {
        let next = regions[index].start;
        let region = &mut regions[index - 1];
        region.end = region.end.min(next);
    }
}

/// Keeps the regions that begin inside a segment, cut at its end; both sorted by address. What is cut off can
/// neither be called nor sampled.
fn clip_to_segments(regions: &mut Vec<Region>, segments: &[Segment]) {
    let mut index = 0;
    regions.retain_mut(|region| {
        while segments.get(index).is_some_and(|segment| segment.end() <= region.start) {
            index += 1;
        }
        let Some(segment) = segments.get(index) else {
            return false;
        };
        region.end = region.end.min(segment.end());
        segment.vaddr <= region.start && region.start < region.end
    });
}

/// Merges regions that overlap none; both sorted. Few are added to many, so that sorting would look at all of them again.
pub(crate) fn insert_disjoint(regions: &mut Vec<Region>, added: &[Region]) {
    let mut kept = regions.len();
    let mut target = kept + added.len();
    regions.extend_from_slice(added);
    for region in added.iter().rev() {
        let behind = regions[..kept].partition_point(|it| it.start < region.start);
        target -= kept - behind + 1;
        regions.copy_within(behind..kept, target + 1);
        regions[target] = *region;
        kept = behind;
    }
}

/// Whether any region touches `start..end`. Regions sorted and disjoint.
pub(crate) fn is_covered(regions: &[Region], start: u64, end: u64) -> bool {
    let behind = regions.partition_point(|region| region.start < end);
    regions[..behind].last().is_some_and(|region| region.end > start)
}

/// The first address at or above `address` where a region begins.
pub(crate) fn next_start(regions: &[Region], address: u64) -> Option<u64> {
    let behind = regions.partition_point(|region| region.start < address);
    regions.get(behind).map(|region| region.start)
}
