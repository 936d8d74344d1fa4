//! The threads that symbolize.

use std::thread::Builder;

/// Demanglers and DWARF readers recurse; koffi's own thread has 128 KiB.
const STACK_BYTES: usize = 8 << 20;

pub fn builder(name: &str) -> Builder {
    Builder::new().name(name.to_string()).stack_size(STACK_BYTES)
}
