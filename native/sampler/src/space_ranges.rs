//! Ranges of the mappings array, by powers of two. A freed range rests before it is used again: a walk that is
//! under way on another CPU may still read it.

use std::collections::VecDeque;

const SMALLEST_LOG2: u32 = 4;
pub const REST_NS: u64 = 200_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub first: u32,
    pub capacity: u32,
}

pub struct SpaceRanges {
    next: u32,
    end: u32,
    free: Vec<Vec<u32>>,
    resting: VecDeque<(u64, Range)>,
}

impl SpaceRanges {
    pub fn new(entries: u32) -> SpaceRanges {
        SpaceRanges { next: 0, end: entries, free: vec![Vec::new(); 33], resting: VecDeque::new() }
    }

    /// None when the array is full.
    pub fn allocate(&mut self, entries: usize, now_ns: u64) -> Option<Range> {
        self.wake(now_ns);
        let capacity = u32::try_from(entries).ok()?.max(1 << SMALLEST_LOG2).checked_next_power_of_two()?;
        if let Some(first) = self.free[capacity.ilog2() as usize].pop() {
            return Some(Range { first, capacity });
        }
        let first = self.next;
        self.next = first.checked_add(capacity).filter(|end| *end <= self.end)?;
        Some(Range { first, capacity })
    }

    pub fn release(&mut self, range: Range, now_ns: u64) {
        self.resting.push_back((now_ns, range));
    }

    fn wake(&mut self, now_ns: u64) {
        while self.resting.front().is_some_and(|(since_ns, _)| now_ns.saturating_sub(*since_ns) > REST_NS) {
            if let Some((_, range)) = self.resting.pop_front() {
                self.free[range.capacity.ilog2() as usize].push(range.first);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_range_rests_before_it_is_used_again() {
        let mut ranges = SpaceRanges::new(64);
        let first = ranges.allocate(3, 0).unwrap();
        assert_eq!(first, Range { first: 0, capacity: 16 });
        ranges.release(first, 0);
        assert_eq!(ranges.allocate(3, REST_NS).unwrap().first, 16);
        assert_eq!(ranges.allocate(3, REST_NS + 1).unwrap().first, 0);
    }

    #[test]
    fn a_full_array_says_so() {
        let mut ranges = SpaceRanges::new(32);
        assert!(ranges.allocate(17, 0).is_some());
        assert!(ranges.allocate(1, 0).is_none());
    }
}
