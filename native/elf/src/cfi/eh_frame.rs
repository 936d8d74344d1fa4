use std::collections::HashMap;

use super::cfi_program::CfiProgram;
use super::cfi_state::CfiState;
use super::cie::Cie;
use super::eh_pointer::{read_pointer, read_value, Bases, OMITTED};
use super::entries::{Entries, Entry, EntryKind, Form};
use super::fde_rows::FdeRows;
use crate::file::elf_file::ElfFile;
use crate::file::reader::Reader;
use crate::rows::counts::Counts;
use crate::rows::region::{FdeSource, Region, Source};
use crate::rows::row_builder::RowBuilder;

/// Bytes per FDE in the densest real files, for the first allocation.
const BYTES_PER_FDE: usize = 40;

/// .eh_frame or .debug_frame of a file.
pub(crate) struct EhFrame<'data> {
    entries: Entries<'data>,
    bases: Bases,
    /// Without sections only the terminator says where .eh_frame ends.
    ends_at_terminator: bool,
    cies: Vec<Cie>,
    remembered: Vec<CfiState>,
    /// Rows tell of rbx.
    pub follows_bx: bool,
}

impl<'data> EhFrame<'data> {
    /// Finds .eh_frame by its section, else through PT_GNU_EH_FRAME. Empty when the file has none.
    pub fn find(elf: &ElfFile<'data>) -> EhFrame<'data> {
        let section = elf.sections.find(".eh_frame").and_then(|section| {
            let bytes = elf.sections.bytes(&section)?;
            (!bytes.is_empty()).then_some((section.address, bytes))
        });
        let ends_at_terminator = section.is_none();
        let found = section.or_else(|| find_through_header(elf));
        let (address, data) = found.unwrap_or_default();
        let address_of = |name| elf.sections.find(name).map(|section| section.address);
        EhFrame {
            entries: Entries::new(data, Form::EhFrame),
            bases: Bases { section: address, text: address_of(".text"), data: address_of(".got") },
            ends_at_terminator,
            cies: Vec::new(),
            remembered: Vec::new(),
            follows_bx: false,
        }
    }

    /// Of the content of .debug_frame.
    pub fn of_debug_frame(data: &'data [u8]) -> EhFrame<'data> {
        EhFrame {
            entries: Entries::new(data, Form::DebugFrame),
            bases: Bases::default(),
            ends_at_terminator: false,
            cies: Vec::new(),
            remembered: Vec::new(),
            follows_bx: false,
        }
    }

    pub fn byte_count(&self) -> usize {
        self.entries.data.len()
    }

    /// The non-empty FDEs in the order of the file. Reads every entry once: a CIE counts only when it stands at its
    /// own place before its FDEs, as all linkers write it, so that hostile pointers cannot make one be read twice.
    pub fn read_regions(&mut self, counts: &mut Counts) -> Vec<Region> {
        let mut regions = Vec::with_capacity(self.entries.data.len() / BYTES_PER_FDE);
        let mut cie_at = HashMap::new();
        // Neighbours mostly share their CIE.
        let mut last_cie = (usize::MAX, None);
        let mut position = 0;
        while let Some(entry) = self.entries.at(position) {
            position = entry.end;
            let cie_offset = match entry.kind {
                EntryKind::Terminator if self.ends_at_terminator => break,
                EntryKind::Terminator => continue,
                EntryKind::Cie => {
                    let cie = Cie::read(self.entries.data, &entry, &self.bases, &mut self.remembered);
                    cie_at.insert(entry.start, cie.map(|cie| self.add_cie(cie)));
                    continue;
                }
                EntryKind::Fde(cie_offset) => cie_offset,
            };
            if last_cie.0 != cie_offset {
                last_cie = (cie_offset, cie_at.get(&cie_offset).copied().flatten());
            }
            counts.fdes += 1;
            match last_cie.1.and_then(|cie| self.read_fde(&entry, cie)) {
                Some(region) if region.start < region.end => regions.push(region),
                Some(_) => counts.unused_fdes += 1,
                None => counts.skipped_fdes += 1,
            }
        }
        regions
    }

    /// Appends the rows of an FDE, in force from `start` to `end`.
    pub fn push_rows(&mut self, source: FdeSource, start: u64, end: u64, builder: &mut RowBuilder) {
        let cie = &self.cies[source.cie as usize];
        let offset = source.offset as usize;
        let limit = offset + source.length as usize;
        self.remembered.clear();
        let program = CfiProgram {
            reader: Reader::at(&self.entries.data[..limit], offset),
            rules: &cie.rules,
            bases: &self.bases,
            state: cie.rules.initial.following_bx(self.follows_bx),
            remembered: &mut self.remembered,
        };
        let rows = FdeRows { builder, location: start, end };
        rows.append(program);
    }

    pub fn is_signal_frame(&self, source: FdeSource) -> bool {
        self.cies[source.cie as usize].is_signal_frame
    }

    /// Its number.
    fn add_cie(&mut self, cie: Cie) -> u32 {
        self.cies.push(cie);
        self.cies.len() as u32 - 1
    }

    fn read_fde(&self, entry: &Entry, number: u32) -> Option<Region> {
        let cie = &self.cies[number as usize];
        let mut reader = Reader::at(&self.entries.data[..entry.end], entry.body);
        let encoding = cie.rules.pointer_encoding;
        let start = read_pointer(&mut reader, encoding, &self.bases)?;
        let length = read_value(&mut reader, encoding)?;
        if cie.has_augmentation_data {
            let skipped = usize::try_from(reader.uleb()?).ok()?;
            reader.bytes(skipped)?;
        }
        Some(Region {
            start,
            end: start.checked_add(length)?,
            source: Source::Fde(FdeSource {
                cie: number,
                offset: reader.position() as u32,
                length: (entry.end - reader.position()) as u32,
            }),
        })
    }
}

/// Address and bytes of .eh_frame, to the end of its PT_LOAD.
fn find_through_header<'data>(elf: &ElfFile<'data>) -> Option<(u64, &'data [u8])> {
    let (address, bytes) = elf.eh_frame_header()?;
    let mut reader = Reader::new(bytes);
    let (version, encoding) = (reader.u8()?, reader.u8()?);
    let _count_and_table_encodings = reader.u16()?;
    if version != 1 || encoding == OMITTED {
        return None;
    }
    let bases = Bases { section: address, text: None, data: Some(address) };
    let start = read_pointer(&mut reader, encoding, &bases)?;
    Some((start, elf.bytes_from_address(start)?))
}
