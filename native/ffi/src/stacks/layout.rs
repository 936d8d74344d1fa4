//! bpf/layout.c's table as JSON, and the offsets that the build took from bpf/record.h.

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

pub use bee_wire::stack_layout::*;

/// `{"stack.size":104,…}`: byte offsets, bit positions and enum values as the C compiler sees them.
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
        let offsets = [
            (STACK_TIME_NS, "time_ns"),
            (STACK_KEY, "key"),
            (STACK_COUNT, "count"),
            (STACK_PID, "pid"),
            (STACK_TID, "tid"),
            (STACK_COMM, "comm"),
            (STACK_CPU, "cpu"),
            (STACK_USER_FRAMES, "user_frames"),
            (STACK_KERNEL_FRAMES, "kernel_frames"),
            (STACK_KIND, "kind"),
            (STACK_OUTCOME, "outcome"),
            (STACK_ROOT, "root"),
            (STACK_STARTER_TID, "starter_tid"),
            (STACK_STARTER_COMM, "starter_comm"),
            (STACK_EVENT, "event"),
            (STACK_WEIGHT, "weight"),
            (STACK_SIZE, "size"),
            (STACK_SIZE, "frames"),
        ];
        for (offset, name) in offsets {
            assert_eq!(offset, of(&format!("stack.{name}")), "{name}");
        }
        assert_eq!(FRAME_ADDRESS_BITS as usize, of("frame.addressBits"));
        assert_eq!(FRAME_RULE_SHIFT as usize, of("frame.ruleShift"));
        assert_eq!(FRAME_OBJECT_SHIFT as usize, of("frame.objectShift"));
    }
}
