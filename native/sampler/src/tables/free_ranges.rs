//! What of an array nothing uses: ranges of entries, merged where they touch.

use std::collections::BTreeMap;
use std::ops::Range;

pub struct FreeRanges {
    end_by_start: BTreeMap<usize, usize>,
    free: usize,
}

impl FreeRanges {
    /// All entries of an array of that length.
    pub fn new(length: usize) -> FreeRanges {
        let mut ranges = FreeRanges { end_by_start: BTreeMap::new(), free: 0 };
        ranges.give_back(0..length);
        ranges
    }

    /// Number of free entries.
    pub fn free(&self) -> usize {
        self.free
    }

    /// The first entries that lie together; None when there are not as many.
    pub fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let (&start, &end) = self.end_by_start.iter().find(|(start, end)| *end - *start >= length)?;
        self.remove(start..end);
        self.give_back(start + length..end);
        Some(start..start + length)
    }

    /// The whole of the first free range that begins at `from` or behind it.
    pub fn take_next(&mut self, from: usize) -> Option<Range<usize>> {
        let (&start, &end) = self.end_by_start.range(from..).next()?;
        self.remove(start..end);
        Some(start..end)
    }

    pub fn give_back(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.free += range.len();
        let before = self.end_by_start.range(..range.start).next_back().filter(|(_, end)| **end == range.start);
        let start = before.map_or(range.start, |(start, _)| *start);
        let end = self.end_by_start.remove(&range.end).unwrap_or(range.end);
        self.end_by_start.insert(start, end);
    }

    fn remove(&mut self, range: Range<usize>) {
        self.end_by_start.remove(&range.start);
        self.free -= range.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        let mut ranges = FreeRanges::new(30);
        let taken: Vec<_> = (0..3).map(|_| ranges.take(10).unwrap()).collect();
        assert_eq!((ranges.take(1), ranges.free()), (None, 0));
        ranges.give_back(taken[0].clone());
        ranges.give_back(taken[2].clone());
        assert_eq!((ranges.take(11), ranges.free()), (None, 20));
        ranges.give_back(taken[1].clone());
        assert_eq!(ranges.take(30), Some(0..30));
    }

    #[test]
    fn the_next_range_is_taken_whole() {
        let mut ranges = FreeRanges::new(30);
        let hole = ranges.take(10).unwrap();
        ranges.take(5).unwrap();
        ranges.give_back(hole);
        assert_eq!(ranges.take_next(0), Some(0..10));
        assert_eq!(ranges.take_next(10), Some(15..30));
        assert_eq!((ranges.take_next(0), ranges.free()), (None, 0));
    }
}
