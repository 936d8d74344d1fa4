//! The kernel's symbols for a client that is not root.

use std::fs::File;

use bee_wire::protocol::Object;
use bee_wire::{Bytes, KERNEL_OBJECT};

const PATH: &str = "/proc/kallsyms";

/// The kernel shows addresses to whoever was privileged when the file was opened. For clients that may see its frames. It
/// has no state: it is no file that could be written again.
pub fn open() -> Option<(Object, File)> {
    let file = File::open(PATH).ok()?;
    let path = Bytes(PATH.into());
    Some((Object { number: KERNEL_OBJECT, path, has_descriptor: true, ..Object::default() }, file))
}
