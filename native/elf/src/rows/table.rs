//! The finished table of a file.

use super::counts::Counts;
use super::rule::Rule;

/// `rules[rule]` is in force from `address` to the next row's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    pub address: u64,
    pub rule: u32,
}

/// The unwind rules of a file, sorted by address (strictly ascending), with no two neighbours alike. Before the
/// first row there is no CFI. A GAP row stands at the end of each FDE that the next does not follow immediately;
/// all rows lie inside the executable segments, and a row is in force at most to the end of its segment.
#[derive(Clone, Default, Debug)]
pub struct UnwindTable {
    pub rows: Vec<Row>,
    /// Distinct, in the order of first use.
    pub rules: Vec<Rule>,
    pub counts: Counts,
}

impl UnwindTable {
    /// Twelve times the rows of the largest known file; bounds memory at 512 MiB.
    pub const MAX_ROWS: usize = 1 << 25;
    /// As many as a row of the BPF program can number; real files have below 1,000.
    pub const MAX_RULES: usize = 1 << 20;

    /// The rule in force at an address; `None` before the first row.
    pub fn rule_at(&self, address: u64) -> Option<&Rule> {
        let behind = self.rows.partition_point(|row| row.address <= address);
        let row = self.rows[..behind].last()?;
        self.rules.get(row.rule as usize)
    }
}
