//! The conversation with bee-sampler: who may connect, frames, events.
//!
//! Takes a socket, gives events, and fills `received`. May use `news`, `received` and `files`.

pub mod event_queue;
pub mod listener;
pub mod receiver;
pub mod sampler_connection;
pub mod wake;
