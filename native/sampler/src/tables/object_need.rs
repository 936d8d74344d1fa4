//! When objects are looked for that nobody needs any more.

/// Since its last use: a program that is started again and again keeps its tables.
const IDLE_NS: u64 = 10_000_000_000;
/// Numbers of objects in use, of 16,383, from which on nothing idle is kept.
const SCARCE: usize = 12_000;
/// Fewer are never many.
const FEW: usize = 1024;
/// Between looks for want of numbers, where processes do use as many.
const REST_NS: u64 = 1_000_000_000;

pub struct ObjectNeed {
    /// From so many on: twice as many as were left the last time, so that the memory for them is bounded whether or not
    /// the client asks for turns, and all comparisons with /proc together cost as much as the files.
    many: usize,
    looked_ns: u64,
    pub idle_ns: u64,
}

impl Default for ObjectNeed {
    fn default() -> ObjectNeed {
        ObjectNeed { many: FEW, looked_ns: 0, idle_ns: IDLE_NS }
    }
}

impl ObjectNeed {
    pub fn are_many(&self, in_use: usize) -> bool {
        in_use >= self.many
    }

    pub fn has_rested(&self, now_ns: u64) -> bool {
        now_ns - self.looked_ns > REST_NS
    }

    /// How long one that nobody uses is kept.
    pub fn kept_idle_ns(&self, in_use: usize) -> u64 {
        if in_use < SCARCE {
            self.idle_ns
        } else {
            0
        }
    }

    /// After a look.
    pub fn note_left(&mut self, in_use: usize, now_ns: u64) {
        self.looked_ns = now_ns;
        self.many = (2 * in_use).clamp(FEW, SCARCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_twice_as_many_as_were_left_and_scarce_ones_are_not_kept() {
        let mut need = ObjectNeed::default();
        assert!(need.are_many(FEW) && !need.are_many(FEW - 1));
        need.note_left(3000, 1);
        assert!(!need.are_many(5999) && need.are_many(6000) && !need.has_rested(REST_NS));
        need.note_left(9000, 1);
        assert!(need.are_many(SCARCE) && need.kept_idle_ns(SCARCE) == 0 && need.kept_idle_ns(6000) == IDLE_NS);
    }
}
