//! The conversation with the client, and the capture that it asks for.
//! Takes: requests on a socket. Gives: stacks, objects, counts and problems, until either side ends it.
//! May use: every other room; none uses this one.

pub mod awaited;
pub mod capture;
pub mod checkpoint;
pub mod client;
pub mod epoch;
pub mod kernel_symbols;
pub mod requests;
pub mod signals;
pub mod sockets_left;
pub mod stacks;
pub mod start;
pub mod totals;
