//! The header of a line program: how to run it, and the files that it names.

use super::line_files::{FileEntry, LineFiles};
use crate::file::reader::Reader;
use crate::sweep::entries::form::{read_value, Value};
use crate::sweep::work::Budget;
use crate::units::dwarf_entry::Encoding;

const CONTENT_PATH: u64 = 1;
const CONTENT_DIRECTORY: u64 = 2;

pub(crate) struct LineHeader<'data> {
    pub encoding: Encoding,
    pub instruction_bytes: u8,
    pub line_base: i8,
    /// Not 0.
    pub line_range: u8,
    pub opcode_base: u8,
    /// Of the standard opcodes, from 1 on: how many LEB128 operands each has.
    pub operand_counts: &'data [u8],
    pub files: LineFiles<'data>,
    pub program: &'data [u8],
}

impl<'data> LineHeader<'data> {
    pub fn read(lines: &'data [u8], offset: u64, unit: Encoding, budget: &mut Budget<'_>) -> Option<LineHeader<'data>> {
        let mut section = Reader::at(lines, usize::try_from(offset).ok()?);
        let (length, is_64bit) = match section.u32()? {
            0xffff_ffff => (section.u64()?, true),
            length => (u64::from(length), false),
        };
        let table = section.bytes(usize::try_from(length).ok()?)?;
        let mut reader = Reader::new(table);
        let mut encoding = Encoding { version: reader.u16()?, address_bytes: unit.address_bytes, is_64bit };
        if !(2..=5).contains(&encoding.version) {
            return None;
        }
        if encoding.version == 5 {
            encoding.address_bytes = reader.u8()?;
            let _segment_bytes = reader.u8()?;
        }
        let header_length = usize::try_from(encoding.offset(&mut reader)?).ok()?;
        let program = table.get(reader.position().checked_add(header_length)?..)?;
        let instruction_bytes = reader.u8()?;
        if encoding.version >= 4 {
            let _operations_per_instruction = reader.u8()?;
        }
        let _default_is_statement = reader.u8()?;
        let (line_base, line_range, opcode_base) = (reader.u8()? as i8, reader.u8()?, reader.u8()?);
        let operand_counts = reader.bytes(usize::from(opcode_base.checked_sub(1)?))?;
        if line_range == 0 {
            return None;
        }
        let files = match encoding.version {
            5 => read_files(&mut reader, encoding, budget)?,
            _ => read_old_files(&mut reader, encoding, budget)?,
        };
        Some(LineHeader {
            encoding,
            instruction_bytes,
            line_base,
            line_range,
            opcode_base,
            operand_counts,
            files,
            program,
        })
    }
}

/// DWARF 2 to 4: two lists of texts, each closed by an empty one.
fn read_old_files<'data>(
    reader: &mut Reader<'data>,
    encoding: Encoding,
    budget: &mut Budget<'_>,
) -> Option<LineFiles<'data>> {
    let mut files = LineFiles { version: encoding.version, directories: Vec::new(), files: Vec::new() };
    loop {
        budget.take(1)?;
        match reader.c_string()? {
            [] => break,
            directory => files.directories.push(Value::String(directory)),
        }
    }
    loop {
        budget.take(1)?;
        match reader.c_string()? {
            [] => return Some(files),
            name => files.files.push(FileEntry { name: Value::String(name), directory: reader.uleb()? }),
        }
        let (_modified, _length) = (reader.uleb()?, reader.uleb()?);
    }
}

/// DWARF 5: two tables that describe their own columns.
fn read_files<'data>(
    reader: &mut Reader<'data>,
    encoding: Encoding,
    budget: &mut Budget<'_>,
) -> Option<LineFiles<'data>> {
    let directories = read_table(reader, encoding, budget)?.into_iter().map(|entry| entry.name).collect();
    let files = read_table(reader, encoding, budget)?;
    Some(LineFiles { version: encoding.version, directories, files })
}

fn read_table<'data>(
    reader: &mut Reader<'data>,
    encoding: Encoding,
    budget: &mut Budget<'_>,
) -> Option<Vec<FileEntry<'data>>> {
    let column_count = reader.u8()?;
    let columns: Vec<(u64, u16)> = (0..column_count)
        .map(|_| Some((reader.uleb()?, u16::try_from(reader.uleb()?).ok()?)))
        .collect::<Option<_>>()?;
    let count = reader.uleb()?;
    let mut entries = Vec::new();
    for _ in 0..count {
        // Also bounds entries that take no bytes.
        budget.take(1 + columns.len() as u64)?;
        let mut entry = FileEntry { name: Value::Other, directory: 0 };
        for &(content, form) in &columns {
            let value = read_value(reader, form, 0, encoding)?;
            match content {
                CONTENT_PATH => entry.name = value,
                CONTENT_DIRECTORY => entry.directory = value.number()?,
                _ => {}
            }
        }
        entries.push(entry);
    }
    Some(entries)
}
