//! What koffi calls: handles, the caller's memory, and one function of C for each thing that libbee does.
//!
//! Takes numbers and buffers, gives numbers. May use every other room, and is used by none.

pub mod file_calls;
pub mod handles;
pub mod host_calls;
pub mod received_calls;
pub mod session;
pub mod session_calls;
pub mod symbol_calls;
pub mod values;
