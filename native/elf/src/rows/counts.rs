use super::rule::{UNWIND_END, UNWIND_GAP, UNWIND_UNSUPPORTED};

/// What a table holds and what it could not express. Rows are those of the table: equal neighbours, of whatever
/// cause, are one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// FDEs read from .eh_frame.
    pub fdes: u32,
    /// FDEs of .debug_frame that fill what .eh_frame leaves out.
    pub debug_fdes: u32,
    /// FDEs that were skipped: unreadable, or their CIE is.
    pub skipped_fdes: u32,
    /// FDEs of no use: empty, beginning outside of the executable segments, or at the address of an earlier one.
    pub unused_fdes: u32,
    /// Rows that say "no CFI from here".
    pub gap_rows: u32,
    /// Rows that say "outermost frame".
    pub end_rows: u32,
    /// Regions made up for PLT sections, .init, .fini and the entry point, which no FDE covers.
    pub synthesized_regions: u32,
    /// Functions without call frame information that were followed instruction by instruction.
    pub synthesized_functions: u32,
    /// Their ranges with one rule.
    pub synthesized_rows: u32,
    /// Bytes of code for which neither says anything.
    pub unknown_bytes: u64,
    /// Bytes of code without CFI that were not looked at, for their number.
    pub left_out_bytes: u64,
    /// All UNSUPPORTED rows; the fields below are its parts.
    pub unsupported_rows: u32,
    /// CFA from a register other than rsp, rbp, rbx, r10 and r11.
    pub unsupported_cfa_register: u32,
    /// CFA from an expression that is none of the known ones, or an offset beyond 32 bits.
    pub unsupported_cfa_expression: u32,
    /// Return address not at CFA - 8.
    pub unsupported_return_address: u32,
    /// rbp saved in a way that [`crate::Rule`] cannot say.
    pub unsupported_frame_pointer: u32,
    /// The caller's rsp is not the CFA.
    pub unsupported_stack_pointer: u32,
    /// Instructions that cannot be read; the row covers the rest of its FDE.
    pub unsupported_malformed: u32,
}

/// Why a row is UNSUPPORTED.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cause {
    CfaRegister,
    CfaExpression,
    /// The return address would lie below rsp, where anything is.
    ReturnAddressFreed,
    ReturnAddress,
    FramePointer,
    StackPointer,
    Malformed,
}

impl Counts {
    pub(crate) fn add_row(&mut self, kind: u8) {
        match kind {
            UNWIND_GAP => self.gap_rows += 1,
            UNWIND_END => self.end_rows += 1,
            UNWIND_UNSUPPORTED => self.unsupported_rows += 1,
            _ => {}
        }
    }

    /// A row that was counted as UNSUPPORTED for its freed return address is the end of a thread, at least its beginning.
    pub(crate) fn add_end_of_thread(&mut self, is_whole: bool) {
        self.end_rows += 1;
        if is_whole {
            self.unsupported_rows -= 1;
            self.unsupported_cfa_expression -= 1;
        }
    }

    pub(crate) fn add_cause(&mut self, cause: Cause) {
        let count = match cause {
            Cause::CfaRegister => &mut self.unsupported_cfa_register,
            Cause::CfaExpression | Cause::ReturnAddressFreed => &mut self.unsupported_cfa_expression,
            Cause::ReturnAddress => &mut self.unsupported_return_address,
            Cause::FramePointer => &mut self.unsupported_frame_pointer,
            Cause::StackPointer => &mut self.unsupported_stack_pointer,
            Cause::Malformed => &mut self.unsupported_malformed,
        };
        *count += 1;
    }
}
