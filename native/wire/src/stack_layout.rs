// Written by the build from bpf/record.h.

//! struct bee_stack, byte offsets: what crosses from the BPF programs to the client.

pub const STACK_TIME_NS: usize = 0;
pub const STACK_KEY: usize = 8;
pub const STACK_COUNT: usize = 24;
pub const STACK_PID: usize = 32;
pub const STACK_TID: usize = 36;
pub const STACK_COMM: usize = 40;
pub const STACK_CPU: usize = 56;
pub const STACK_USER_FRAMES: usize = 60;
pub const STACK_KERNEL_FRAMES: usize = 62;
pub const STACK_KIND: usize = 64;
pub const STACK_OUTCOME: usize = 65;
pub const STACK_ROOT: usize = 68;
pub const STACK_STARTER_TID: usize = 72;
pub const STACK_STARTER_COMM: usize = 76;
pub const STACK_EVENT: usize = 92;
pub const STACK_WEIGHT: usize = 96;
pub const STACK_SIZE: usize = 104;
pub const COMM_BYTES: usize = 16;

/// A user frame's word: address, rule, object.
pub const FRAME_ADDRESS_BITS: u32 = 47;
pub const FRAME_RULE_SHIFT: u32 = 47;
pub const FRAME_OBJECT_SHIFT: u32 = 50;

/// Kinds of records; only stacks leave the sampler.
pub const RECORD_STACK: u8 = 0;
pub const RECORD_SNAPSHOT: u8 = 1;
pub const RECORD_CHECK: u8 = 2;
