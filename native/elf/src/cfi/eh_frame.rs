use std::collections::HashMap;

use super::cfi_program::{CfiProgram, CfiRules};
use super::cfi_state::{CfiState, RegisterRule, RETURN_ADDRESS};
use super::eh_pointer::{read_pointer, read_value, skip_pointer, Bases, OMITTED};
use super::fde_rows::FdeRows;
use crate::file::elf_file::ElfFile;
use crate::file::reader::Reader;
use crate::rows::counts::Counts;
use crate::rows::region::{Region, Source};
use crate::rows::row_builder::RowBuilder;

const EXTENDED_LENGTH: u32 = 0xffff_ffff;
/// Bytes per FDE in the densest real files, for the first allocation.
const BYTES_PER_FDE: usize = 40;

/// The parts of a CIE that its FDEs need.
struct Cie {
    rules: CfiRules,
    has_augmentation_data: bool,
    is_signal_frame: bool,
}

/// A CIE or FDE: where it begins, where its body begins (behind length and CIE pointer), where it ends.
#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    body: usize,
    end: usize,
    kind: EntryKind,
}

#[derive(Clone, Copy)]
enum EntryKind {
    Terminator,
    Cie,
    /// With the offset of its CIE, unchecked.
    Fde(usize),
}

/// Where an FDE's instructions are, and the number of its CIE.
#[derive(Clone, Copy)]
pub(crate) struct FdeSource {
    cie: u32,
    offset: u32,
    length: u32,
}

/// The two forms of call frame information. They differ in how an entry names its CIE, and .debug_frame has plain
/// addresses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    EhFrame,
    DebugFrame,
}

/// .eh_frame or .debug_frame of a file.
pub(crate) struct EhFrame<'data> {
    data: &'data [u8],
    form: Form,
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
            // Offsets are kept in 32 bits: the largest known .eh_frame is 100 MB.
            data: &data[..data.len().min(u32::MAX as usize)],
            form: Form::EhFrame,
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
            data: &data[..data.len().min(u32::MAX as usize)],
            form: Form::DebugFrame,
            bases: Bases::default(),
            ends_at_terminator: false,
            cies: Vec::new(),
            remembered: Vec::new(),
            follows_bx: false,
        }
    }

    pub fn byte_count(&self) -> usize {
        self.data.len()
    }

    /// The non-empty FDEs in the order of the file. Reads every entry once: a CIE counts only when it stands at its
    /// own place before its FDEs, as all linkers write it, so that hostile pointers cannot make one be read twice.
    pub fn read_regions(&mut self, counts: &mut Counts) -> Vec<Region> {
        let mut regions = Vec::with_capacity(self.data.len() / BYTES_PER_FDE);
        let mut cie_at = HashMap::new();
        // Neighbours mostly share their CIE.
        let mut last_cie = (usize::MAX, None);
        let mut position = 0;
        while let Some(entry) = self.entry_at(position) {
            position = entry.end;
            let cie_offset = match entry.kind {
                EntryKind::Terminator if self.ends_at_terminator => break,
                EntryKind::Terminator => continue,
                EntryKind::Cie => {
                    cie_at.insert(entry.start, self.read_cie(&entry));
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
            reader: Reader::at(&self.data[..limit], offset),
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

    /// `None` at the end of the data, or where an entry claims to reach beyond it.
    #[inline]
    fn entry_at(&self, start: usize) -> Option<Entry> {
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

    fn read_fde(&self, entry: &Entry, number: u32) -> Option<Region> {
        let cie = &self.cies[number as usize];
        let mut reader = Reader::at(&self.data[..entry.end], entry.body);
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

    /// Number of the CIE; `None` when its FDEs cannot be read.
    fn read_cie(&mut self, entry: &Entry) -> Option<u32> {
        let mut reader = Reader::at(&self.data[..entry.end], entry.body);
        let version = reader.u8()?;
        if !matches!(version, 1 | 3 | 4) {
            return None;
        }
        let augmentation = reader.c_string()?;
        if augmentation == b"eh" {
            reader.u64()?;
        }
        if version == 4 && (reader.u8()?, reader.u8()?) != (8, 0) {
            return None;
        }
        let mut cie = Cie {
            rules: CfiRules {
                pointer_encoding: 0,
                code_align: reader.uleb()?,
                data_align: reader.sleb()?,
                initial: CfiState::UNSET,
            },
            has_augmentation_data: augmentation.first() == Some(&b'z'),
            is_signal_frame: false,
        };
        let return_register = match version {
            1 => u64::from(reader.u8()?),
            _ => reader.uleb()?,
        };
        self.read_augmentation(&mut reader, augmentation, &mut cie)?;
        let mut initial = self.run_initial_instructions(reader, &cie.rules)?;
        if return_register != RETURN_ADDRESS {
            initial.set_register(RETURN_ADDRESS, RegisterRule::Other);
        }
        cie.rules.initial = if cie.is_signal_frame { initial.of_interrupted_caller() } else { initial };
        self.cies.push(cie);
        Some(self.cies.len() as u32 - 1)
    }

    /// Leaves the reader at the initial instructions. After an unknown letter the rest is skipped by its length, as
    /// libgcc does.
    fn read_augmentation(&self, reader: &mut Reader<'data>, augmentation: &[u8], cie: &mut Cie) -> Option<()> {
        let letters = match augmentation {
            b"" | b"eh" => return Some(()),
            [b'z', letters @ ..] => letters,
            _ => return None,
        };
        let length = usize::try_from(reader.uleb()?).ok()?;
        let start = reader.position();
        reader.bytes(length)?;
        let mut data = Reader::at(&self.data[..reader.position()], start);
        for letter in letters {
            match letter {
                b'R' => cie.rules.pointer_encoding = data.u8()?,
                b'L' => drop(data.u8()?),
                b'P' => {
                    let encoding = data.u8()?;
                    skip_pointer(&mut data, encoding, &self.bases)?;
                }
                b'S' => cie.is_signal_frame = true,
                b'B' => {}
                _ => break,
            }
        }
        (cie.rules.pointer_encoding != OMITTED).then_some(())
    }

    fn run_initial_instructions(&mut self, reader: Reader<'data>, rules: &CfiRules) -> Option<CfiState> {
        self.remembered.clear();
        let mut program =
            CfiProgram { reader, rules, bases: &self.bases, state: CfiState::UNSET, remembered: &mut self.remembered };
        while !program.is_at_end() {
            program.step()?;
        }
        Some(program.state)
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
