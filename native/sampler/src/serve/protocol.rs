//! The sampler's socket. libbee listens on a path in a directory of mode 0700 and the sampler connects; whoever
//! closes first ends the run. Both sides check the peer's credentials. One capture per process.
//!
//! Both directions carry frames, little-endian: `u32 payloadLength, u16 type, u16 zero, payload`.
//!
//! Client to sampler:
//! - START `u32 protocolVersion, u32 frequencyHz, u32 unwinder (0 dwarf, 1 frame pointers), u32 ringBytes,
//!   u32 event (0 cpu-clock, 1 cycles), u32 maxDepth (1 to 1024),
//!   u32 flags (START_CHECKS_UNWINDING: every stack is unwound a second time in the sampler and compared),
//!   u32 tableMiB (2 to 1024)` loads and attaches the BPF programs.
//! - ADD `u32 requestId, u32 pid, u32 flags, u32 ancestor, u32 pathCount, paths, each NUL-terminated` observes a
//!   process and its future children; the paths are the files that it will map, loaded before ADDED is sent. Stacks of
//!   all of them carry the requestId as their `root`, so it must be a new one each time. Flags: ADD_IS_HELD (it waits
//!   at the gate, observation begins with its exec), ADD_IS_ALONE (not its children), ADD_IS_CHILD (of a process that is
//!   observed: `ancestor` is the requestId of that one's ADD, and the root; nothing changes if it is observed already).
//!   Who may profile what is asked for each.
//! - STOP ends sampling and asks for what is left.
//!
//! Sampler to client:
//! - HELLO `u32 protocolVersion, u32 pid, version text`, first. An unknown version is the client's error to report.
//! - STARTED JSON text, or FAILED JSON and the end: `{code, step, subject, errno (0: none), detail}` (failure.rs), or, of the
//!   bounds, `{code, need, taken, most}`. Facts: the client makes the sentences.
//! - ADDED `u32 requestId, u32 errno (0: observed, EPERM: the caller may not, ESRCH: no such process), detail
//!   text (empty where errno says it all)`.
//! - OBJECT `u32 id, u32 pathLength, u32 buildIdLength, u32 flags (OBJECT_*), u64 device, u64 inode, u64 size,
//!   i64 modifiedNs, i64 changedNs (of the mapped file when it was loaded; all 0: unknown), path, buildId`, sent before
//!   the first stack that names it; a descriptor of the file, or of a copy of it, may travel with it. A file that is
//!   written again is another object. With the id KERNEL_OBJECT: /proc/kallsyms.
//! - JIT_DUMP `u32 pid, u32 flags (JIT_DUMP_HAS_DESCRIPTOR: one of the file travels with it), u64 inode, path`: a process
//!   writes the names of its JIT code there.
//! - STACKS: `struct bee_stack` records, back to back; each stands for one sample. COUNTS `{u64 key[2], u64 more}…`
//!   adds repetitions to the record with that key. Both are whole when DONE arrives.
//! - EXIT `u32 pid, i32 waitStatus (-1: unknown), u64 timeNs (CLOCK_MONOTONIC)` for each process of an ADD that is no
//!   ADD_IS_CHILD.
//! - PROBLEM JSON `{code, …}`: something was left out, and the run goes on. What else it says depends on the code
//!   (src/ffi/sampler-messages.ts); `{code, more}` at the end: how many others of the code were not told.
//! - TOTALS JSON, after COUNTS: once a second, for a client that loses its sampler, and after STOP, then with DONE.

pub const PROTOCOL_VERSION: u32 = 6;

pub const MESSAGE_START: u16 = 1;
pub const MESSAGE_ADD: u16 = 2;
pub const MESSAGE_STOP: u16 = 3;

pub const MESSAGE_HELLO: u16 = 101;
pub const MESSAGE_STARTED: u16 = 102;
pub const MESSAGE_ADDED: u16 = 103;
pub const MESSAGE_OBJECT: u16 = 104;
pub const MESSAGE_STACKS: u16 = 105;
pub const MESSAGE_COUNTS: u16 = 106;
pub const MESSAGE_EXIT: u16 = 107;
pub const MESSAGE_TOTALS: u16 = 108;
pub const MESSAGE_PROBLEM: u16 = 109;
pub const MESSAGE_DONE: u16 = 110;
pub const MESSAGE_FAILED: u16 = 111;
pub const MESSAGE_JIT_DUMP: u16 = 112;

/// START flag.
pub const START_CHECKS_UNWINDING: u32 = 1 << 0;

/// ADD flags.
pub const ADD_IS_HELD: u32 = 1 << 0;
pub const ADD_IS_ALONE: u32 = 1 << 1;
pub const ADD_IS_CHILD: u32 = 1 << 2;

/// In place of an OBJECT's number.
pub const KERNEL_OBJECT: u32 = u32::MAX;

/// OBJECT flags.
pub const OBJECT_HAS_DESCRIPTOR: u32 = 1 << 0;
pub const OBJECT_IS_VDSO: u32 = 1 << 1;
/// The descriptor is a sealed copy in memory: what the file becomes does not matter.
pub const OBJECT_IS_COPY: u32 = 1 << 2;
/// What was mapped has been written over: there is nothing to read names from.
pub const OBJECT_IS_REPLACED: u32 = 1 << 3;

/// JIT_DUMP flag.
pub const JIT_DUMP_HAS_DESCRIPTOR: u32 = 1 << 0;

/// Longest payload that the client accepts: a batch of stacks is bounded by the ring.
#[allow(dead_code, reason = "only the client reads it, and both compile this file")]
pub const MAX_PAYLOAD_BYTES: usize = 64 << 20;
/// Longest payload of a request: START is small, ADD has the paths of a few hundred libraries.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;
pub const FRAME_HEADER_BYTES: usize = 8;
