//! What koffi calls: handles, the caller's memory, and one function of C for each thing that libbee does.
//!
//! Takes numbers and buffers, gives numbers. May use every other room, and is used by none.

pub mod handles;
