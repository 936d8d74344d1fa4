use super::counts::{Cause, Counts};
use super::rule::{Rule, REGISTER_RBX, UNWIND_END};
use super::table::{Row, UnwindTable};

const NO_RULE: u32 = u32::MAX;
/// Files have one such row or none, unless they are made to cost time.
const MAX_FREED: usize = 64;
const FIRST_SLOTS: usize = 1024;

/// Appends rows in address order, merges equal neighbours and numbers the distinct rules.
pub(crate) struct RowBuilder {
    rows: Vec<Row>,
    rules: Vec<Rule>,
    /// Open-addressed index into `rules`, a power of two, at most half full. std's HashMap takes four times as long
    /// here, on the hottest line of the crate.
    slots: Vec<u32>,
    last_rule: u32,
    /// Which rows are UNSUPPORTED because the return address would lie below rsp.
    freed: Vec<usize>,
    pub counts: Counts,
    /// There is a CFA in rbx.
    pub needs_bx: bool,
    /// A limit was reached and rows were dropped.
    pub is_full: bool,
}

impl RowBuilder {
    pub fn new(expected_rows: usize) -> RowBuilder {
        RowBuilder {
            rows: Vec::with_capacity(expected_rows),
            rules: Vec::new(),
            slots: vec![NO_RULE; FIRST_SLOTS],
            last_rule: NO_RULE,
            freed: Vec::new(),
            counts: Counts::default(),
            needs_bx: false,
            is_full: false,
        }
    }

    /// The rule in force from the last row on.
    pub fn last_rule(&self) -> Option<Rule> {
        self.rules.get(self.last_rule as usize).copied()
    }

    /// `rule` is in force from `address`, which is above that of the last row.
    #[inline]
    pub fn push(&mut self, address: u64, rule: Rule) {
        let number = self.intern(rule);
        if number == self.last_rule {
            return;
        }
        if self.rows.len() >= UnwindTable::MAX_ROWS {
            self.is_full = true;
            return;
        }
        self.last_rule = number;
        self.counts.add_row(rule.kind);
        self.rows.push(Row { address, rule: number });
    }

    pub fn push_unsupported(&mut self, address: u64, rule: Rule, cause: Cause) {
        let before = self.counts.unsupported_rows;
        self.push(address, rule);
        if self.counts.unsupported_rows != before {
            self.counts.add_cause(cause);
            if cause == Cause::ReturnAddressFreed && self.freed.len() < MAX_FREED {
                self.freed.push(self.rows.len() - 1);
            }
        }
    }

    /// Rows with a freed return address whose code runs on to the end of its thread say so, up to where it ends; CFI of
    /// musl has that shape, as a script adds it to the assembly. `end_of_thread` gets a row's first address.
    pub fn end_threads(&mut self, end_of_thread: impl Fn(u64) -> Option<u64>) {
        let end = Rule::of_kind(UNWIND_END);
        // From the last, so that the places of the others stay.
        for index in std::mem::take(&mut self.freed).into_iter().rev() {
            let Row { address, rule } = self.rows[index];
            let Some(end_address) = end_of_thread(address) else { continue };
            let is_whole = self.rows.get(index + 1).is_some_and(|next| next.address <= end_address);
            self.counts.add_end_of_thread(is_whole);
            self.rows[index].rule = self.intern(end);
            if !is_whole {
                self.rows.insert(index + 1, Row { address: end_address, rule });
            }
        }
        self.rows.dedup_by_key(|row| row.rule);
    }

    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    pub fn finish(self) -> UnwindTable {
        UnwindTable { rows: self.rows, rules: self.rules, counts: self.counts }
    }

    #[inline]
    fn intern(&mut self, rule: Rule) -> u32 {
        let mask = self.slots.len() - 1;
        let mut slot = hash(&rule) & mask;
        loop {
            let number = self.slots[slot];
            if number == NO_RULE {
                return self.add_rule(rule, slot);
            }
            if self.rules[number as usize].words() == rule.words() {
                return number;
            }
            slot = (slot + 1) & mask;
        }
    }

    #[cold]
    fn add_rule(&mut self, rule: Rule, slot: usize) -> u32 {
        if self.rules.len() >= UnwindTable::MAX_RULES {
            self.is_full = true;
            return 0;
        }
        self.needs_bx |= rule.cfa_register == REGISTER_RBX;
        let number = self.rules.len() as u32;
        self.rules.push(rule);
        self.slots[slot] = number;
        if self.rules.len() * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let mut slots = vec![NO_RULE; mask + 1];
        for (number, rule) in self.rules.iter().enumerate() {
            let mut slot = hash(rule) & mask;
            while slots[slot] != NO_RULE {
                slot = (slot + 1) & mask;
            }
            slots[slot] = number as u32;
        }
        self.slots = slots;
    }
}

/// The high bits of a product with an odd constant (Fibonacci hashing): rules differ in few low bits of a word.
#[inline]
fn hash(rule: &Rule) -> usize {
    let (low, high) = rule.words();
    let mixed = (low ^ high.rotate_left(21)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize
}
