//! An observed process and what it has mapped.

use std::ops::Range;
use std::rc::Rc;

use crate::kernel::perf::side_band::NewMapping;
use crate::kernel::record::Mapping;
use crate::spaces::mappings::is_jit;
use crate::spaces::space_ranges::SpaceRange;

/// Of pieces that are remembered as memory comes to lie over them: code that is compiled where many libraries were is not
/// compared for ever.
const MAX_COVERED: usize = 64;

#[derive(Default)]
pub struct Process {
    pub generation: u32,
    /// Sorted by begin, without overlap.
    pub mappings: Vec<Mapping>,
    /// Text of files over which memory lies or lay, whether or not it has the same bytes; until a file is mapped there.
    pub covered: Vec<Mapping>,
    /// Shared with the parent until one of the two maps something.
    pub range: Option<Rc<SpaceRange>>,
    pub must_publish: bool,
    pub has_ended: bool,
    /// Its children are not followed.
    pub is_alone: bool,
    /// Code has come to lie where other code was.
    pub has_other_code: bool,
}

impl Process {
    /// munmap is not reported: what is mapped later wins where the two overlap. Code without a file is one mapping where
    /// it touches: a compiler at run time maps thousands of pages one by one.
    pub fn insert(&mut self, mut new: Mapping) {
        let mut first = self.mappings.partition_point(|mapping| mapping.end <= new.begin);
        let mut end = self.mappings.partition_point(|mapping| mapping.begin < new.end);
        let is_new_jit = is_jit(&new);
        let joins = |mapping: &Mapping| is_new_jit && is_jit(mapping);
        if self.mappings[first..end]
            .iter()
            .filter(|old| joins(old))
            .any(|old| old.begin <= new.begin && new.end <= old.end)
        {
            return; // known
        }
        if let Some(before) = first.checked_sub(1).and_then(|index| self.mappings.get(index)).filter(|it| joins(it)) {
            first -= usize::from(before.end == new.begin);
        }
        if let Some(after) = self.mappings.get(end).filter(|it| joins(it)) {
            end += usize::from(after.begin == new.end);
        }
        let replaced = &self.mappings[first..end];
        self.has_other_code |= replaced.iter().any(|old| old.object != new.object);
        let mut head = replaced.first().copied().filter(|old| old.begin < new.begin);
        let mut tail = replaced.last().copied().filter(|old| old.end > new.end);
        new.begin = head.take_if(|old| joins(old)).map_or(new.begin, |old| old.begin);
        new.end = tail.take_if(|old| joins(old)).map_or(new.end, |old| old.end);
        let head = head.map(|old| Mapping { end: new.begin, ..old });
        let tail = tail.map(|old| Mapping { begin: new.end, ..old });
        self.mappings.splice(first..end, head.into_iter().chain([new]).chain(tail));
        self.must_publish = true;
    }

    /// Remembers the text of files over which memory comes to lie.
    pub fn cover(&mut self, memory: &Mapping) {
        let lies_under = |text: &&Mapping| text.begin < memory.end && memory.begin < text.end;
        let texts: Vec<Mapping> = self.mappings.iter().filter(lies_under).filter(|it| !is_jit(it)).copied().collect();
        for text in texts {
            let text = Mapping { begin: text.begin.max(memory.begin), end: text.end.min(memory.end), ..text };
            if !self.covered.contains(&text) && self.covered.len() < MAX_COVERED {
                self.covered.push(text);
            }
        }
    }

    /// Forgets what is not in `listed`: all executable mappings, sorted by begin.
    pub fn forget_unmapped(&mut self, listed: &[NewMapping]) {
        let is_listed = |mapping: &Mapping| {
            let next = listed.partition_point(|listed| listed.end <= mapping.begin);
            listed.get(next).is_some_and(|listed| listed.begin < mapping.end)
        };
        let count = self.mappings.len();
        self.mappings.retain(is_listed);
        self.covered.retain(is_listed);
        self.must_publish |= self.mappings.len() < count;
    }

    /// Where memory without a file lies in a range.
    pub fn jit_within(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let first = self.mappings.partition_point(|mapping| mapping.end <= range.start);
        let within = self.mappings[first..].iter().take_while(|mapping| mapping.begin < range.end);
        within.filter(|it| is_jit(it)).map(|it| it.begin.max(range.start)..it.end.min(range.end)).collect()
    }

    /// The child's, which has the same mapped.
    pub fn forked(&self) -> Process {
        Process {
            generation: self.generation,
            mappings: self.mappings.clone(),
            covered: self.covered.clone(),
            range: self.range.clone(),
            must_publish: self.must_publish,
            has_ended: false,
            is_alone: false,
            has_other_code: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::perf::side_band::FileIdentity;
    use crate::spaces::mappings::find_mapping;
    use crate::spaces::mappings::tests::{file, jit};

    fn process(mappings: &[Mapping]) -> Process {
        let mut process = Process::default();
        mappings.iter().for_each(|mapping| process.insert(*mapping));
        process
    }

    #[test]
    fn what_is_mapped_later_wins_and_leaves_the_rest() {
        let seen = process(&[file(10, 20, 1), file(30, 40, 2), file(5, 8, 3), file(15, 35, 4)]).mappings;
        assert_eq!(seen, [file(5, 8, 3), file(10, 15, 1), file(15, 35, 4), file(35, 40, 2)]);
        let seen = process(&[file(10, 40, 1), file(20, 30, 2)]).mappings;
        assert_eq!(seen, [file(10, 20, 1), file(20, 30, 2), file(30, 40, 1)]);
        assert_eq!(process(&[file(10, 20, 1), file(0, 50, 2)]).mappings, [file(0, 50, 2)]);
    }

    #[test]
    fn code_without_a_file_is_one_mapping_where_it_touches() {
        assert_eq!(process(&[jit(10, 20), jit(30, 40), jit(20, 30)]).mappings, [jit(10, 40)]);
        assert_eq!(process(&[jit(10, 20), jit(15, 30), jit(5, 12)]).mappings, [jit(5, 30)]);
        let beside_files = [file(0, 10, 1), jit(10, 20), file(20, 30, 2), jit(25, 30)];
        assert_eq!(process(&beside_files).mappings, [file(0, 10, 1), jit(10, 20), file(20, 25, 2), jit(25, 30)]);
    }

    #[test]
    fn what_is_not_mapped_any_more_is_forgotten() {
        let mut process = process(&[file(10, 20, 1), file(20, 30, 2), jit(40, 60), file(70, 80, 3)]);
        process.must_publish = false;
        let listed = |ranges: &[(u64, u64)]| -> Vec<NewMapping> {
            let mapping = |&(begin, end): &(u64, u64)| NewMapping {
                begin,
                end,
                file_offset: 0,
                identity: FileIdentity::default(),
                path: Vec::new(),
            };
            ranges.iter().map(mapping).collect()
        };
        process.forget_unmapped(&listed(&[(10, 20), (20, 30), (45, 50), (70, 80)]));
        assert!(!process.must_publish);
        process.forget_unmapped(&listed(&[(0, 20), (30, 60), (80, 90)]));
        assert!(process.must_publish);
        assert_eq!(process.mappings, [file(10, 20, 1), jit(40, 60)]);
    }

    #[test]
    fn code_that_is_known_is_not_published_again() {
        let mut process = process(&[jit(10, 40)]);
        process.must_publish = false;
        process.insert(jit(20, 30));
        assert!(!process.must_publish);
        process.insert(jit(20, 50));
        assert!(process.must_publish && process.mappings == [jit(10, 50)]);
    }

    #[test]
    fn any_order_of_many_gives_the_same_as_one_page_after_the_other() {
        let mut owner = [0u32; 200];
        let mut process = Process::default();
        let mut random = 1u64;
        for number in 1..500u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let begin = (random >> 33) % 190;
            let end = begin + 1 + (random >> 50) % 10;
            let object = if number % 3 == 0 { 0 } else { number };
            process.insert(if object == 0 { jit(begin, end) } else { file(begin, end, object) });
            owner[begin as usize..end as usize].fill(if object == 0 { u32::MAX } else { object });
            let at = |address: u64| find_mapping(&process.mappings, address);
            let found =
                (0..200).map(|address| at(address).map_or(0, |it| if is_jit(it) { u32::MAX } else { it.object }));
            assert!(found.eq(owner), "after {number}");
            assert!(process.mappings.windows(2).all(|pair| pair[0].end <= pair[1].begin));
        }
    }
}
