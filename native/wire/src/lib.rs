//! The protocol between bee-sampler and its client. libbee listens on a unix socket in a directory of mode 0700 and the
//! sampler connects; whoever closes first ends the run. Both sides check the peer's credentials. One capture a process.
//!
//! Both directions carry frames (frame.rs). The payload of most is tagged fields (fields.rs), which protocol.json
//! describes: from it bin/dev/protocol.mjs writes protocol.rs and src/ffi/wire/protocol.ts. STACKS and COUNTS are packed,
//! since there are many (stack_layout.rs, which the build writes from bpf/record.h). HELLO and START begin with the protocol's number, in every version of it.
//!
//! Nothing that the other side says is believed: lengths and numbers of fields are bounded, a text is UTF-8, a field that
//! is known has its type and comes once. Unknown fields are skipped, and unknown messages if their kind says that they are
//! optional; such a message never carries a descriptor.

#[rustfmt::skip]
mod check;
pub mod fields;
pub mod frame;
pub mod json;
mod malformed;
#[rustfmt::skip]
pub mod protocol;
mod record;
#[rustfmt::skip]
pub mod stack_layout;
mod version;

pub use check::check;
pub use malformed::Malformed;
pub use record::{Bytes, Record};
pub use version::{read_versioned, versioned, Unreadable};

/// In place of an object's number: the kernel.
pub const KERNEL_OBJECT: u32 = u32::MAX;
/// Kinds of messages that a receiver may skip if it does not know them.
const OPTIONAL: u16 = 1 << 15;

pub fn is_optional(kind: u16) -> bool {
    kind & OPTIONAL != 0
}

#[cfg(test)]
mod tests;
