use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::state::State;

pub(crate) type StateId = u32;
/// The number of [`State::UNKNOWN`].
pub(crate) const UNKNOWN: StateId = 0;
/// Large libraries come to some thousands; bounds memory at 100 MiB.
const MAX_STATES: usize = 1 << 18;

/// Each distinct state once. Functions begin alike and save the same registers, so that they are few.
pub(crate) struct StateTable {
    states: Vec<State>,
    ids: HashMap<State, StateId, WordHash>,
}

impl StateTable {
    pub fn new() -> StateTable {
        let mut table = StateTable { states: Vec::new(), ids: HashMap::default() };
        table.id_of(&State::UNKNOWN);
        table
    }

    pub fn state(&self, id: StateId) -> &State {
        &self.states[id as usize]
    }

    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// When there are too many, the new ones are unknown.
    pub fn id_of(&mut self, state: &State) -> StateId {
        if let Some(&id) = self.ids.get(state) {
            return id;
        }
        if self.states.len() >= MAX_STATES {
            return UNKNOWN;
        }
        let id = self.states.len() as StateId;
        self.states.push(*state);
        self.ids.insert(*state, id);
        id
    }

    pub fn meet(&mut self, one: StateId, other: StateId) -> StateId {
        if one == other {
            return one;
        }
        let met = self.state(one).meet(self.state(other));
        self.id_of(&met)
    }
}

/// Multiplies word by word, by a number that nobody knows who chooses the code: std's hash takes longer than the decoding.
#[derive(Clone)]
pub(crate) struct WordHash {
    multiplier: u64,
}

impl Default for WordHash {
    fn default() -> WordHash {
        WordHash { multiplier: RandomState::new().build_hasher().finish() | 1 }
    }
}

impl BuildHasher for WordHash {
    type Hasher = WordHasher;

    fn build_hasher(&self) -> WordHasher {
        WordHasher { multiplier: self.multiplier, hash: 0 }
    }
}

pub(crate) struct WordHasher {
    multiplier: u64,
    hash: u64,
}

impl WordHasher {
    fn add(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(23) ^ word).wrapping_mul(self.multiplier);
    }
}

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.hash ^ self.hash >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.add(u64::from(byte)));
    }

    fn write_u32(&mut self, word: u32) {
        self.add(u64::from(word));
    }

    fn write_i32(&mut self, word: i32) {
        self.add(u64::from(word as u32));
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.add(word as u64);
    }
}
