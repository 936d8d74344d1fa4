//! Anonymous memory in the place of a file's text. Programs put their code into huge pages so: they map memory over it and
//! copy the same bytes back (node --use-largepages, HHVM, ClickHouse). The kernel tells of memory that belongs to no file;
//! by what is in it, it is the file's text still, and has its table and its names. Compiled code is not, wherever it lies.

use std::ops::Range;

use crate::kernel::record::Mapping;
use crate::rights::access::Access;
use crate::spaces::process_code::read_for_comparison;
use crate::tables::objects::Object;

const PAGE_BYTES: u64 = 4096;
const CHUNK_BYTES: u64 = 1 << 20;
/// Compared first. Where none is the same nothing will be: most memory that comes to lie where a library was is code that
/// was just compiled.
const PROBES: u64 = 8;
/// Of text: 100 times that of large programs. More would be a way to keep us busy.
const MAX_BYTES: u64 = 1 << 30;

/// The parts of `range`, in which `text` lay, that hold the bytes of its file. `contents` are the file's.
pub fn same_parts(
    range: Range<u64>,
    text: &Mapping,
    object: &Object,
    contents: &[u8],
    read: impl Fn(u64, &mut [u8]) -> bool,
) -> Vec<Range<u64>> {
    let length = range.end.saturating_sub(range.start);
    if length == 0 || length > MAX_BYTES {
        return Vec::new();
    }
    let in_file = |address: u64| object.bytes_at(contents, address.wrapping_sub(text.bias));
    let mut memory = vec![0; CHUNK_BYTES.min(length) as usize];
    let mut is_same = |pages: Range<u64>, same: &mut Vec<Range<u64>>| {
        let memory = &mut memory[..(pages.end - pages.start) as usize];
        if !read(pages.start, memory) {
            return;
        }
        for (index, page) in memory.chunks(PAGE_BYTES as usize).enumerate() {
            let begin = pages.start + index as u64 * PAGE_BYTES;
            let file = in_file(begin);
            let known = file.len().min(page.len());
            if known == 0 || file[..known] != page[..known] {
                continue;
            }
            let end = begin + page.len() as u64;
            match same.last_mut().filter(|last| last.end == begin) {
                Some(last) => last.end = end,
                None => same.push(begin..end),
            }
        }
    };
    let mut probed = Vec::new();
    for probe in 0..PROBES {
        let begin = range.start + (length / PAGE_BYTES * probe / PROBES) * PAGE_BYTES;
        is_same(begin..(begin + PAGE_BYTES).min(range.end), &mut probed);
    }
    let mut same = Vec::new();
    if !probed.is_empty() {
        let mut begin = range.start;
        while begin < range.end {
            let end = (begin + CHUNK_BYTES).min(range.end);
            is_same(begin..end, &mut same);
            begin = end;
        }
    }
    same
}

/// As above, of a process.
pub fn same_parts_in(
    access: &Access,
    pid: u32,
    range: Range<u64>,
    text: &Mapping,
    object: &Object,
    contents: &[u8],
) -> Vec<Range<u64>> {
    same_parts(range, text, object, contents, |address, memory| read_for_comparison(access, pid, address, memory))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::objects::tests::object_with_text;

    const TEXT: u64 = 0x5000;
    const PAGES: u64 = 600;

    /// The memory of a process at `TEXT`, with the file's bytes but for these pages.
    fn compared(other_pages: &[u64]) -> Vec<Range<u64>> {
        let file: Vec<u8> = (0..PAGES * PAGE_BYTES).map(|index| (index / 7) as u8).collect();
        let mut memory = file.clone();
        other_pages.iter().for_each(|page| memory[(page * PAGE_BYTES) as usize + 5] ^= 1);
        let text = Mapping { begin: TEXT, end: TEXT + PAGES * PAGE_BYTES, bias: TEXT, ..Mapping::default() };
        let object = object_with_text(0, 0, PAGES * PAGE_BYTES);
        let parts = same_parts(text.begin..text.end, &text, &object, &file, |address, part| {
            let begin = (address - TEXT) as usize;
            part.copy_from_slice(&memory[begin..begin + part.len()]);
            true
        });
        parts.into_iter().map(|part| (part.start - TEXT) / PAGE_BYTES..(part.end - TEXT) / PAGE_BYTES).collect()
    }

    #[test]
    fn memory_is_the_files_text_where_it_has_the_same_bytes() {
        assert_eq!(compared(&[]), [0..PAGES]);
        assert_eq!(compared(&[0, 300, 301, PAGES - 1]), [1..300, 302..PAGES - 1]);
        let all: Vec<u64> = (0..PAGES).collect();
        assert_eq!(compared(&all), []);
    }

    #[test]
    fn what_is_not_in_the_file_or_cannot_be_read_is_no_text() {
        let text = Mapping { begin: TEXT, end: TEXT + 2 * PAGE_BYTES, bias: TEXT, ..Mapping::default() };
        let file = vec![3; PAGE_BYTES as usize + 10];
        let zeros = |_: u64, part: &mut [u8]| {
            part.fill(3);
            true
        };
        let short = object_with_text(0, 0, PAGE_BYTES);
        assert_eq!(same_parts(text.begin..text.end, &text, &short, &file, zeros), [TEXT..TEXT + PAGE_BYTES]);
        let last = object_with_text(0, 0, PAGE_BYTES + 10);
        assert_eq!(same_parts(text.begin..text.end, &text, &last, &file, zeros), [TEXT..TEXT + 2 * PAGE_BYTES]);
        assert_eq!(same_parts(text.begin..text.end, &text, &last, &file, |_, _| false), []);
        assert_eq!(same_parts(text.begin..text.end, &text, &last, &[], zeros), []);
    }
}
