use super::cfi_state::{CfiState, RegisterRule};
use super::eh_pointer::{read_pointer, Bases};
use crate::file::reader::Reader;

/// Compilers nest remember_state two or three deep; the limit bounds memory.
const MAX_REMEMBERED: usize = 64;

/// What a CIE says about the instructions of its FDEs.
pub(crate) struct CfiRules {
    pub pointer_encoding: u8,
    pub code_align: u64,
    pub data_align: i64,
    /// The state that FDEs begin with and DW_CFA_restore goes back to.
    pub initial: CfiState,
}

/// What an instruction did.
pub(crate) enum Step {
    Nothing,
    /// The state may differ from before.
    Changed,
    /// The state up to here is complete; the next instructions are about this many bytes further on.
    Advance(u64),
    /// The same, with the address itself.
    MoveTo(u64),
}

/// Call frame instructions on their way through a state.
pub(crate) struct CfiProgram<'run, 'data> {
    pub reader: Reader<'data>,
    pub rules: &'run CfiRules,
    pub bases: &'run Bases,
    pub state: CfiState,
    /// Empty at the start; lent so that not every FDE allocates one.
    pub remembered: &'run mut Vec<CfiState>,
}

impl<'data> CfiProgram<'_, 'data> {
    pub fn is_at_end(&self) -> bool {
        self.reader.is_empty()
    }

    /// Executes one instruction. `None` when it is unknown, cut off, or of no meaning where it stands.
    #[inline(always)]
    pub fn step(&mut self) -> Option<Step> {
        let byte = self.reader.u8()?;
        let operand = u64::from(byte & 0x3f);
        let is_changed = match byte >> 6 {
            1 => return Some(self.advance(operand)),
            2 => {
                let rule = RegisterRule::AtCfa(self.factored_offset()?);
                self.state.set_register(operand, rule)
            }
            3 => self.state.restore_register(operand, &self.rules.initial),
            _ => return self.extended_step(byte),
        };
        Some(changed(is_changed))
    }

    #[inline(always)]
    fn extended_step(&mut self, opcode: u8) -> Option<Step> {
        let is_changed = match opcode {
            0x0c..=0x0f | 0x12 | 0x13 => self.set_cfa(opcode).map(|()| true)?,
            0x0a => self.remember_state().map(|()| false)?,
            0x0b => {
                self.state = self.remembered.pop()?;
                true
            }
            0x01..=0x04 | 0x1d => return self.long_advance(opcode),
            // DW_CFA_nop and DW_CFA_GNU_window_save (AArch64's negate_ra_state) have no operand, GNU_args_size one.
            0x00 | 0x2d => false,
            0x2e => self.reader.uleb().map(|_| false)?,
            _ => self.set_named_register(opcode)?,
        };
        Some(changed(is_changed))
    }

    fn long_advance(&mut self, opcode: u8) -> Option<Step> {
        let units = match opcode {
            0x01 => {
                let encoding = self.rules.pointer_encoding;
                return read_pointer(&mut self.reader, encoding, self.bases).map(Step::MoveTo);
            }
            0x02 => u64::from(self.reader.u8()?),
            0x03 => u64::from(self.reader.u16()?),
            0x04 => u64::from(self.reader.u32()?),
            // DW_CFA_MIPS_advance_loc8
            _ => self.reader.u64()?,
        };
        Some(self.advance(units))
    }

    #[inline(always)]
    fn set_cfa(&mut self, opcode: u8) -> Option<()> {
        match opcode {
            0x0e => {
                let offset = self.reader.uleb()? as i64;
                self.state.set_cfa_offset(offset);
            }
            0x0d => self.state.set_cfa_register(self.reader.uleb()?),
            0x13 => {
                let offset = self.factored_signed_offset()?;
                self.state.set_cfa_offset(offset);
            }
            0x0c => {
                let register = self.reader.uleb()?;
                self.state.set_cfa(register, self.reader.uleb()? as i64);
            }
            0x12 => {
                let register = self.reader.uleb()?;
                let offset = self.factored_signed_offset()?;
                self.state.set_cfa(register, offset);
            }
            _ => {
                let expression = self.block()?;
                self.state.set_cfa_expression(expression);
            }
        }
        Some(())
    }

    /// The instructions that name a register in an operand; true when it is one that matters.
    fn set_named_register(&mut self, opcode: u8) -> Option<bool> {
        let register = self.reader.uleb()?;
        let rule = match opcode {
            0x05 => RegisterRule::AtCfa(self.factored_offset()?),
            0x06 => return Some(self.state.restore_register(register, &self.rules.initial)),
            0x07 => RegisterRule::Undefined,
            0x08 => RegisterRule::Same,
            0x10 => RegisterRule::Expression(self.block()?),
            0x11 => RegisterRule::AtCfa(self.factored_signed_offset()?),
            // register, val_offset, val_offset_sf, val_expression
            0x09 | 0x14 => self.reader.uleb().map(|_| RegisterRule::Other)?,
            0x15 => self.reader.sleb().map(|_| RegisterRule::Other)?,
            0x16 => self.block().map(|_| RegisterRule::Other)?,
            // DW_CFA_GNU_negative_offset_extended
            0x2f => RegisterRule::AtCfa(self.factored_offset()?.wrapping_neg()),
            _ => return None,
        };
        Some(self.state.set_register(register, rule))
    }

    fn remember_state(&mut self) -> Option<()> {
        if self.remembered.len() >= MAX_REMEMBERED {
            return None;
        }
        self.remembered.push(self.state);
        Some(())
    }
    #[inline(always)]
    fn advance(&self, units: u64) -> Step {
        Step::Advance(units.wrapping_mul(self.rules.code_align))
    }

    #[inline(always)]
    fn factored_offset(&mut self) -> Option<i64> {
        Some((self.reader.uleb()? as i64).wrapping_mul(self.rules.data_align))
    }

    fn factored_signed_offset(&mut self) -> Option<i64> {
        Some(self.reader.sleb()?.wrapping_mul(self.rules.data_align))
    }

    fn block(&mut self) -> Option<&'data [u8]> {
        let length = usize::try_from(self.reader.uleb()?).ok()?;
        self.reader.bytes(length)
    }
}

#[inline(always)]
fn changed(is_changed: bool) -> Step {
    if is_changed {
        Step::Changed
    } else {
        Step::Nothing
    }
}
