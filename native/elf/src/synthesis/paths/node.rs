//! A reached instruction, and how it ends its path.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use crate::synthesis::machine::state_table::StateId;

/// How far the state of a place can be trusted. Where two differ, the less trusted is wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Trust {
    /// As below, behind a call.
    GuessedBehindCall,
    /// From where a function seems to begin.
    Guessed,
    /// Behind a call, which may not come back: what stands there may be reached by another way only.
    BehindCall,
    /// From where a function does begin.
    Sure,
    /// The first instruction of what a symbol says is a function: who jumps there, calls it in the end.
    Declared,
}

impl Trust {
    /// Of what follows directly.
    pub fn of_next(self) -> Trust {
        self.min(Trust::Sure)
    }

    pub fn behind_call(self) -> Trust {
        match self {
            Trust::Declared | Trust::Sure | Trust::BehindCall => Trust::BehindCall,
            Trust::Guessed | Trust::GuessedBehindCall => Trust::GuessedBehindCall,
        }
    }

    /// Of a function that is called from here.
    pub fn of_callee(self) -> Trust {
        match self {
            Trust::Declared | Trust::Sure | Trust::BehindCall => Trust::Sure,
            Trust::Guessed | Trust::GuessedBehindCall => Trust::Guessed,
        }
    }
}

/// What is known before the instruction at an offset.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub offset: u32,
    pub state: StateId,
    /// Which [`Origins`] it follows from.
    pub origin: u32,
    pub trust: Trust,
    /// 0 until it was looked at.
    pub length: u8,
    pub path_end: PathEnd,
}

impl Node {
    /// Where the next instruction begins.
    pub fn end(&self) -> u32 {
        self.offset + u32::from(self.length).max(1)
    }
}

/// How the instruction ends its path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PathEnd {
    No,
    Return,
    /// To nobody knows where.
    IndirectJump,
    /// Through a table that was read.
    Table,
    /// A direct jump, or one that does not come back.
    Other,
    /// No instruction at all.
    Invalid,
}

pub(crate) fn path_end(instruction: &Instruction) -> PathEnd {
    use Mnemonic as M;
    match instruction.mnemonic() {
        _ if instruction.is_invalid() => PathEnd::Invalid,
        M::Ret | M::Retf | M::Iret | M::Iretd | M::Iretq => PathEnd::Return,
        M::Jmp if is_through_table(instruction) => PathEnd::IndirectJump,
        M::Jmp | M::Ud0 | M::Ud1 | M::Ud2 | M::Hlt | M::Int3 | M::Sysret | M::Sysretq | M::Sysexit => PathEnd::Other,
        _ => PathEnd::No,
    }
}

/// Whether it may go on outside of this code, and come back from there.
pub(crate) fn leaves(instruction: &Instruction, end: PathEnd) -> bool {
    let is_branch = instruction.mnemonic() == Mnemonic::Jmp || is_conditional(instruction);
    is_branch || end == PathEnd::Return
}

/// A word at a fixed place or of an object leads to another function.
fn is_through_table(instruction: &Instruction) -> bool {
    match instruction.op0_kind() {
        OpKind::Register => true,
        OpKind::Memory => instruction.memory_index() != Register::None,
        _ => false,
    }
}

pub(crate) fn is_conditional(instruction: &Instruction) -> bool {
    instruction.op0_kind() == OpKind::NearBranch64 && !matches!(instruction.mnemonic(), Mnemonic::Jmp | Mnemonic::Call)
}

pub(crate) fn changes_counter(mnemonic: Mnemonic) -> bool {
    matches!(mnemonic, Mnemonic::Loop | Mnemonic::Loope | Mnemonic::Loopne | Mnemonic::Xbegin)
}
