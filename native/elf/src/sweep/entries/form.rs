//! Values of attributes: read, or stepped over.

use crate::file::reader::Reader;
use crate::units::dwarf_entry::Encoding;

pub(crate) const FORM_INDIRECT: u16 = 0x16;
pub(crate) const FORM_IMPLICIT_CONST: u16 = 0x21;
const FORM_ADDR: u16 = 0x01;
const FORM_DATA4: u16 = 0x06;
const FORM_DATA8: u16 = 0x07;

/// A value as the attributes of code need it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Address(u64),
    /// Index into the unit's part of .debug_addr.
    AddressIndex(u64),
    Number(u64),
    /// Offset in another section; which one depends on the attribute.
    SectionOffset(u64),
    /// Index into the unit's part of .debug_rnglists.
    ListIndex(u64),
    String(&'a [u8]),
    /// Offset in .debug_str.
    StringOffset(u64),
    /// Offset in .debug_line_str.
    LineStringOffset(u64),
    /// Index into the unit's part of .debug_str_offsets.
    StringIndex(u64),
    /// Offset from the unit's header.
    UnitReference(u64),
    /// Offset in .debug_info.
    InfoReference(u64),
    /// Offset in .debug_str of the supplementary file.
    SupplementString(u64),
    /// Offset in its .debug_info.
    SupplementReference(u64),
    Other,
}

impl Value<'_> {
    /// DWARF 2 and 3 write offsets into sections as plain numbers.
    pub fn section_offset(self) -> Option<u64> {
        match self {
            Value::SectionOffset(offset) | Value::Number(offset) => Some(offset),
            _ => None,
        }
    }

    pub fn number(self) -> Option<u64> {
        match self {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }
}

/// How a form is stepped over.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Size {
    Bytes(u32),
    Leb,
    Text,
    /// A length of so many bytes, 0 for LEB128, and as many bytes.
    Block(u8),
    Indirect,
}

/// `None` for a form that is not known.
pub(crate) fn form_size(form: u16, encoding: Encoding) -> Option<Size> {
    let address = u32::from(encoding.address_bytes);
    let offset = if encoding.is_64bit { 8 } else { 4 };
    // DW_FORM_*, in the order of their numbers.
    let size = match form {
        FORM_ADDR => Size::Bytes(address),
        0x03 => Size::Block(2),
        0x04 => Size::Block(4),
        0x05 | 0x12 | 0x26 | 0x2a => Size::Bytes(2),
        FORM_DATA4 | 0x13 | 0x1c | 0x28 | 0x2c => Size::Bytes(4),
        FORM_DATA8 | 0x14 | 0x20 | 0x24 => Size::Bytes(8),
        0x08 => Size::Text,
        0x09 | 0x18 => Size::Block(0),
        0x0a => Size::Block(1),
        0x0b | 0x0c | 0x11 | 0x25 | 0x29 => Size::Bytes(1),
        0x0d | 0x0f | 0x15 | 0x1a | 0x1b | 0x22 | 0x23 | 0x1f01 | 0x1f02 => Size::Leb,
        0x10 if encoding.version <= 2 => Size::Bytes(address),
        0x0e | 0x10 | 0x17 | 0x1d | 0x1f | 0x1f20 | 0x1f21 => Size::Bytes(offset),
        FORM_INDIRECT => Size::Indirect,
        0x19 | FORM_IMPLICIT_CONST => Size::Bytes(0),
        0x1e => Size::Bytes(16),
        0x27 | 0x2b => Size::Bytes(3),
        _ => return None,
    };
    Some(size)
}

/// Leaves the reader behind a value of this size.
#[inline(always)]
pub(crate) fn step_over(reader: &mut Reader<'_>, size: Size, encoding: Encoding) -> Option<()> {
    match size {
        Size::Bytes(count) => reader.bytes(count as usize).map(drop),
        Size::Leb => skip_leb(reader),
        Size::Text => reader.c_string().map(drop),
        Size::Block(width) => {
            let length = match width {
                1 => u64::from(reader.u8()?),
                2 => u64::from(reader.u16()?),
                4 => u64::from(reader.u32()?),
                _ => reader.uleb()?,
            };
            reader.bytes(usize::try_from(length).ok()?).map(drop)
        }
        Size::Indirect => step_over_indirect(reader, encoding),
    }
}

#[cold]
fn step_over_indirect(reader: &mut Reader<'_>, encoding: Encoding) -> Option<()> {
    let form = indirect_form(reader)?;
    step_over(reader, form_size(form, encoding)?, encoding)
}

/// Of signed or unsigned, however many bits.
fn skip_leb(reader: &mut Reader<'_>) -> Option<()> {
    while reader.u8()? >= 0x80 {}
    Some(())
}

/// The form that a value names itself; no further indirection, and no constant of a declaration that it has not.
fn indirect_form(reader: &mut Reader<'_>) -> Option<u16> {
    let form = u16::try_from(reader.uleb()?).ok()?;
    (form != FORM_INDIRECT && form != FORM_IMPLICIT_CONST).then_some(form)
}

/// `constant` is the declaration's, for DW_FORM_implicit_const.
pub(crate) fn read_value<'a>(
    reader: &mut Reader<'a>,
    form: u16,
    constant: u64,
    encoding: Encoding,
) -> Option<Value<'a>> {
    let value = match form {
        FORM_ADDR => Value::Address(read_address(reader, encoding)?),
        0x05 => Value::Number(u64::from(reader.u16()?)),
        FORM_DATA4 => Value::Number(u64::from(reader.u32()?)),
        FORM_DATA8 => Value::Number(reader.u64()?),
        0x08 => Value::String(reader.c_string()?),
        0x0b | 0x0c => Value::Number(u64::from(reader.u8()?)),
        0x0d => Value::Number(reader.sleb()? as u64),
        0x0e => Value::StringOffset(encoding.offset(reader)?),
        0x0f => Value::Number(reader.uleb()?),
        0x10 if encoding.version <= 2 => Value::InfoReference(read_address(reader, encoding)?),
        0x10 => Value::InfoReference(encoding.offset(reader)?),
        0x11 => Value::UnitReference(u64::from(reader.u8()?)),
        0x12 => Value::UnitReference(u64::from(reader.u16()?)),
        0x13 => Value::UnitReference(u64::from(reader.u32()?)),
        0x14 => Value::UnitReference(reader.u64()?),
        0x15 => Value::UnitReference(reader.uleb()?),
        FORM_INDIRECT => {
            let form = indirect_form(reader)?;
            return read_value(reader, form, 0, encoding);
        }
        0x17 => Value::SectionOffset(encoding.offset(reader)?),
        0x1a | 0x1f02 => Value::StringIndex(reader.uleb()?),
        0x1b | 0x1f01 => Value::AddressIndex(reader.uleb()?),
        0x1c => Value::SupplementReference(u64::from(reader.u32()?)),
        0x1d | 0x1f21 => Value::SupplementString(encoding.offset(reader)?),
        0x1f20 => Value::SupplementReference(encoding.offset(reader)?),
        0x1f => Value::LineStringOffset(encoding.offset(reader)?),
        FORM_IMPLICIT_CONST => Value::Number(constant),
        0x23 => Value::ListIndex(reader.uleb()?),
        0x24 => Value::SupplementReference(reader.u64()?),
        0x25 => Value::StringIndex(u64::from(reader.u8()?)),
        0x26 => Value::StringIndex(u64::from(reader.u16()?)),
        0x27 => Value::StringIndex(read_u24(reader)?),
        0x28 => Value::StringIndex(u64::from(reader.u32()?)),
        0x29 => Value::AddressIndex(u64::from(reader.u8()?)),
        0x2a => Value::AddressIndex(u64::from(reader.u16()?)),
        0x2b => Value::AddressIndex(read_u24(reader)?),
        0x2c => Value::AddressIndex(u64::from(reader.u32()?)),
        _ => {
            step_over(reader, form_size(form, encoding)?, encoding)?;
            Value::Other
        }
    };
    Some(value)
}

fn read_u24(reader: &mut Reader<'_>) -> Option<u64> {
    Some(u64::from(reader.u16()?) | u64::from(reader.u8()?) << 16)
}

pub(crate) fn read_address(reader: &mut Reader<'_>, encoding: Encoding) -> Option<u64> {
    match encoding.address_bytes {
        8 => reader.u64(),
        4 => reader.u32().map(u64::from),
        _ => None,
    }
}
