//! Frames as `--check-unwinding` shows them.

use crate::kernel::record::{FRAME_ADDRESS_MASK, FRAME_OBJECT_SHIFT, FRAME_RULE_MASK, FRAME_RULE_SHIFT, RULE_NAMES};
use crate::tables::objects::Objects;

/// "libc.so.6+0x1234 cfi"
pub fn frame_text(objects: &Objects, frame: u64) -> String {
    let rule = (frame & FRAME_RULE_MASK) >> FRAME_RULE_SHIFT;
    let object = objects.get((frame >> FRAME_OBJECT_SHIFT) as u32);
    let path = object.map(|object| String::from_utf8_lossy(&object.path)).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    format!("{name}+{:#x} {}", frame & FRAME_ADDRESS_MASK, RULE_NAMES[rule as usize])
}
