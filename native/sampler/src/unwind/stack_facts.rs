//! Stacks and frames as `--check-unwinding` tells of them.

use crate::facts::Facts;
use crate::kernel::record::{
    StackHead, FRAME_ADDRESS_MASK, FRAME_OBJECT_SHIFT, FRAME_RULE_MASK, FRAME_RULE_SHIFT, RULE_NAMES,
};
use crate::tables::objects::Objects;

/// "libc.so.6+0x1234 cfi"
pub fn frame_text(objects: &Objects, frame: u64) -> String {
    let rule = (frame & FRAME_RULE_MASK) >> FRAME_RULE_SHIFT;
    let object = objects.with_number((frame >> FRAME_OBJECT_SHIFT) as u32);
    let path = object.map(|object| String::from_utf8_lossy(&object.path)).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    format!("{name}+{:#x} {}", frame & FRAME_ADDRESS_MASK, RULE_NAMES[rule as usize])
}

/// Whose stack it is, and the frames that matter.
pub fn facts_of_stack(code: &'static str, head: &StackHead, rows: &[String]) -> Facts {
    let StackHead { pid, tid, comm, .. } = head;
    let length = comm.iter().position(|&byte| byte == 0).unwrap_or(comm.len());
    Facts::of(code).bytes("command", &comm[..length]).number("pid", pid).number("tid", tid).texts("rows", rows)
}
