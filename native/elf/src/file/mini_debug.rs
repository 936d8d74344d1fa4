//! .gnu_debugdata: an ELF file with symbols, and perhaps .debug_frame, compressed inside of another.

use std::io::Read;

use lzma_rust2::XzReader;

use super::elf_file::ElfFile;

/// Real ones have some hundred KiB, and unpack to ten times that.
const MAX_UNPACKED_BYTES: u64 = 64 << 20;
/// For the dictionary, which is allocated before anything has been unpacked; xz -9 asks for 64 MiB.
const MAX_DECODER_KIB: u32 = 66 << 10;

/// `None` without the section, or for one that is broken or too large.
pub fn unpacked_debug_data(elf: &ElfFile<'_>) -> Option<Vec<u8>> {
    let packed = elf.sections.bytes(&elf.sections.find(".gnu_debugdata")?)?;
    let mut unpacked = Vec::new();
    let reader = XzReader::new_mem_limit(packed, false, MAX_DECODER_KIB);
    reader.take(MAX_UNPACKED_BYTES + 1).read_to_end(&mut unpacked).ok()?;
    (unpacked.len() as u64 <= MAX_UNPACKED_BYTES).then_some(unpacked)
}
