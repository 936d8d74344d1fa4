//! The registers of a walk, and which of them are known.

use bee_elf::{
    REGISTER_COUNT, REGISTER_R10, REGISTER_R11, REGISTER_R12, REGISTER_R13, REGISTER_R14, REGISTER_R15, REGISTER_R8,
    REGISTER_R9, REGISTER_RAX, REGISTER_RBP, REGISTER_RBX, REGISTER_RCX, REGISTER_RDI, REGISTER_RDX, REGISTER_RSI,
    REGISTER_RSP,
};

/// In the order of ucontext's gregs; rip follows.
pub const SIGFRAME_REGISTERS: [u8; 16] = [
    REGISTER_R8,
    REGISTER_R9,
    REGISTER_R10,
    REGISTER_R11,
    REGISTER_R12,
    REGISTER_R13,
    REGISTER_R14,
    REGISTER_R15,
    REGISTER_RDI,
    REGISTER_RSI,
    REGISTER_RBP,
    REGISTER_RBX,
    REGISTER_RDX,
    REGISTER_RAX,
    REGISTER_RCX,
    REGISTER_RSP,
];
const ALL_REGISTERS: u32 = (1 << REGISTER_COUNT) - 1;
const FOLLOWED: u32 = 1 << REGISTER_RSP | 1 << REGISTER_RBP;
/// Calls do not preserve these: see bpf/walk.bpf.h.
const SCRATCH: u32 = 1 << REGISTER_RAX
    | 1 << REGISTER_RCX
    | 1 << REGISTER_RDX
    | 1 << REGISTER_RSI
    | 1 << REGISTER_RDI
    | 1 << REGISTER_R8
    | 1 << REGISTER_R9
    | 1 << REGISTER_R10
    | 1 << REGISTER_R11;

pub struct Registers {
    values: [u64; REGISTER_COUNT as usize],
    /// A bit for each.
    known: u32,
}

impl Registers {
    /// Of an interrupted frame: all are known.
    pub fn interrupted(values: [u64; REGISTER_COUNT as usize]) -> Registers {
        Registers { values, known: ALL_REGISTERS }
    }

    /// In the order of `SIGFRAME_REGISTERS`.
    pub fn restore_interrupted(&mut self, values: &[u64]) {
        SIGFRAME_REGISTERS.iter().zip(values).for_each(|(number, value)| self.set(*number, *value));
        self.known = ALL_REGISTERS;
    }

    pub fn get(&self, number: u8) -> u64 {
        self.values[usize::from(number % REGISTER_COUNT)]
    }

    pub fn set(&mut self, number: u8, value: u64) {
        self.values[usize::from(number % REGISTER_COUNT)] = value;
    }

    pub fn is_known(&self, number: u8) -> bool {
        self.known >> (number % REGISTER_COUNT) & 1 == 1
    }

    pub fn set_known(&mut self, number: u8, is_known: bool) {
        let bit = 1 << (number % REGISTER_COUNT);
        self.known = if is_known { self.known | bit } else { self.known & !bit };
    }

    pub fn are_all_known(&self) -> bool {
        self.known == ALL_REGISTERS
    }

    /// To a caller by its frame pointer: what else the callee has kept is not known.
    pub fn keep_followed(&mut self) {
        self.known = FOLLOWED;
    }

    /// To a caller by CFI; rbx stays where the callee has left it as it was.
    pub fn keep_for_caller(&mut self, is_bx_same: bool) {
        let kept = if is_bx_same { 1 << REGISTER_RBX } else { 0 };
        self.known &= FOLLOWED | SCRATCH | kept;
    }
}
