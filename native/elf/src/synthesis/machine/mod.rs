//! The part of the processor that is followed: the stack pointer, rbp, what is saved where, and what an instruction does to them.
//!
//! Takes a state and an instruction, gives the next state, and the rule that follows from it. Uses no other room of
//! `synthesis`.

pub(crate) mod effect;
pub(crate) mod rule_of_state;
pub(crate) mod state;
pub(crate) mod state_table;
pub(crate) mod value;
pub(crate) mod writes;
