//! Stack records: their layout, unique stacks, and their counts.
//!
//! Takes the records and counts that the sampler sends, gives records. Uses no other room.

pub mod layout;
pub mod samples;
