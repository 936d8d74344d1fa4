//! An ELF file as it was when it was loaded.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use bee_elf::Segment;

use crate::tables::file::file_memory::FileMemory;
use crate::tables::file::file_state::FileState;

/// One state of a file. A file that is written again while it is mapped becomes another object.
pub struct Object {
    /// Its number, and more: see numbered_objects.rs.
    pub id: u32,
    pub path: Vec<u8>,
    pub build_id: Vec<u8>,
    pub is_vdso: bool,
    /// What was mapped can no longer be read: only where it lay is known.
    pub is_replaced: bool,
    /// None for what is no file, or could not be read.
    pub state: Option<FileState>,
    /// The mapped file itself, to read it and to see whether it is still the same; not kept for all when descriptors
    /// are few.
    pub file: Option<File>,
    pub copy: Option<FileMemory>,
    /// Until it is sent.
    pub copy_descriptor: Option<OwnedFd>,
    pub segments: Vec<Segment>,
    /// When a process last mapped it, or ceased to.
    pub used_ns: u64,
    /// That of file_watch.rs.
    pub watch: Option<i32>,
}

impl Object {
    /// Of which nothing is known but its path.
    pub fn new(id: u32, path: Vec<u8>) -> Object {
        Object {
            id,
            path,
            build_id: Vec::new(),
            is_vdso: false,
            is_replaced: false,
            state: None,
            file: None,
            copy: None,
            copy_descriptor: None,
            segments: Vec::new(),
            used_ns: crate::kernel::clock::monotonic_ns(),
            watch: None,
        }
    }

    /// Process address - bias = ELF address, for a mapping of this file.
    pub fn bias(&self, begin: u64, file_offset: u64) -> u64 {
        let page = |offset: u64| offset & !4095;
        let segment = self.segments.iter().find(|segment| {
            file_offset >= page(segment.offset) && file_offset < segment.offset.saturating_add(segment.file_size)
        });
        let address = match segment {
            Some(segment) => segment.vaddr.wrapping_add(file_offset).wrapping_sub(segment.offset),
            None => file_offset,
        };
        begin.wrapping_sub(address)
    }

    /// The segment whose bytes in the file hold the address.
    fn segment_at(&self, address: u64) -> Option<&Segment> {
        let ends_at = |segment: &Segment| segment.vaddr.saturating_add(segment.file_size);
        self.segments.iter().find(|segment| (segment.vaddr..ends_at(segment)).contains(&address))
    }

    /// The bytes of the text from an address on, as far as the file has them.
    pub fn bytes_at<'a>(&self, contents: &'a [u8], address: u64) -> &'a [u8] {
        let Some(segment) = self.segment_at(address) else { return &[] };
        let offset = |address: u64| usize::try_from(address.wrapping_sub(segment.vaddr).wrapping_add(segment.offset));
        let end = segment.vaddr.saturating_add(segment.file_size);
        let (Ok(begin), Ok(end)) = (offset(address), offset(end)) else { return &[] };
        contents.get(begin..end.min(contents.len())).unwrap_or_default()
    }

    /// Fills `code` from an address on, or says that the file has less there, or is not at hand.
    pub fn read_code(&self, address: u64, code: &mut [u8]) -> bool {
        if let Some(copy) = &self.copy {
            let bytes = self.bytes_at(copy.bytes(), address).get(..code.len());
            return bytes.map(|bytes| code.copy_from_slice(bytes)).is_some();
        }
        let (Some(file), Some(segment)) = (&self.file, self.segment_at(address)) else { return false };
        file.read_exact_at(code, address.wrapping_sub(segment.vaddr).wrapping_add(segment.offset)).is_ok()
    }

    /// Where its text would begin to be mapped, in its own addresses.
    pub fn text_pages(&self) -> impl Iterator<Item = u64> + '_ {
        self.segments.iter().map(|segment| segment.vaddr & !4095)
    }

    /// What the client symbolizes by.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        if self.is_replaced {
            return None;
        }
        self.copy_descriptor.as_ref().map(AsFd::as_fd).or_else(|| self.file.as_ref().map(AsFd::as_fd))
    }

    pub fn is_copied(&self) -> bool {
        self.copy.is_some()
    }

    /// None where it cannot be told.
    pub fn is_as_loaded(&self) -> Option<bool> {
        let now = FileState::of(&self.file.as_ref()?.metadata().ok()?);
        Some(!self.state?.has_other_content(&now))
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An object with one segment of text.
    pub fn object_with_text(vaddr: u64, offset: u64, size: u64) -> Object {
        let segment = Segment { vaddr, offset, file_size: size, memory_size: size };
        Object { segments: vec![segment], ..Object::new(1, Vec::new()) }
    }
}
