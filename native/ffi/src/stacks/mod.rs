//! Stacks: what the sampler's records and counts say, as tables of frames and stacks, and what of it is new.
//!
//! Takes STACKS and COUNTS, and the numbers of files; gives batches of what the host does not know yet. Uses no other room.

mod batch;
mod comm_table;
mod frame_table;
mod increments;
pub mod layout;
mod object_numbers;
mod record;
mod row_index;
pub mod samples;
mod stack_table;
