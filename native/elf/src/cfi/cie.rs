//! One CIE: what the FDEs that name it have in common.

use super::cfi_program::{CfiProgram, CfiRules};
use super::cfi_state::{CfiState, RegisterRule, RETURN_ADDRESS};
use super::eh_pointer::{skip_pointer, Bases, OMITTED};
use super::entries::Entry;
use crate::file::reader::Reader;

/// The parts of a CIE that its FDEs need.
pub(crate) struct Cie {
    pub rules: CfiRules,
    pub has_augmentation_data: bool,
    pub is_signal_frame: bool,
}

impl Cie {
    /// `None` when its FDEs cannot be read.
    pub fn read(data: &[u8], entry: &Entry, bases: &Bases, remembered: &mut Vec<CfiState>) -> Option<Cie> {
        let mut reader = Reader::at(&data[..entry.end], entry.body);
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
        cie.read_augmentation(&mut reader, data, augmentation, bases)?;
        let mut initial = cie.run_initial_instructions(reader, bases, remembered)?;
        if return_register != RETURN_ADDRESS {
            initial.set_register(RETURN_ADDRESS, RegisterRule::Other);
        }
        cie.rules.initial = if cie.is_signal_frame { initial.of_interrupted_caller() } else { initial };
        Some(cie)
    }

    /// Leaves the reader at the initial instructions. After an unknown letter the rest is skipped by its length, as
    /// libgcc does.
    fn read_augmentation(
        &mut self,
        reader: &mut Reader<'_>,
        data: &[u8],
        augmentation: &[u8],
        bases: &Bases,
    ) -> Option<()> {
        let letters = match augmentation {
            b"" | b"eh" => return Some(()),
            [b'z', letters @ ..] => letters,
            _ => return None,
        };
        let length = usize::try_from(reader.uleb()?).ok()?;
        let start = reader.position();
        reader.bytes(length)?;
        let mut content = Reader::at(&data[..reader.position()], start);
        for letter in letters {
            match letter {
                b'R' => self.rules.pointer_encoding = content.u8()?,
                b'L' => drop(content.u8()?),
                b'P' => {
                    let encoding = content.u8()?;
                    skip_pointer(&mut content, encoding, bases)?;
                }
                b'S' => self.is_signal_frame = true,
                b'B' => {}
                _ => break,
            }
        }
        (self.rules.pointer_encoding != OMITTED).then_some(())
    }

    fn run_initial_instructions(
        &self,
        reader: Reader<'_>,
        bases: &Bases,
        remembered: &mut Vec<CfiState>,
    ) -> Option<CfiState> {
        remembered.clear();
        let mut program = CfiProgram { reader, rules: &self.rules, bases, state: CfiState::UNSET, remembered };
        while !program.is_at_end() {
            program.step()?;
        }
        Some(program.state)
    }
}
