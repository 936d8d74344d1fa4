//! What the sampler says of an object.

use super::object::{Content, Object};
use super::object_table::is_object_id;
use crate::failure::{Failure, Outcome};
use crate::file_state::FileState;
use crate::protocol::{OBJECT_HAS_DESCRIPTOR, OBJECT_IS_COPY, OBJECT_IS_REPLACED, OBJECT_IS_VDSO};

/// OBJECT's payload: see protocol.rs.
pub struct ObjectMessage<'a> {
    pub id: u32,
    flags: u32,
    state: FileState,
    path: &'a [u8],
    build_id: &'a [u8],
}

const WORDS_BYTES: usize = 16;
const HEAD_BYTES: usize = WORDS_BYTES + 5 * 8;

impl<'a> ObjectMessage<'a> {
    pub fn parse(payload: &'a [u8]) -> Outcome<Self> {
        let (head, texts) = payload.split_at_checked(HEAD_BYTES).ok_or_else(malformed)?;
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let long = |index: usize| {
            let at = WORDS_BYTES + 8 * index;
            u64::from(word(at)) | u64::from(word(at + 4)) << 32
        };
        let (path, build_id) = texts.split_at_checked(word(4) as usize).ok_or_else(malformed)?;
        if build_id.len() != word(8) as usize || !is_object_id(word(0)) {
            return Err(malformed());
        }
        let state = FileState {
            device: long(0),
            inode: long(1),
            size: long(2),
            modified_ns: long(3) as i64,
            changed_ns: long(4) as i64,
        };
        Ok(ObjectMessage { id: word(0), flags: word(12), state, path, build_id })
    }

    pub fn has_descriptor(&self) -> bool {
        self.flags & OBJECT_HAS_DESCRIPTOR != 0
    }

    /// Whether it is that of a copy.
    pub fn is_copy(&self) -> bool {
        self.flags & OBJECT_IS_COPY != 0
    }

    pub fn into_object(self) -> Object {
        let is_replaced = self.flags & OBJECT_IS_REPLACED != 0;
        let content = if is_replaced { Content::Replaced } else { Content::Missing };
        Object {
            build_id: self.build_id.to_vec(),
            is_vdso: self.flags & OBJECT_IS_VDSO != 0,
            state: (self.state != FileState::default()).then_some(self.state),
            ..Object::of(String::from_utf8_lossy(self.path).into_owned(), content)
        }
    }
}

fn malformed() -> Failure {
    Failure::malformed("an object record does not add up")
}
