//! The paths that code can take from where a function begins, and the state of the machine along them.
//!
//! Takes gaps and starts, gives the instructions that were reached. May use `gaps` and `machine`.

pub(crate) mod evidence;
pub(crate) mod flow;
pub(crate) mod functions;
pub(crate) mod jump_table;
pub(crate) mod node;
pub(crate) mod origins;
pub(crate) mod reached;
pub(crate) mod returning;
