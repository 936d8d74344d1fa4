//! Which units describe the wanted addresses, in the file itself and in its split files.
//!
//! Takes addresses, gives units to read. May use `entries`, `sections` and `work`.

pub(crate) mod aranges;
pub(crate) mod package;
pub(crate) mod plan;
pub(crate) mod skeletons;
pub(crate) mod split_file;
