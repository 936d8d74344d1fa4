//! The part of the processor that is followed: the stack pointer, rbp, what is saved where, and what an instruction does to them.
//!
//! Takes a state and an instruction, gives the next state. Uses no other room.

pub(crate) mod effect;
pub(crate) mod state;
pub(crate) mod state_table;
pub(crate) mod value;
pub(crate) mod writes;
