//! The files of objects: opened, read or copied, and watched for being replaced.

pub mod contents;
pub mod file_copy;
pub mod file_memory;
pub mod file_state;
pub mod file_watch;
pub mod opening;
