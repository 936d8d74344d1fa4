//! libbee: what the profiler does close to sockets and ELF files, behind a C ABI that koffi loads.
//!
//! **Ownership.** A session and an unwind table are numbers, never addresses: 0 is no handle, a closed or invented
//! one is an error (EBADF), not undefined behaviour. Every handle has one closing function, and closing twice is
//! allowed. All memory that the caller passes stays the caller's and is not kept after the call.
//!
//! **Buffers.** A function that takes `(buffer, capacity)` returns the size that the answer needs and copies it
//! only when the capacity suffices, so `(NULL, 0)` asks for the size. The answer may grow between two calls.
//!
//! **Threads.** Any function may be called from any thread. None waits for the sampler or for a symbolization: what takes
//! long runs on threads of this library, `bee_session_news` is a descriptor that becomes readable when something of it may
//! have come, and `bee_session_next_event` and `bee_session_task_result` take it without blocking. There are no callbacks.
//!
//! **Errors.** Functions return 0 or more on success and a negative errno on failure; those that return a handle
//! return 0. The text of the last failure on this thread is `bee_last_error`.
//!
//! **Versions.** `bee_abi_version` changes when a signature or a buffer's meaning changes. The caller compares it.
//!
//! **Symbol buffer** (the result of `bee_symbolize`), little-endian:
//! `u32 nAddresses, nFrames, nStrings, stringBytes`, `u32 firstFrame[nAddresses + 1]`,
//! `frames[nFrames] {u32 name, u32 file, u32 line, u32 column, u32 flags}`, `u32 stringOffset[nStrings + 1]`,
//! the strings' UTF-8 bytes, and directly after them `u32 problemBytes` (not aligned) with a JSON array
//! `[{"object":1,"path":"…","message":"…"}]` of what could not be read. Frames of one address stand innermost
//! (inlined) first, the function itself last; an unresolved address has none, or an unnamed one. String 0 is empty.
//! Flags: bit 0 inlined, bit 1 from debug information, bit 2 the frame is the kernel's and `file` names the module
//! (`[kernel]`, `[ext4]`), bit 3 unnamed: nothing names the address, but the file's .eh_frame says where its function
//! begins: at `column << 32 | line`, in the address space of the entries. Such a frame is its address's only one and
//! has no name and no file. Bit 4 replaced: the file's content is gone, written over by another; the only frame of its
//! address, without a name.

mod abi;
mod connection;
mod failure;
#[path = "../../sampler/src/tables/file/file_memory.rs"]
mod file_memory;
#[path = "../../sampler/src/tables/file/file_state.rs"]
mod file_state;
mod files;
mod host;
mod json;
mod news;
mod received;
mod stacks;
mod symbolize;
mod tasks;
