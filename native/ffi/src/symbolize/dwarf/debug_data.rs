//! The debug sections of a file, decompressed where they are compressed.

use std::borrow::Cow;
use std::io::Read;

use bee_elf::{CompressedSection, DebugSections, ElfFile, SectionBytes, DEBUG_SECTION_NAMES};

/// Of all sections of a program together: more debug information than the largest browsers have, and less than memory.
pub const MAX_BYTES: u64 = 2 << 30;

pub struct DebugData<'data> {
    sections: Vec<Cow<'data, [u8]>>,
}

impl<'data> DebugData<'data> {
    /// `Err` with a sentence for what cannot be decompressed, or goes beyond the `left` of [`MAX_BYTES`].
    pub fn read(elf: &ElfFile<'data>, left: &mut u64) -> Result<DebugData<'data>, String> {
        Self::read_named(elf, "", left)
    }

    /// Of a .dwo file, or a package of them.
    pub fn read_split(elf: &ElfFile<'data>, left: &mut u64) -> Result<DebugData<'data>, String> {
        Self::read_named(elf, ".dwo", left)
    }

    fn read_named(elf: &ElfFile<'data>, suffix: &str, left: &mut u64) -> Result<DebugData<'data>, String> {
        let mut sections = Vec::with_capacity(DEBUG_SECTION_NAMES.len());
        for name in DEBUG_SECTION_NAMES.map(|name| format!("{name}{suffix}")) {
            let content = match elf.section(&name) {
                Some(section) if section.is_compressed => Cow::Owned(decompress(&name, section, left)?),
                Some(section) => Cow::Borrowed(section.bytes),
                None => Cow::Borrowed(&[][..]),
            };
            sections.push(content);
        }
        Ok(DebugData { sections })
    }

    pub fn sections(&self) -> DebugSections<'_> {
        DebugSections::new(std::array::from_fn(|index| &*self.sections[index]))
    }
}

fn decompress(name: &str, section: SectionBytes<'_>, left: &mut u64) -> Result<Vec<u8>, String> {
    let failed = |cause: &str| format!("The section {name} cannot be decompressed: {cause}.");
    let CompressedSection { method, size, body } =
        CompressedSection::parse(section.bytes).ok_or_else(|| failed("it has no header"))?;
    *left = left.checked_sub(size).ok_or_else(|| failed("it is too large"))?;
    let content = match method {
        CompressedSection::ZLIB => read_exactly(flate2::bufread::ZlibDecoder::new(body), size),
        CompressedSection::ZSTD => {
            zstd::stream::Decoder::with_buffer(body).and_then(|decoder| read_exactly(decoder, size))
        }
        _ => return Err(failed("its method is unknown")),
    };
    content.map_err(|error| failed(&error.to_string()))
}

/// Grows with what is there: a header may promise anything.
fn read_exactly(from: impl Read, size: u64) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    from.take(size).read_to_end(&mut content)?;
    match content.len() as u64 == size {
        true => Ok(content),
        false => Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "it is shorter than it says")),
    }
}
