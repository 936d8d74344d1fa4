//! The entries of .eh_frame and .debug_frame, one after the other.

use crate::file::reader::Reader;

const EXTENDED_LENGTH: u32 = 0xffff_ffff;

/// A CIE or FDE: where it begins, where its body begins (behind length and CIE pointer), where it ends.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub start: usize,
    pub body: usize,
    pub end: usize,
    pub kind: EntryKind,
}

#[derive(Clone, Copy)]
pub(crate) enum EntryKind {
    Terminator,
    Cie,
    /// With the offset of its CIE, unchecked.
    Fde(usize),
}

/// The two forms of call frame information. They differ in how an entry names its CIE, and .debug_frame has plain
/// addresses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    EhFrame,
    DebugFrame,
}

/// The bytes of a section of entries.
#[derive(Clone, Copy)]
pub(crate) struct Entries<'data> {
    pub data: &'data [u8],
    pub form: Form,
}

impl<'data> Entries<'data> {
    /// Offsets are kept in 32 bits: the largest known .eh_frame is 100 MB.
    pub fn new(data: &'data [u8], form: Form) -> Entries<'data> {
        Entries { data: &data[..data.len().min(u32::MAX as usize)], form }
    }

    /// `None` at the end of the data, or where an entry claims to reach beyond it.
    #[inline]
    pub fn at(&self, start: usize) -> Option<Entry> {
        let mut reader = Reader::at(self.data, start);
        let length = match reader.u32()? {
            EXTENDED_LENGTH => reader.u64()?,
            length => u64::from(length),
        };
        let id_position = reader.position();
        let end = id_position.checked_add(usize::try_from(length).ok()?)?;
        if end > self.data.len() {
            return None;
        }
        let is_extended = id_position - start > 4;
        let kind = match length {
            0 => EntryKind::Terminator,
            1..=3 => return None,
            _ if self.form == Form::DebugFrame => debug_entry_kind(&mut reader, is_extended)?,
            // The CIE pointer has 4 bytes even behind an extended length, other than in .debug_frame.
            _ => match reader.u32()? as usize {
                0 => EntryKind::Cie,
                back => EntryKind::Fde(id_position.wrapping_sub(back)),
            },
        };
        (reader.position() <= end).then_some(Entry { start, body: reader.position(), end, kind })
    }
}

/// A CIE is marked by all ones; an FDE has its CIE's offset in the section.
fn debug_entry_kind(reader: &mut Reader<'_>, is_extended: bool) -> Option<EntryKind> {
    let id = match is_extended {
        true => reader.u64()?,
        false => match reader.u32()? {
            u32::MAX => u64::MAX,
            offset => u64::from(offset),
        },
    };
    Some(match id {
        u64::MAX => EntryKind::Cie,
        offset => EntryKind::Fde(usize::try_from(offset).ok()?),
    })
}
