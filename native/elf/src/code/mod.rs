//! What bytes of code say by themselves where no CFI covers them: PLT, start-up code, clone, outermost frames, calls.
//!
//! Takes a file or bytes of code, gives rules and facts. May use `file` and `rows`.

pub(crate) mod call_sites;
pub(crate) mod clone_gap;
pub(crate) mod code_walk;
pub(crate) mod crt_sections;
pub(crate) mod plt;
pub(crate) mod roots;
