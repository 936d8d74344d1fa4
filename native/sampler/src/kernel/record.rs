//! Rust's view of bpf/record.h and bpf/engine.h. The test below compares it with what C says (bpf/layout.c).

/// OUTCOME_, RULE_ and LOSS_ from the lists of bpf/record.h (build.rs).
mod names {
    #![allow(dead_code, reason = "the whole lists are here, and only some of them have a use in Rust")]
    include!(concat!(env!("OUT_DIR"), "/names.rs"));
}
use bee_elf::REGISTER_COUNT;
pub use names::*;

pub const MAX_KERNEL_FRAMES: usize = 127;
pub const MAX_USER_FRAMES: usize = 1024;
pub const MAX_OBJECTS: u32 = 1 << 14;
/// That of a frame, out of an object's id: see numbered_objects.rs.
pub fn number_of(id: u32) -> u32 {
    id & (MAX_OBJECTS - 1)
}

/// In place of an object's number: code that belongs to no file.
pub const NO_OBJECT: u32 = 0;
pub const SNAPSHOT_STACK_BYTES: usize = 32768;
pub const RED_ZONE_BYTES: u64 = 128;

pub const RECORD_STACK: u8 = 0;
pub const RECORD_SNAPSHOT: u8 = 1;
pub const RECORD_CHECK: u8 = 2;

pub const FRAME_RULE_SHIFT: u32 = 47;
pub const FRAME_OBJECT_SHIFT: u32 = 50;
pub const FRAME_ADDRESS_MASK: u64 = (1 << 47) - 1;
pub const FRAME_RULE_MASK: u64 = (1 << FRAME_OBJECT_SHIFT) - 1 & !FRAME_ADDRESS_MASK;

#[cfg(test)]
pub const WALK_SLOTS: u32 = 4;

/// Of a key's second word: two epochs in a row do not share it.
pub const EPOCH_BIT: u64 = 1;

pub const MAPPING_TABLE: u32 = 1;
pub const MAPPING_JIT: u32 = 2;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Starter {
    pub tid: u32,
    pub comm: [u8; 16],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct StackHead {
    pub time_ns: u64,
    pub key: [u64; 2],
    pub count: u64,
    pub pid: u32,
    pub tid: u32,
    pub comm: [u8; 16],
    pub cpu: u32,
    pub user_frames: u16,
    pub kernel_frames: u16,
    pub kind: u8,
    pub outcome: u8,
    pub reserved: [u8; 2],
    pub root: u32,
    pub starter: Starter,
    pub event: u32,
    pub weight: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Snapshot {
    pub head: StackHead,
    pub kernel: [u64; MAX_KERNEL_FRAMES],
    pub ip: u64,
    /// By number of `bee_elf::REGISTER_…`.
    pub registers: [u64; REGISTER_COUNT as usize],
    pub stack_bytes: u32,
    pub generation: u32,
    pub stack: [u8; SNAPSHOT_STACK_BYTES],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Check {
    pub snapshot: Snapshot,
    pub space: Space,
    pub frames: [u64; MAX_USER_FRAMES],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Config {
    pub frame_pointers_only: u32,
    pub max_depth: u32,
    pub snapshots_per_second: u32,
    pub wakeup_bytes: u32,
    pub is_restricted: u32,
    pub uid: u32,
    pub gid: u32,
    pub user_namespace: u32,
    pub has_kernel_frames: u32,
    pub times_itself: u32,
    pub checks_unwinding: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Live {
    pub epoch: u64,
    pub zero: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Process {
    pub generation: u32,
    pub is_held: u32,
    pub root: u32,
    pub is_alone: u32,
    pub is_awaited: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct Space {
    pub first: u32,
    pub count: u32,
    pub log2_step: u32,
    pub generation: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct Mapping {
    pub begin: u64,
    pub end: u64,
    pub bias: u64,
    pub first_page: u64,
    pub dir_first: u32,
    pub pages: u32,
    pub object: u32,
    pub flags: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Counters {
    pub fired: u64,
    pub lost: [u64; LOSS_NAMES.len()],
    pub snapshots: u64,
    pub snapshots_over_budget: u64,
    pub exited_cpu_ns: u64,
    pub starters_full: u64,
    pub processes_full: u64,
    pub spaces_full: u64,
    pub ends_full: u64,
    pub runtime_bases_full: u64,
    pub foreign_execs: u64,
    pub foreign_samples: u64,
    pub timed_ns: u64,
    pub timed_hits: u64,
    pub stint_ns: u64,
    pub stint_samples: u64,
    pub checks_lost: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct ProcessEnd {
    pub time_ns: u64,
    pub wait_status: i32,
    pub reserved: u32,
}

/// Plain data whose every bit pattern is a value.
///
/// # Safety
/// The type is `repr(C)`, made of integers, without padding.
pub unsafe trait Plain: Copy {}
// SAFETY: all are repr(C), made of integers; the layout test and the static asserts in layout.c rule out padding.
unsafe impl Plain for StackHead {}
unsafe impl Plain for Snapshot {}
unsafe impl Plain for Check {}
unsafe impl Plain for Config {}
unsafe impl Plain for Live {}
unsafe impl Plain for Process {}
unsafe impl Plain for Space {}
unsafe impl Plain for Mapping {}
unsafe impl Plain for Counters {}
unsafe impl Plain for ProcessEnd {}
// SAFETY: an integer.
unsafe impl Plain for u64 {}

pub fn bytes_of<T: Plain>(value: &T) -> &[u8] {
    // SAFETY: Plain types are initialized bytes throughout.
    unsafe { std::slice::from_raw_parts((value as *const T).cast(), size_of::<T>()) }
}

/// The first bytes as a T; None when there are too few.
pub fn read_from<T: Plain>(bytes: &[u8]) -> Option<T> {
    // SAFETY: the length is checked, any bit pattern is a T, and the read is unaligned.
    (bytes.len() >= size_of::<T>()).then(|| unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::{c_char, c_ulong, CStr};
    use std::mem::offset_of;

    #[repr(C)]
    struct Entry {
        name: *const c_char,
        value: c_ulong,
    }
    extern "C" {
        static bee_layout_entries: [Entry; 1];
        static bee_layout_entry_count: u32;
    }

    fn c_value(name: &str) -> u64 {
        // SAFETY: layout.c defines the array with that many entries of constant strings.
        unsafe {
            let first = (&raw const bee_layout_entries).cast::<Entry>();
            (0..bee_layout_entry_count as usize)
                .map(|index| &*first.add(index))
                .find(|entry| CStr::from_ptr(entry.name).to_str() == Ok(name))
                .unwrap_or_else(|| panic!("layout.c has no {name}"))
                .value
        }
    }

    #[test]
    fn rust_agrees_with_c_on_every_size_and_offset() {
        let facts = [
            ("stack.size", size_of::<StackHead>()),
            ("stack.time_ns", offset_of!(StackHead, time_ns)),
            ("stack.key", offset_of!(StackHead, key)),
            ("stack.count", offset_of!(StackHead, count)),
            ("stack.pid", offset_of!(StackHead, pid)),
            ("stack.tid", offset_of!(StackHead, tid)),
            ("stack.comm", offset_of!(StackHead, comm)),
            ("stack.cpu", offset_of!(StackHead, cpu)),
            ("stack.user_frames", offset_of!(StackHead, user_frames)),
            ("stack.kernel_frames", offset_of!(StackHead, kernel_frames)),
            ("stack.kind", offset_of!(StackHead, kind)),
            ("stack.outcome", offset_of!(StackHead, outcome)),
            ("stack.root", offset_of!(StackHead, root)),
            ("stack.starter_tid", offset_of!(StackHead, starter) + offset_of!(Starter, tid)),
            ("stack.starter_comm", offset_of!(StackHead, starter) + offset_of!(Starter, comm)),
            ("stack.event", offset_of!(StackHead, event)),
            ("stack.weight", offset_of!(StackHead, weight)),
            ("config.size", size_of::<Config>()),
            ("live.size", size_of::<Live>()),
            ("walk.slots", WALK_SLOTS as usize),
            ("process.size", size_of::<Process>()),
            ("space.size", size_of::<Space>()),
            ("mapping.size", size_of::<Mapping>()),
            ("counters.size", size_of::<Counters>()),
            ("process_end.size", size_of::<ProcessEnd>()),
            ("snapshot.size", size_of::<Snapshot>()),
            ("snapshot.kernel", offset_of!(Snapshot, kernel)),
            ("snapshot.ip", offset_of!(Snapshot, ip)),
            ("snapshot.registers", offset_of!(Snapshot, registers)),
            ("snapshot.stack", offset_of!(Snapshot, stack)),
            ("snapshot.redZone", RED_ZONE_BYTES as usize),
            ("check.size", size_of::<Check>()),
            ("check.space", offset_of!(Check, space)),
            ("check.frames", offset_of!(Check, frames)),
            ("unwind_rule.size", size_of::<bee_elf::Rule>()),
            ("frame.ruleShift", FRAME_RULE_SHIFT as usize),
            ("frame.objectShift", FRAME_OBJECT_SHIFT as usize),
        ];
        for (name, rust) in facts {
            assert_eq!(c_value(name), rust as u64, "{name}");
        }
        let lists = [("outcome", &OUTCOME_NAMES[..]), ("rule", &RULE_NAMES[..]), ("loss", &LOSS_NAMES[..])];
        for (list, names) in lists {
            for (index, name) in names.iter().enumerate() {
                assert_eq!(c_value(&format!("{list}.{name}")), index as u64, "{name}");
            }
        }
    }
}
