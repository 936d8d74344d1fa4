//! Finds the row of a table by its content. Holds row numbers only, four bytes each: a map would hold each content a
//! second time.

const EMPTY: u32 = u32::MAX;
const FIRST_SLOTS: usize = 64;

#[derive(Default)]
pub struct RowIndex {
    /// A power of two, at most three quarters full.
    slots: Vec<u32>,
    used: usize,
}

impl RowIndex {
    pub fn find(&self, hash: u64, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != EMPTY {
            if is_same(self.slots[at]) {
                return Some(self.slots[at]);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Adds a row that `find` does not find; `hash_of` gives the hash of every row added before.
    pub fn insert(&mut self, hash: u64, row: u32, hash_of: impl Fn(u32) -> u64) {
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            self.grow(hash_of);
        }
        self.put(hash, row);
        self.used += 1;
    }

    fn grow(&mut self, hash_of: impl Fn(u32) -> u64) {
        let slots = (self.slots.len() * 2).max(FIRST_SLOTS);
        let rows = std::mem::replace(&mut self.slots, vec![EMPTY; slots]);
        for row in rows.into_iter().filter(|&row| row != EMPTY) {
            self.put(hash_of(row), row);
        }
    }

    fn put(&mut self, hash: u64, row: u32) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != EMPTY {
            at = (at + 1) & mask;
        }
        self.slots[at] = row;
    }
}

/// Folds a 128-bit product, so that every bit of both counts in the low ones.
pub fn mix(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word ^ 0x2d35_8dcc_aa6c_78a5) * 0x9e37_79b9_7f4a_7c15;
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_content_also_where_hashes_collide() {
        let rows: Vec<u64> = (0..1000).collect();
        let hash = |row: u32| rows[row as usize] % 7;
        let mut index = RowIndex::default();
        for row in 0..1000 {
            assert_eq!(index.find(hash(row), |other| other == row), None);
            index.insert(hash(row), row, hash);
        }
        assert!((0..1000).all(|row| index.find(hash(row), |other| other == row) == Some(row)));
    }
}
