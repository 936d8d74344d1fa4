//! What the sampler says of an object.

use bee_wire::protocol;

use super::object::{Content, Object};
use super::object_table::is_object_id;
use crate::failure::{Failure, Outcome};
use crate::file_state::FileState;

/// The object of an OBJECT message, without its descriptor.
pub fn object_of(message: &protocol::Object) -> Outcome<Object> {
    if !is_object_id(message.number) {
        return Err(Failure::malformed(format!("an object has the number {}", message.number)));
    }
    let content = if message.is_replaced { Content::Replaced } else { Content::Missing };
    Ok(Object {
        build_id: message.build_id.0.clone(),
        is_vdso: message.is_vdso,
        state: message.state.as_ref().map(state_of),
        ..Object::of(String::from_utf8_lossy(&message.path.0).into_owned(), content)
    })
}

fn state_of(state: &protocol::FileState) -> FileState {
    let protocol::FileState { device, inode, size, modified_ns, changed_ns } = *state;
    FileState { device, inode, size, modified_ns, changed_ns }
}
