//! The few steps over DWARF entries that do not need their meaning: abbreviations found, attributes read or skipped.

use std::cell::Cell;

use crate::file::reader::Reader;

/// Abbreviations and attributes that may be passed for one file. A root entry takes about 15, and a 200 MB program
/// has ten thousand units; many units of a hostile file could each search one huge table of abbreviations.
const MAX_STEPS: u32 = 8_000_000;

const FORM_INDIRECT: u64 = 0x16;
const FORM_IMPLICIT_CONST: u64 = 0x21;

/// What is left of [`MAX_STEPS`].
pub(crate) struct Budget(Cell<u32>);

impl Budget {
    pub fn new() -> Budget {
        Budget(Cell::new(MAX_STEPS))
    }

    /// `None` from the moment on when nothing is left.
    pub fn take(&self) -> Option<()> {
        self.0.set(self.0.get().checked_sub(1)?);
        Some(())
    }

    pub fn is_exhausted(&self) -> bool {
        self.0.get() == 0
    }
}

/// How a unit writes its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Encoding {
    pub version: u16,
    pub address_bytes: u8,
    pub is_64bit: bool,
}

impl Encoding {
    pub fn offset(&self, reader: &mut Reader<'_>) -> Option<u64> {
        match self.is_64bit {
            true => reader.u64(),
            false => reader.u32().map(u64::from),
        }
    }
}

/// One declaration of .debug_abbrev.
#[derive(Clone, Copy)]
pub(crate) struct Abbreviation<'a> {
    pub tag: u64,
    pub has_children: bool,
    specifications: Reader<'a>,
}

/// An attribute's name and its form.
#[derive(Clone, Copy)]
struct Specification {
    name: u64,
    form: u64,
}

impl<'a> Abbreviation<'a> {
    /// Searched from the beginning of the unit's table: the code of a root entry is nearly always the first.
    pub fn find(table: &'a [u8], code: u64, budget: &Budget) -> Option<Abbreviation<'a>> {
        let mut reader = Reader::new(table);
        loop {
            budget.take()?;
            let declared = reader.uleb()?;
            if declared == 0 {
                return None;
            }
            let (tag, has_children) = (reader.uleb()?, reader.u8()? != 0);
            let specifications = reader;
            if declared == code {
                return Some(Abbreviation { tag, has_children, specifications });
            }
            while read_specification(&mut reader)?.is_some() {
                budget.take()?;
            }
        }
    }

    pub fn declares(&self, names: &[u64], budget: &Budget) -> Option<bool> {
        let mut reader = self.specifications;
        while let Some(specification) = read_specification(&mut reader)? {
            budget.take()?;
            if names.contains(&specification.name) {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Calls `visit` with each attribute's name and value and leaves the reader behind the entry.
    pub fn read_attributes(
        &self,
        reader: &mut Reader<'a>,
        encoding: Encoding,
        budget: &Budget,
        mut visit: impl FnMut(u64, Value<'a>),
    ) -> Option<()> {
        let mut specifications = self.specifications;
        while let Some(Specification { name, form }) = read_specification(&mut specifications)? {
            budget.take()?;
            visit(name, read_value(reader, form, encoding)?);
        }
        Some(())
    }
}

/// `Some(None)` at the end of a declaration.
fn read_specification(reader: &mut Reader<'_>) -> Option<Option<Specification>> {
    let (name, form) = (reader.uleb()?, reader.uleb()?);
    if form == FORM_IMPLICIT_CONST {
        reader.sleb()?;
    }
    Some((name != 0 || form != 0).then_some(Specification { name, form }))
}

/// A value as far as it is needed here: strings wherever they lie, and numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    String(&'a [u8]),
    /// Offset in .debug_str.
    StringOffset(u64),
    /// Offset in .debug_line_str.
    LineStringOffset(u64),
    /// Index into the unit's part of .debug_str_offsets.
    StringIndex(u64),
    Number(u64),
    Other,
}

fn read_value<'a>(reader: &mut Reader<'a>, form: u64, encoding: Encoding) -> Option<Value<'a>> {
    // DW_FORM_*, in the order of their numbers.
    let value = match form {
        0x01 => skip(reader, usize::from(encoding.address_bytes))?,
        0x03 => skip_counted(reader, |reader| reader.u16().map(u64::from))?,
        0x04 => skip_counted(reader, |reader| reader.u32().map(u64::from))?,
        0x05 | 0x12 => Value::Number(u64::from(reader.u16()?)),
        0x06 | 0x13 | 0x1c => Value::Number(u64::from(reader.u32()?)),
        0x07 | 0x14 | 0x20 | 0x24 => Value::Number(reader.u64()?),
        0x08 => Value::String(reader.c_string()?),
        0x09 | 0x18 => skip_counted(reader, Reader::uleb)?,
        0x0a => skip_counted(reader, |reader| reader.u8().map(u64::from))?,
        0x0b | 0x0c | 0x11 => Value::Number(u64::from(reader.u8()?)),
        0x0d => Value::Number(reader.sleb()? as u64),
        0x0e => Value::StringOffset(encoding.offset(reader)?),
        0x0f | 0x15 => Value::Number(reader.uleb()?),
        0x10 if encoding.version <= 2 => skip(reader, usize::from(encoding.address_bytes))?,
        0x10 | 0x17 => Value::Number(encoding.offset(reader)?),
        FORM_INDIRECT => {
            let form = reader.uleb()?;
            let is_allowed = form != FORM_INDIRECT && form != FORM_IMPLICIT_CONST;
            return if is_allowed { read_value(reader, form, encoding) } else { None };
        }
        0x19 | FORM_IMPLICIT_CONST => Value::Other,
        0x1a | 0x1f02 => Value::StringIndex(reader.uleb()?),
        0x1b | 0x22 | 0x23 | 0x1f01 => Value::Number(reader.uleb()?),
        0x1d | 0x1f20 | 0x1f21 => {
            encoding.offset(reader)?;
            Value::Other
        }
        0x1e => skip(reader, 16)?,
        0x1f => Value::LineStringOffset(encoding.offset(reader)?),
        0x25 => Value::StringIndex(u64::from(reader.u8()?)),
        0x26 => Value::StringIndex(u64::from(reader.u16()?)),
        0x27 => Value::StringIndex(u64::from(reader.u16()?) | u64::from(reader.u8()?) << 16),
        0x28 => Value::StringIndex(u64::from(reader.u32()?)),
        0x29 => skip(reader, 1)?,
        0x2a => skip(reader, 2)?,
        0x2b => skip(reader, 3)?,
        0x2c => skip(reader, 4)?,
        _ => return None,
    };
    Some(value)
}

fn skip<'a>(reader: &mut Reader<'a>, count: usize) -> Option<Value<'a>> {
    reader.bytes(count).map(|_| Value::Other)
}

fn skip_counted<'a>(reader: &mut Reader<'a>, count: impl FnOnce(&mut Reader<'a>) -> Option<u64>) -> Option<Value<'a>> {
    let count = usize::try_from(count(reader)?).ok()?;
    skip(reader, count)
}
