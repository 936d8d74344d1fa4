//! Debug information of one file, swept once for all wanted addresses.
//!
//! Takes a file and sorted addresses, gives their symbols. May use `names` and `files`.

pub mod collector;
pub mod debug_data;
pub mod functions;
pub mod split_files;
pub mod sweep;
