//! Mappings of a process as the BPF programs search them: sorted by begin, without overlap.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::kernel::record::{Mapping, MAPPING_JIT, MAPPING_TABLE};
use crate::tables::row_format::TableSlot;

/// `mappings`: sorted by begin, without overlap.
pub fn find_mapping(mappings: &[Mapping], address: u64) -> Option<&Mapping> {
    let after = mappings.partition_point(|mapping| mapping.begin <= address);
    mappings.get(after.checked_sub(1)?).filter(|mapping| address < mapping.end)
}

pub fn is_jit(mapping: &Mapping) -> bool {
    mapping.flags & MAPPING_JIT != 0
}

pub fn with_table(mapping: Mapping, slot: Option<TableSlot>) -> Mapping {
    let Some(TableSlot { first_page, dir_first, pages }) = slot else { return mapping };
    Mapping { first_page, dir_first, pages, flags: MAPPING_TABLE, ..mapping }
}

/// At most `limit` of them. Where there are more, code without a file is taken together over the smallest gaps, in which
/// nothing is known to be. `Err` with what can be had when that does not suffice.
pub fn fit(mappings: &[Mapping], limit: usize) -> Result<Cow<'_, [Mapping]>, Cow<'_, [Mapping]>> {
    let excess = mappings.len().saturating_sub(limit);
    if excess == 0 {
        return Ok(mappings.into());
    }
    let pairs = mappings.windows(2).enumerate().filter(|(_, pair)| pair.iter().all(is_jit));
    let mut gaps: Vec<(u64, usize)> = pairs.map(|(index, pair)| (pair[1].begin - pair[0].end, index + 1)).collect();
    gaps.sort_unstable();
    let joined: HashSet<usize> = gaps.iter().take(excess).map(|(_, index)| *index).collect();
    let mut fitted: Vec<Mapping> = Vec::with_capacity(mappings.len().min(limit));
    for (index, mapping) in mappings.iter().enumerate() {
        match fitted.last_mut().filter(|_| joined.contains(&index)) {
            Some(last) => last.end = mapping.end,
            None => fitted.push(*mapping),
        }
    }
    let is_whole = fitted.len() <= limit;
    fitted.truncate(limit);
    if is_whole {
        Ok(fitted.into())
    } else {
        Err(fitted.into())
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn file(begin: u64, end: u64, object: u32) -> Mapping {
        Mapping { begin, end, object, flags: MAPPING_TABLE, ..Mapping::default() }
    }

    pub fn jit(begin: u64, end: u64) -> Mapping {
        Mapping { begin, end, flags: MAPPING_JIT, ..Mapping::default() }
    }

    #[test]
    fn too_many_are_joined_over_the_smallest_gaps_and_files_are_never() {
        let many = [jit(0, 10), jit(11, 20), file(20, 30, 1), jit(40, 50), jit(90, 100)];
        assert_eq!(fit(&many, 5), Ok(many[..].into()));
        assert_eq!(fit(&many, 4), Ok(vec![jit(0, 20), many[2], many[3], many[4]].into()));
        assert_eq!(fit(&many, 3), Ok(vec![jit(0, 20), many[2], jit(40, 100)].into()));
        assert_eq!(fit(&many, 2), Err(vec![jit(0, 20), many[2]].into()));
    }
}
