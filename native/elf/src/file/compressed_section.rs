//! Sections that are compressed inside of a file.

use std::borrow::Cow;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::elf_file::ElfFile;
use super::reader::Reader;

/// Go programs have some MB.
const MAX_DEBUG_FRAME_BYTES: u64 = 64 << 20;

/// What an Elf64_Chdr says, and what follows it.
pub struct CompressedSection<'data> {
    pub method: u32,
    /// Of the content; may be any number.
    pub size: u64,
    pub body: &'data [u8],
}

impl<'data> CompressedSection<'data> {
    pub const ZLIB: u32 = 1;
    pub const ZSTD: u32 = 2;

    pub fn parse(bytes: &'data [u8]) -> Option<CompressedSection<'data>> {
        let mut reader = Reader::new(bytes);
        let (method, _reserved) = (reader.u32()?, reader.u32()?);
        let (size, _alignment) = (reader.u64()?, reader.u64()?);
        Some(CompressedSection { method, size, body: &bytes[reader.position()..] })
    }
}

/// Empty where there is none, and for what is broken, too large or not of zlib, the method of Go and of Debian.
pub(crate) fn debug_frame_content<'data>(elf: &ElfFile<'data>) -> Cow<'data, [u8]> {
    let Some(section) = elf.sections.find(".debug_frame") else { return Cow::default() };
    let bytes = elf.sections.bytes(&section).unwrap_or_default();
    match section.is_compressed() {
        true => Cow::Owned(inflated(bytes).unwrap_or_default()),
        false => Cow::Borrowed(bytes),
    }
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let section = CompressedSection::parse(bytes)?;
    let is_bounded = section.method == CompressedSection::ZLIB && section.size <= MAX_DEBUG_FRAME_BYTES;
    let content = is_bounded.then(|| decompress_to_vec_zlib_with_limit(section.body, section.size as usize).ok())??;
    (content.len() as u64 == section.size).then_some(content)
}
