//! The unwind table of one ELF file, handed out in pieces: a million rows must not need the caller's memory at once.

use std::path::Path;

use bee_elf::{unwind_table_of, ElfFile, Rule, UnwindTable};

use super::regular_file::map;
use crate::failure::{Failure, Outcome};

/// `u64 address, u32 rule`, not aligned.
const ROW_BYTES: usize = 12;

/// The table that the sampler would load for the file at `path`.
pub fn read(path: &str) -> Outcome<UnwindTable> {
    let memory = map(path)?;
    let elf = ElfFile::parse(memory.bytes());
    let own_path = std::fs::canonicalize(path).unwrap_or_default();
    let open = |path: &Path| map(path.to_str()?).ok();
    elf.and_then(|elf| unwind_table_of(&elf, &own_path, open))
        .map_err(|error| Failure::new(libc::ENOEXEC, format!("Cannot read {path}: {error}.")))
}

/// The distinct rules, as bpf/unwind.h lays them out.
pub fn rule_bytes(table: &UnwindTable) -> Vec<u8> {
    table.rules.iter().flat_map(bytes_of_rule).collect()
}

/// As many whole rows from `first` on as fit into `capacity` bytes.
pub fn row_bytes(table: &UnwindTable, first: u64, capacity: u64) -> Vec<u8> {
    let first = usize::try_from(first).unwrap_or(usize::MAX).min(table.rows.len());
    let count = usize::try_from(capacity).unwrap_or(usize::MAX) / ROW_BYTES;
    let rows = table.rows[first..].iter().take(count);
    rows.flat_map(|row| row.address.to_le_bytes().into_iter().chain(row.rule.to_le_bytes())).collect()
}

fn bytes_of_rule(rule: &Rule) -> impl Iterator<Item = u8> {
    let small = [rule.kind, rule.cfa_register, rule.fp_kind, rule.bx];
    let rest = [rule.ra_words, rule.by];
    let offset = |value: i32| value.to_le_bytes();
    let add = rule.cfa_add.to_le_bytes();
    small.into_iter().chain(offset(rule.cfa_offset)).chain(add).chain(rest).chain(offset(rule.fp_offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bee_elf::Row;

    fn table() -> UnwindTable {
        let rows = (0..5).map(|index| Row { address: 0x1000 + index, rule: index as u32 }).collect();
        UnwindTable { rows, rules: vec![Rule::rsp_plus(8)], ..UnwindTable::default() }
    }

    #[test]
    fn pieces_together_are_the_rows_and_an_end_is_empty() {
        let pieces = [row_bytes(&table(), 0, 30), row_bytes(&table(), 2, 40), row_bytes(&table(), 5, 40)];
        assert_eq!(pieces.each_ref().map(Vec::len), [24, 36, 0]);
        assert_eq!(pieces.concat(), row_bytes(&table(), 0, u64::MAX));
        assert_eq!(row_bytes(&table(), u64::MAX, 100), []);
    }

    #[test]
    fn a_rule_has_the_bytes_of_the_header() {
        assert_eq!(rule_bytes(&table()), [2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
    }
}
