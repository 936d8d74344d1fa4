//! The linker's notes.

use super::reader::Reader;

const NT_GNU_BUILD_ID: u32 = 3;

/// Notes of a segment with `p_align` 8 are padded to 8 bytes, all others to 4.
pub(crate) fn find_build_id(notes: &[u8], align: u64) -> Option<&[u8]> {
    let align = if align == 8 { 8 } else { 4 };
    let mut reader = Reader::new(notes);
    loop {
        let (name_size, content_size) = (reader.u32()? as usize, reader.u32()? as usize);
        let kind = reader.u32()?;
        let name = reader.bytes(name_size)?;
        skip_padding(&mut reader, align)?;
        let content = reader.bytes(content_size)?;
        if kind == NT_GNU_BUILD_ID && name == b"GNU\0" && !content.is_empty() {
            return Some(content);
        }
        skip_padding(&mut reader, align)?;
    }
}

fn skip_padding(reader: &mut Reader<'_>, align: usize) -> Option<()> {
    let padding = reader.position().next_multiple_of(align) - reader.position();
    reader.bytes(padding).map(|_| ())
}
