//! Anonymous memory in the place of a file's text. Programs put their code into huge pages this way: they map memory
//! over it and copy the same bytes back (node --use-largepages, HHVM, ClickHouse). The kernel tells of memory that
//! belongs to no file; by what is in it, it is still the file's text, with its table and symbols. Compiled code is not,
//! wherever it lies.

use std::ops::Range;

use crate::kernel::perf::side_band::NewMapping;
use crate::kernel::record::Mapping;
use crate::rights::access::Access;
use crate::spaces::mappings::with_table;
use crate::spaces::maps_file::{kind_of, Listed, PathKind};
use crate::spaces::process::Process;
use crate::spaces::process_code::read_for_comparison;
use crate::tables::object::Object;
use crate::tables::objects::Objects;

const PAGE_BYTES: u64 = 4096;
const CHUNK_BYTES: u64 = 1 << 20;
/// Pages that are compared first. Where none is the same, nothing will be: most memory that comes to lie where a
/// library was is code that was just compiled.
const PROBES: u64 = 8;
/// Of text: 100 times that of large programs. More would be a way to keep us busy.
const MAX_BYTES: u64 = 1 << 30;

/// The parts of `range`, in which `text` lay, that hold the bytes of its file. `contents` are the file's.
fn same_parts(
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

/// Covered text of a process in `range`, where memory over it has the same bytes.
pub fn restored_texts(
    objects: &Objects,
    access: &Access,
    (pid, process): (u32, &Process),
    range: &Range<u64>,
) -> Vec<Mapping> {
    let read = |address, memory: &mut [u8]| read_for_comparison(access, pid, address, memory);
    let mut restored = Vec::new();
    for text in process.covered.iter().filter(|text| text.begin < range.end && range.start < text.end) {
        let Some(object) = objects.get(text.object) else { continue };
        let Some(contents) = objects.contents(object) else { continue };
        let whole = with_table(Mapping { flags: 0, ..*text }, objects.slot(text.object));
        for part in process.jit_within(text.begin..text.end) {
            let parts = same_parts(part, text, object, contents.bytes(), read);
            restored.extend(parts.into_iter().map(|part| Mapping { begin: part.start, end: part.end, ..whole }));
        }
    }
    restored
}

/// Executable memory of no file, with the next file before it, and with the next behind it.
pub fn memory_beside_files(maps: &[Listed]) -> Vec<(&NewMapping, &NewMapping)> {
    let is_file = |listed: &&Listed| matches!(kind_of(&listed.mapping.path), PathKind::File);
    let is_memory = |listed: &Listed| matches!(kind_of(&listed.mapping.path), PathKind::Anonymous);
    let mut pairs = Vec::new();
    for (index, memory) in maps.iter().enumerate().filter(|(_, listed)| listed.is_executable && is_memory(listed)) {
        let before = maps[..index].iter().rev().find(|listed| !is_memory(listed)).filter(is_file);
        let behind = maps[index + 1..].iter().find(|listed| !is_memory(listed)).filter(is_file);
        pairs.extend(before.into_iter().chain(behind).map(|file| (&memory.mapping, &file.mapping)));
    }
    pairs
}

/// Text of the object that may lie where the memory lies: at the bias of its other mappings, where it has some.
pub fn possible_texts(memory: &NewMapping, object: &Object, process: &Process) -> Vec<Mapping> {
    let known = process.mappings.iter().find(|mapping| mapping.object == object.id).map(|mapping| mapping.bias);
    let biases: Vec<u64> = match known {
        Some(bias) => vec![bias],
        None => object.text_pages().map(|page| memory.begin.wrapping_sub(page)).collect(),
    };
    let text = |bias| Mapping { begin: memory.begin, end: memory.end, bias, object: object.id, ..Mapping::default() };
    biases.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::object::tests::object_with_text;

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
