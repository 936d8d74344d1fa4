//! Ranges of the mappings array. A freed range rests before it is used again: a walk that is under way on another CPU may
//! still read it. When nothing else is left, all that rest are woken at once, and the walks waited for.

use std::collections::VecDeque;

use crate::kernel::grace_period::wait_for_walks;
use crate::tables::free_ranges::FreeRanges;

/// Ranges are multiples of it, so that what is freed fits again.
const GRAIN: usize = 16;
pub const REST_NS: u64 = 200_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpaceRange {
    pub first: u32,
    pub capacity: u32,
}

pub struct SpaceRanges {
    free: FreeRanges,
    resting: VecDeque<(u64, SpaceRange)>,
    /// When ranges were last used again before they had rested.
    pub woken_ns: u64,
}

impl SpaceRanges {
    pub fn new(entries: u32) -> SpaceRanges {
        SpaceRanges { free: FreeRanges::new(entries as usize), resting: VecDeque::new(), woken_ns: 0 }
    }

    /// None when the array is full, also of ranges that do not rest.
    pub fn allocate(&mut self, entries: usize, now_ns: u64) -> Option<SpaceRange> {
        self.wake(now_ns);
        self.take(entries).or_else(|| {
            self.wake_all()?;
            self.take(entries)
        })
    }

    pub fn release(&mut self, range: SpaceRange, now_ns: u64) {
        self.resting.push_back((now_ns, range));
    }

    fn take(&mut self, entries: usize) -> Option<SpaceRange> {
        let taken = self.free.take(entries.max(1).next_multiple_of(GRAIN))?;
        Some(SpaceRange { first: taken.start as u32, capacity: taken.len() as u32 })
    }

    fn wake(&mut self, now_ns: u64) {
        while self.resting.front().is_some_and(|(since_ns, _)| now_ns.saturating_sub(*since_ns) > REST_NS) {
            self.wake_first();
        }
    }

    /// None when none rests, or where walks cannot be waited for.
    fn wake_all(&mut self) -> Option<()> {
        if self.resting.is_empty() {
            return None;
        }
        wait_for_walks().ok()?;
        while !self.resting.is_empty() {
            self.wake_first();
        }
        self.woken_ns = crate::kernel::clock::monotonic_ns();
        Some(())
    }

    fn wake_first(&mut self) {
        if let Some((_, SpaceRange { first, capacity })) = self.resting.pop_front() {
            self.free.give_back(first as usize..(first + capacity) as usize);
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
        assert_eq!(first, SpaceRange { first: 0, capacity: 16 });
        ranges.release(first, 0);
        assert_eq!(ranges.allocate(3, REST_NS).unwrap().first, 16);
        assert_eq!(ranges.allocate(3, REST_NS + 1).unwrap().first, 0);
    }

    #[test]
    fn when_nothing_else_is_left_all_that_rest_are_woken_and_it_is_known_when() {
        let mut ranges = SpaceRanges::new(64);
        let held = ranges.allocate(16, 0).unwrap();
        let freed = [ranges.allocate(16, 0).unwrap(), ranges.allocate(32, 0).unwrap()];
        freed.into_iter().for_each(|range| ranges.release(range, 0));
        assert_eq!(ranges.woken_ns, 0);
        if wait_for_walks().is_err() {
            return; // nohz_full
        }
        assert_eq!(ranges.allocate(48, 1).unwrap(), SpaceRange { first: held.capacity, capacity: 48 });
        assert!(ranges.woken_ns > 0 && ranges.allocate(1, 2).is_none());
    }

    #[test]
    fn a_full_array_says_so() {
        let mut ranges = SpaceRanges::new(32);
        assert!(ranges.allocate(17, 0).is_some());
        assert!(ranges.allocate(1, 0).is_none());
    }
}
