//! The conversation with bee-sampler: who may connect, frames, events.
//!
//! Takes a socket, gives stacks, files and events. May use `stacks` and `files`.

pub mod frame_reader;
pub mod sampler_connection;
