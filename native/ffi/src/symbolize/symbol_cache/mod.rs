//! The symbol cache: what was resolved before, in this run or in an earlier one.
//!
//! Takes symbols under a key, gives them back. May use `files` and `names`.

pub mod cache;
pub mod chains;
pub mod disk;
pub mod key;
