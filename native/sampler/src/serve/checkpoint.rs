//! What the client has been told of the counts that the kernel keeps: it must have a whole profile up to a moment ago
//! when this process is killed. Stacks alone are not one: each came once, however often it was hit.

use std::collections::HashMap;
use std::time::Instant;

/// How much a killed sampler loses at most, while the next number does not stretch it.
const INTERVAL_NS: u64 = 1_000_000_000;
/// A checkpoint may cost a fifth of a percent of a CPU; reading all counts takes 1 ms, and more with many threads.
const COST_DIVISOR: u64 = 500;
const KEY_BYTES: usize = 16;
const ENTRY_BYTES: usize = KEY_BYTES + 8;

type Key = [u8; KEY_BYTES];

pub struct Checkpoints {
    told: HashMap<Key, u64>,
    taken: Instant,
    interval_ns: u64,
}

impl Checkpoints {
    pub fn new() -> Checkpoints {
        Checkpoints { told: HashMap::new(), taken: Instant::now(), interval_ns: INTERVAL_NS }
    }

    pub fn is_due(&self) -> bool {
        self.taken.elapsed().as_nanos() as u64 >= self.interval_ns
    }

    /// A checkpoint that began at `begin` is done.
    pub fn note_taken(&mut self, begin: Instant) {
        self.interval_ns = INTERVAL_NS.max(begin.elapsed().as_nanos() as u64 * COST_DIVISOR);
        self.taken = Instant::now();
    }

    /// What is news of all repetitions of an epoch that is over: the keys of the next one are others.
    pub fn close(&mut self, repetitions: &[u8]) -> Vec<u8> {
        let news = self.news(repetitions);
        self.told = HashMap::new();
        news
    }

    /// From all `{key, repetitions}` those that have grown, by how much.
    pub fn news(&mut self, repetitions: &[u8]) -> Vec<u8> {
        let mut news = Vec::new();
        for entry in repetitions.chunks_exact(ENTRY_BYTES) {
            let (key, count) = entry.split_at(KEY_BYTES);
            let (Ok(key), Ok(count)) = (Key::try_from(key), count.try_into().map(u64::from_le_bytes)) else { continue };
            let told = self.told.entry(key).or_insert(0);
            let more = count.saturating_sub(*told);
            if more > 0 {
                *told = count;
                news.extend_from_slice(&key);
                news.extend_from_slice(&more.to_le_bytes());
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(counts: &[(u8, u64)]) -> Vec<u8> {
        counts.iter().flat_map(|&(key, count)| [[key; KEY_BYTES].as_slice(), &count.to_le_bytes()].concat()).collect()
    }

    #[test]
    fn only_growth_is_news_and_it_adds_up() {
        let mut checkpoints = Checkpoints::new();
        assert_eq!(checkpoints.news(&entries(&[(1, 5), (2, 1)])), entries(&[(1, 5), (2, 1)]));
        assert_eq!(checkpoints.news(&entries(&[(2, 1), (1, 8), (3, 2)])), entries(&[(1, 3), (3, 2)]));
        assert_eq!(checkpoints.news(&entries(&[(1, 8), (2, 1), (3, 2)])), vec![]);
    }

    #[test]
    fn what_was_told_is_forgotten_with_its_epoch() {
        let mut checkpoints = Checkpoints::new();
        checkpoints.news(&entries(&[(1, 5)]));
        assert_eq!(checkpoints.close(&entries(&[(1, 7)])), entries(&[(1, 2)]));
        assert_eq!(checkpoints.news(&entries(&[(1, 3)])), entries(&[(1, 3)]));
    }
}
