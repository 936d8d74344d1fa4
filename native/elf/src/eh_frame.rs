use std::collections::HashMap;

use crate::cfi_state::{CfaRule, CfiState, RegisterRule, RETURN_ADDRESS};
use crate::counts::{Cause, Counts};
use crate::eh_pointer::{read_pointer, read_value, skip_pointer, Bases, OMITTED};
use crate::elf_file::ElfFile;
use crate::reader::Reader;
use crate::region::{Region, Source};
use crate::row_builder::RowBuilder;
use crate::rule::{Rule, UNWIND_SIGNAL, UNWIND_UNSUPPORTED};

/// Instructions nest remember_state two or three deep; the limit bounds memory.
const MAX_REMEMBERED: usize = 64;
const EXTENDED_LENGTH: u32 = 0xffff_ffff;

/// The parts of a CIE that its FDEs need.
struct Cie {
    fde_encoding: u8,
    has_augmentation_data: bool,
    is_signal_frame: bool,
    code_align: u64,
    data_align: i64,
    initial: CfiState,
}

/// .eh_frame of a file: its bytes, CIEs, and the interpreter of their instructions.
pub(crate) struct EhFrame<'data> {
    data: &'data [u8],
    bases: Bases,
    /// Without sections only the terminator says where .eh_frame ends.
    ends_at_terminator: bool,
    cies: Vec<Cie>,
    remembered: Vec<CfiState>,
}

/// Receives the rows of one FDE.
struct RowSink<'a> {
    builder: &'a mut RowBuilder,
    end: u64,
}

impl<'data> EhFrame<'data> {
    /// Finds .eh_frame by its section, else through PT_GNU_EH_FRAME. Empty when the file has none.
    pub fn find(elf: &ElfFile<'data>) -> EhFrame<'data> {
        let text = elf.sections.find(".text").map(|section| section.address);
        let got = elf.sections.find(".got").map(|section| section.address);
        let section = elf.sections.find(".eh_frame").and_then(|section| {
            let bytes = elf.sections.bytes(&section)?;
            (!bytes.is_empty()).then_some((section.address, bytes))
        });
        let ends_at_terminator = section.is_none();
        let (address, data) = section
            .or_else(|| find_through_header(elf))
            .unwrap_or_default();
        EhFrame {
            // Offsets are kept in 32 bits: the largest known .eh_frame is 100 MB.
            data: &data[..data.len().min(u32::MAX as usize)],
            bases: Bases {
                section: address,
                text,
                data: got,
            },
            ends_at_terminator,
            cies: Vec::new(),
            remembered: Vec::new(),
        }
    }

    pub fn byte_count(&self) -> usize {
        self.data.len()
    }

    /// The non-empty FDEs in the order of the file. Reads every entry once: a CIE counts only when it stands at its
    /// own place before its FDEs, as all linkers write it, so that hostile pointers cannot make one be read twice.
    pub fn read_regions(&mut self, counts: &mut Counts) -> Vec<Region> {
        // 40 bytes of .eh_frame per FDE at the very least in real files.
        let mut regions = Vec::with_capacity(self.data.len() / 40);
        let mut cie_at = HashMap::new();
        let mut last_cie = (usize::MAX, None);
        let mut position = 0;
        while let Some(entry) = self.entry_at(position) {
            position = entry.end;
            if entry.is_terminator {
                if self.ends_at_terminator {
                    break;
                }
                continue;
            }
            if entry.cie_pointer == 0 {
                let number = self.read_cie(&entry);
                cie_at.insert(entry.start, number);
                continue;
            }
            counts.fdes += 1;
            let Some(target) = entry.body.checked_sub(4 + entry.cie_pointer as usize) else {
                counts.skipped_fdes += 1;
                continue;
            };
            if last_cie.0 != target {
                last_cie = (target, cie_at.get(&target).copied().flatten());
            }
            match last_cie.1.and_then(|cie| self.read_fde(&entry, cie)) {
                Some(region) if region.start < region.end => regions.push(region),
                Some(_) => counts.unused_fdes += 1,
                None => counts.skipped_fdes += 1,
            }
        }
        regions
    }

    /// `None` at the end of the data, or where an entry claims to reach beyond it.
    #[inline]
    fn entry_at(&self, start: usize) -> Option<Entry> {
        let mut reader = Reader::at(self.data, start);
        let length = match reader.u32()? {
            EXTENDED_LENGTH => reader.u64()?,
            length => u64::from(length),
        };
        let is_terminator = length == 0;
        let end = reader
            .position()
            .checked_add(usize::try_from(length).ok()?)?;
        if end > self.data.len() {
            return None;
        }
        let cie_pointer = if is_terminator || length < 4 {
            0
        } else {
            reader.u32()?
        };
        Some(Entry {
            start,
            body: reader.position(),
            end,
            cie_pointer,
            is_terminator,
        })
    }

    fn read_fde(&self, entry: &Entry, number: u32) -> Option<Region> {
        let cie = &self.cies[number as usize];
        let mut reader = Reader::at(&self.data[..entry.end], entry.body);
        let start = read_pointer(&mut reader, cie.fde_encoding, &self.bases)?;
        let length = read_value(&mut reader, cie.fde_encoding)?;
        if cie.has_augmentation_data {
            let skipped = usize::try_from(reader.uleb()?).ok()?;
            reader.bytes(skipped)?;
        }
        // Callers are looked up one byte before their return address, and a signal frame's return address is the
        // first byte of the trampoline.
        let early = u64::from(cie.is_signal_frame && length > 0);
        Some(Region {
            start: start.saturating_sub(early),
            end: start.checked_add(length)?,
            source: Source::Fde {
                cie: number,
                offset: reader.position() as u32,
                length: (entry.end - reader.position()) as u32,
            },
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
        if augmentation.starts_with(b"eh") {
            reader.u64()?;
        }
        if version == 4 && (reader.u8()?, reader.u8()?) != (8, 0) {
            return None;
        }
        let (code_align, data_align) = (reader.uleb()?, reader.sleb()?);
        let return_register = if version == 1 {
            u64::from(reader.u8()?)
        } else {
            reader.uleb()?
        };
        let mut cie = Cie {
            fde_encoding: 0,
            has_augmentation_data: augmentation.first() == Some(&b'z'),
            is_signal_frame: false,
            code_align,
            data_align,
            initial: CfiState::UNSET,
        };
        self.read_augmentation(&mut reader, augmentation, &mut cie)?;
        self.run_initial_instructions(reader, &mut cie)?;
        if return_register != RETURN_ADDRESS {
            cie.initial
                .set_register(RETURN_ADDRESS, RegisterRule::Other);
        }
        self.cies.push(cie);
        Some(self.cies.len() as u32 - 1)
    }

    /// Leaves the reader at the initial instructions. After an unknown letter the rest is skipped by its length, as
    /// libgcc does.
    fn read_augmentation(
        &self,
        reader: &mut Reader<'data>,
        augmentation: &[u8],
        cie: &mut Cie,
    ) -> Option<()> {
        let letters = match augmentation {
            [] | [b'e', b'h'] => return Some(()),
            [b'z', letters @ ..] => letters,
            _ => return None,
        };
        let length = usize::try_from(reader.uleb()?).ok()?;
        let start = reader.position();
        let end = start.checked_add(length)?;
        reader.bytes(length)?;
        let mut data = Reader::at(&self.data[..end], start);
        for letter in letters {
            match letter {
                b'R' => cie.fde_encoding = data.u8()?,
                b'L' => drop(data.u8()?),
                b'P' => {
                    let encoding = data.u8()?;
                    skip_pointer(&mut data, encoding, &self.bases)?;
                }
                b'S' => cie.is_signal_frame = true,
                b'B' | b'G' => {}
                _ => break,
            }
        }
        (cie.fde_encoding != OMITTED).then_some(())
    }

    fn run_initial_instructions(&mut self, mut reader: Reader<'data>, cie: &mut Cie) -> Option<()> {
        let mut state = CfiState::UNSET;
        self.remembered.clear();
        while !reader.is_empty() {
            let step = read_instruction(
                &mut reader,
                cie,
                &self.bases,
                &mut state,
                &mut self.remembered,
            );
            step?;
        }
        cie.initial = state;
        Some(())
    }

    /// Appends the rows of an FDE that is in force from `start` to `end`.
    pub fn push_rows(
        &mut self,
        source: (u32, u32, u32),
        start: u64,
        end: u64,
        builder: &mut RowBuilder,
    ) {
        let (number, offset, length) = source;
        let cie = &self.cies[number as usize];
        if cie.is_signal_frame {
            builder.push(start, Rule::of_kind(UNWIND_SIGNAL));
            return;
        }
        let limit = offset as usize + length as usize;
        let mut reader = Reader::at(&self.data[..limit], offset as usize);
        let mut sink = RowSink { builder, end };
        let mut state = cie.initial;
        let mut location = start;
        let mut is_changed = true;
        self.remembered.clear();
        while !reader.is_empty() {
            match read_instruction(
                &mut reader,
                cie,
                &self.bases,
                &mut state,
                &mut self.remembered,
            ) {
                Some(Step::Nothing) => {}
                Some(Step::Changed) => is_changed = true,
                Some(Step::Advance(delta)) => {
                    if delta == 0 {
                        continue;
                    }
                    if is_changed {
                        sink.push(location, &state);
                        is_changed = false;
                    }
                    location = location.saturating_add(delta);
                    if location >= sink.end {
                        return;
                    }
                }
                Some(Step::MoveTo(target)) => {
                    if target < location {
                        sink.push_malformed(location);
                        return;
                    }
                    if target == location {
                        continue;
                    }
                    if is_changed {
                        sink.push(location, &state);
                        is_changed = false;
                    }
                    location = target;
                    if location >= sink.end {
                        return;
                    }
                }
                None => {
                    sink.push_malformed(location);
                    return;
                }
            }
        }
        if is_changed {
            sink.push(location, &state);
        }
    }
}

impl RowSink<'_> {
    #[inline(always)]
    fn push(&mut self, address: u64, state: &CfiState) {
        match state.rule() {
            Ok(rule) => self.builder.push(address, rule),
            Err((rule, cause)) => self.builder.push_unsupported(address, rule, cause),
        }
    }

    fn push_malformed(&mut self, address: u64) {
        let rule = Rule::of_kind(UNWIND_UNSUPPORTED);
        self.builder
            .push_unsupported(address, rule, Cause::Malformed);
    }
}

#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    /// Behind length and CIE pointer.
    body: usize,
    end: usize,
    cie_pointer: u32,
    is_terminator: bool,
}

enum Step {
    Nothing,
    Changed,
    /// By this many bytes.
    Advance(u64),
    MoveTo(u64),
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
    let bases = Bases {
        section: address,
        text: None,
        data: Some(address),
    };
    let start = read_pointer(&mut reader, encoding, &bases)?;
    Some((start, elf.bytes_from_address(start)?))
}

/// `None` for an instruction that is unknown, cut off, or of no meaning where it stands.
#[inline(always)]
fn read_instruction<'data>(
    reader: &mut Reader<'data>,
    cie: &Cie,
    bases: &Bases,
    state: &mut CfiState,
    remembered: &mut Vec<CfiState>,
) -> Option<Step> {
    let byte = reader.u8()?;
    let low = u64::from(byte & 0x3f);
    match byte >> 6 {
        1 => return Some(Step::Advance(low.wrapping_mul(cie.code_align))),
        2 => {
            let offset = factored(reader.uleb()?, cie.data_align);
            return Some(changed(
                state.set_register(low, RegisterRule::AtCfa(offset)),
            ));
        }
        3 => return Some(changed(state.restore_register(low, &cie.initial))),
        _ => {}
    }
    let is_changed = match byte {
        0x00 => false,
        0x02 => return Some(advance(cie, u64::from(reader.u8()?))),
        0x03 => return Some(advance(cie, u64::from(reader.u16()?))),
        0x04 => return Some(advance(cie, u64::from(reader.u32()?))),
        0x1d => return Some(advance(cie, reader.u64()?)),
        0x01 => return read_pointer(reader, cie.fde_encoding, bases).map(Step::MoveTo),
        0x0a => {
            if remembered.len() >= MAX_REMEMBERED {
                return None;
            }
            remembered.push(*state);
            false
        }
        0x0b => {
            *state = remembered.pop()?;
            true
        }
        0x0c..=0x0f | 0x12 | 0x13 => {
            set_cfa(byte, reader, cie, state)?;
            true
        }
        // DW_CFA_GNU_window_save (also AArch64's negate_ra_state) has no operand, GNU_args_size one.
        0x2d => false,
        0x2e => {
            reader.uleb()?;
            false
        }
        _ => set_register(byte, reader, cie, state)?,
    };
    Some(changed(is_changed))
}

fn set_cfa(byte: u8, reader: &mut Reader<'_>, cie: &Cie, state: &mut CfiState) -> Option<()> {
    match byte {
        0x0c => state.cfa = CfaRule::Register(reader.uleb()?, reader.uleb()? as i64),
        0x12 => {
            let register = reader.uleb()?;
            let offset = reader.sleb()?.wrapping_mul(cie.data_align);
            state.cfa = CfaRule::Register(register, offset);
        }
        0x0f => {
            let length = usize::try_from(reader.uleb()?).ok()?;
            state.set_cfa_expression(reader.bytes(length)?);
        }
        _ => {
            let CfaRule::Register(register, offset) = &mut state.cfa else {
                return None;
            };
            match byte {
                0x0d => *register = reader.uleb()?,
                0x0e => *offset = reader.uleb()? as i64,
                _ => *offset = reader.sleb()?.wrapping_mul(cie.data_align),
            }
        }
    }
    Some(())
}

/// The instructions that name a register in an operand; true when it is one that matters.
fn set_register<'data>(
    byte: u8,
    reader: &mut Reader<'data>,
    cie: &Cie,
    state: &mut CfiState,
) -> Option<bool> {
    let register = reader.uleb()?;
    let rule = match byte {
        0x05 => RegisterRule::AtCfa(factored(reader.uleb()?, cie.data_align)),
        0x06 => return Some(state.restore_register(register, &cie.initial)),
        0x07 => RegisterRule::Undefined,
        0x08 => RegisterRule::Same,
        0x09 | 0x14 => {
            reader.uleb()?;
            RegisterRule::Other
        }
        0x10 | 0x16 => {
            let length = usize::try_from(reader.uleb()?).ok()?;
            let expression = reader.bytes(length)?;
            match byte {
                0x10 => RegisterRule::Expression(expression),
                _ => RegisterRule::Other,
            }
        }
        0x11 => RegisterRule::AtCfa(reader.sleb()?.wrapping_mul(cie.data_align)),
        0x15 => {
            reader.sleb()?;
            RegisterRule::Other
        }
        // DW_CFA_GNU_negative_offset_extended
        0x2f => RegisterRule::AtCfa(factored(reader.uleb()?, cie.data_align).wrapping_neg()),
        _ => return None,
    };
    Some(state.set_register(register, rule))
}

#[inline(always)]
fn changed(is_changed: bool) -> Step {
    if is_changed {
        Step::Changed
    } else {
        Step::Nothing
    }
}

#[inline(always)]
fn advance(cie: &Cie, units: u64) -> Step {
    Step::Advance(units.wrapping_mul(cie.code_align))
}

#[inline(always)]
fn factored(value: u64, data_align: i64) -> i64 {
    (value as i64).wrapping_mul(data_align)
}
