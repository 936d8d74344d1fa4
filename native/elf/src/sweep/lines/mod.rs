//! Line programs: the files that they name, and the rows of wanted addresses.
//!
//! Takes a unit and addresses, gives rows. May use `entries`, `sections` and `work`.

pub(crate) mod line_files;
pub(crate) mod line_header;
pub(crate) mod line_rows;
