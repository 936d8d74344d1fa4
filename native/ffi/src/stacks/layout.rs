//! bpf/layout.c's table as JSON, and the offsets that this crate itself reads.

use std::ffi::{c_char, c_uint, c_ulong, CStr};

use crate::json;

#[repr(C)]
struct LayoutEntry {
    name: *const c_char,
    value: c_ulong,
}

extern "C" {
    static bee_layout_entries: [LayoutEntry; 0];
    static bee_layout_entry_count: c_uint;
}

// The fields of struct bee_stack that aggregation reads; compared with layout.c's report in this file's test.
pub const STACK_SIZE: usize = 96;
pub const STACK_KEY: usize = 8;
pub const STACK_COUNT: usize = 24;
pub const STACK_PID: usize = 32;
pub const STACK_COMM_END: usize = 56;
pub const STACK_USER_FRAMES: usize = 60;
pub const STACK_KERNEL_FRAMES: usize = 62;
pub const STACK_OUTCOME: usize = 65;
pub const STACK_ROOT: usize = 68;
pub const STACK_STARTER_END: usize = 92;
/// A user frame's word: address, rule, object.
pub const FRAME_ADDRESS_BITS: u32 = 47;
pub const FRAME_OBJECT_SHIFT: u32 = 50;

/// `{"stack.size":72,…}`: byte offsets, bit positions and enum values as the C compiler sees them.
pub fn report() -> String {
    let mut out = String::from("{");
    for (name, value) in entries() {
        if out.len() > 1 {
            out.push(',');
        }
        json::push_string(&mut out, &name);
        out.push_str(&format!(":{value}"));
    }
    out.push('}');
    out
}

fn entries() -> Vec<(String, u64)> {
    // SAFETY: layout.c defines `bee_layout_entry_count` constant entries whose names are C string literals.
    unsafe {
        let first = (&raw const bee_layout_entries).cast::<LayoutEntry>();
        (0..bee_layout_entry_count as usize)
            .map(|index| {
                let entry = &*first.add(index);
                (CStr::from_ptr(entry.name).to_string_lossy().into_owned(), entry.value as u64)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_those_of_the_c_header() {
        let of = |wanted: &str| {
            let found = entries().into_iter().find(|(name, _)| name == wanted);
            found.unwrap_or_else(|| panic!("{wanted} is not in layout.c")).1 as usize
        };
        assert_eq!(STACK_SIZE, of("stack.size"));
        assert_eq!(STACK_SIZE, of("stack.frames"));
        assert_eq!(STACK_KEY, of("stack.key"));
        assert_eq!(STACK_COUNT, of("stack.count"));
        assert_eq!(STACK_PID, of("stack.pid"));
        assert_eq!(STACK_PID + 4, of("stack.tid"));
        assert_eq!(STACK_PID + 8, of("stack.comm"));
        assert_eq!(STACK_COMM_END, of("stack.cpu"));
        assert_eq!(STACK_USER_FRAMES, of("stack.user_frames"));
        assert_eq!(STACK_KERNEL_FRAMES, of("stack.kernel_frames"));
        assert_eq!(STACK_OUTCOME, of("stack.outcome"));
        assert_eq!(STACK_ROOT, of("stack.root"));
        assert_eq!(STACK_ROOT + 4, of("stack.starter_tid"));
        assert_eq!(STACK_STARTER_END - 16, of("stack.starter_comm"));
        assert_eq!(FRAME_ADDRESS_BITS as usize, of("frame.addressBits"));
        assert_eq!(FRAME_OBJECT_SHIFT as usize, of("frame.objectShift"));
    }
}
