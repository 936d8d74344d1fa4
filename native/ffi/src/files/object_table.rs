//! Mapped files as the sampler numbers them.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::object::{Content, Object};
use crate::failure::{Failure, Outcome};
use crate::json;
use crate::protocol::KERNEL_OBJECT;

/// A frame word has 14 bits for the object, and 0 means none.
const MAX_OBJECT_ID: u32 = (1 << 14) - 1;
/// Of the descriptors that a process may have, mapped files get half: the rest is the host's.
const DESCRIPTOR_SHARE: u64 = 2;

pub struct Objects {
    by_id: BTreeMap<u32, Arc<Object>>,
    kernel_symbols: Option<Arc<OwnedFd>>,
    descriptors_left: u64,
}

impl Default for Objects {
    fn default() -> Objects {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: one rlimit of this function's own.
        unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
        let descriptors_left = limit.rlim_cur / DESCRIPTOR_SHARE;
        Objects { by_id: BTreeMap::new(), kernel_symbols: None, descriptors_left }
    }
}

impl Objects {
    pub fn insert(&mut self, id: u32, object: Object) {
        match (id, object.content) {
            (KERNEL_OBJECT, Content::File(file)) => self.kernel_symbols = Some(Arc::new(file)),
            (KERNEL_OBJECT, _) => {}
            (id, content) => {
                let has_descriptor = matches!(content, Content::File(_) | Content::Copy(_));
                let object = Object { content, ..object };
                let is_kept = !has_descriptor || self.descriptors_left > 0;
                self.descriptors_left -= u64::from(has_descriptor && is_kept);
                self.by_id.insert(id, Arc::new(if is_kept { object } else { object.let_go() }));
            }
        }
    }

    /// The kernel's, when the sampler has handed them on.
    pub fn kernel_symbols(&self) -> Option<Arc<OwnedFd>> {
        self.kernel_symbols.clone()
    }

    /// Registers a file that the caller may read itself.
    pub fn open(&mut self, id: u32, path: &str, is_vdso: bool) -> Outcome<()> {
        if id == 0 || id > MAX_OBJECT_ID {
            return Err(Failure::new(libc::EINVAL, format!("An object is numbered 1 to {MAX_OBJECT_ID}, not {id}.")));
        }
        let content = match is_vdso {
            true => Content::Missing,
            false => {
                let file =
                    File::open(path).map_err(|error| Failure::from_io(&format!("Cannot open {path}"), &error))?;
                Content::File(file.into())
            }
        };
        self.insert(id, Object { is_vdso, ..Object::of(path.to_string(), content) });
        Ok(())
    }

    pub fn get(&self, id: u32) -> Option<Arc<Object>> {
        self.by_id.get(&id).cloned()
    }

    /// `[{"id":1,"path":"…","buildId":"hex","vdso":false},…]`
    pub fn to_json(&self) -> String {
        let mut out = String::from("[");
        for (id, object) in &self.by_id {
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str(&format!("{{\"id\":{id},\"path\":"));
            json::push_string(&mut out, &object.path);
            out.push_str(&format!(",\"buildId\":\"{}\",\"vdso\":{}}}", json::hex(&object.build_id), object.is_vdso));
        }
        out.push(']');
        out
    }
}

pub fn is_object_id(id: u32) -> bool {
    (1..=MAX_OBJECT_ID).contains(&id) || id == KERNEL_OBJECT
}

#[cfg(test)]
mod tests {
    use super::super::object::memory_file;
    use super::super::object::tests::{held, read};
    use super::*;

    #[test]
    fn no_more_descriptors_are_kept_than_there_may_be() {
        let mut objects = Objects { descriptors_left: 2, ..Objects::default() };
        for id in 1..=4 {
            objects.insert(id, held("/none", &File::from(memory_file(b"copy").unwrap()), true));
        }
        let is_kept = |id: u32| matches!(objects.get(id).unwrap().content, Content::Copy(_));
        assert_eq!([1, 2, 3, 4].map(is_kept), [true, true, false, false]);
        assert!((1..=4).all(|id| read(&objects.get(id).unwrap()) == Ok("copy".to_string())));
    }
}
