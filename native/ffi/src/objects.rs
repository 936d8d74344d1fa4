//! Mapped files as the sampler numbers them.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::failure::{Failure, Outcome};
use crate::json;
use crate::protocol::{KERNEL_OBJECT, OBJECT_HAS_DESCRIPTOR, OBJECT_IS_VDSO};

/// A frame word has 14 bits for the object, and 0 means none.
const MAX_OBJECT_ID: u32 = (1 << 14) - 1;

pub struct Object {
    /// As the target's /proc/PID/maps names it; for display, not to be opened.
    pub path: String,
    pub build_id: Vec<u8>,
    pub is_vdso: bool,
    /// The mapped file itself, also where its path is gone or means another file here.
    pub file: Option<OwnedFd>,
}

#[derive(Default)]
pub struct Objects {
    by_id: BTreeMap<u32, Arc<Object>>,
    kernel_symbols: Option<Arc<OwnedFd>>,
}

/// OBJECT's payload: `{u32 id, u32 pathLength, u32 buildIdLength, u32 flags, path, buildId}`.
pub struct ObjectMessage<'a> {
    pub id: u32,
    pub flags: u32,
    pub path: &'a [u8],
    pub build_id: &'a [u8],
}

impl<'a> ObjectMessage<'a> {
    pub fn parse(payload: &'a [u8]) -> Outcome<Self> {
        let (head, texts) = payload.split_at_checked(16).ok_or_else(malformed)?;
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (path, build_id) = texts.split_at_checked(word(4) as usize).ok_or_else(malformed)?;
        if build_id.len() != word(8) as usize || !is_number(word(0)) {
            return Err(malformed());
        }
        Ok(ObjectMessage { id: word(0), flags: word(12), path, build_id })
    }

    pub fn has_descriptor(&self) -> bool {
        self.flags & OBJECT_HAS_DESCRIPTOR != 0
    }

    pub fn into_object(self, file: Option<OwnedFd>) -> Object {
        Object {
            path: String::from_utf8_lossy(self.path).into_owned(),
            build_id: self.build_id.to_vec(),
            is_vdso: self.flags & OBJECT_IS_VDSO != 0,
            file,
        }
    }
}

fn is_number(id: u32) -> bool {
    (1..=MAX_OBJECT_ID).contains(&id) || id == KERNEL_OBJECT
}

fn malformed() -> Failure {
    Failure::new(libc::EPROTO, "The sampler's messages are malformed: an object record does not add up.")
}

impl Objects {
    pub fn insert(&mut self, id: u32, object: Object) {
        match id {
            KERNEL_OBJECT => self.kernel_symbols = object.file.map(Arc::new),
            id => drop(self.by_id.insert(id, Arc::new(object))),
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
        let file = match is_vdso {
            true => None,
            false => Some(File::open(path).map_err(|error| Failure::from_io(&format!("Cannot open {path}"), &error))?),
        };
        let object = Object { path: path.to_string(), build_id: Vec::new(), is_vdso, file: file.map(OwnedFd::from) };
        self.insert(id, object);
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
