//! Places the rows of one table, page after page, in ascending holes; in an array without holes they lie one behind the
//! other.

use std::ops::Range;

use crate::tables::free_ranges::FreeRanges;
use crate::tables::row_format::CHUNK_ROWS;

#[derive(Default)]
pub struct RowCursor {
    /// What is left of the hole at hand.
    hole: Range<usize>,
    used: Vec<Range<usize>>,
}

impl RowCursor {
    /// The first of `count` entries inside one chunk.
    pub fn place(&mut self, free: &mut FreeRanges, count: usize) -> Option<usize> {
        loop {
            let first = first_in_one_chunk(self.hole.start, count);
            if first + count <= self.hole.end {
                free.give_back(self.hole.start..first);
                self.hole.start = first + count;
                self.note_used(first..first + count);
                return Some(first);
            }
            let end = self.hole.end;
            free.give_back(std::mem::take(&mut self.hole));
            self.hole = free.take_next(end)?;
        }
    }

    fn note_used(&mut self, rows: Range<usize>) {
        match self.used.last_mut() {
            Some(last) if last.end == rows.start => last.end = rows.end,
            _ => self.used.push(rows),
        }
    }

    /// The ranges that the table has got.
    pub fn finish(self, free: &mut FreeRanges) -> Vec<Range<usize>> {
        free.give_back(self.hole);
        self.used
    }
}

fn first_in_one_chunk(first: usize, count: usize) -> usize {
    match first % CHUNK_ROWS + count > CHUNK_ROWS {
        true => first.next_multiple_of(CHUNK_ROWS),
        false => first,
    }
}
