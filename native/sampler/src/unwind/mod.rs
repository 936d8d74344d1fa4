//! The walk of the BPF program once more, in user space.
//! Takes: registers, a slice of stack, mappings and tables. Gives: frames, and what is wrong with those of the kernel.
//! May use: spaces, tables, kernel, rights.

pub mod plausibility;
pub mod registers;
pub mod stack_facts;
#[cfg(test)]
mod stepping;
pub mod unwinding_check;
pub mod walk;
