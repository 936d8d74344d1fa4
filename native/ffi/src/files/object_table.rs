//! Mapped files by their numbers (stacks/object_numbers.rs), and which of them the host knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::object::{Content, Object};
use crate::failure::{Failure, Outcome};
use crate::json;
use bee_wire::KERNEL_OBJECT;

/// A frame word has 14 bits for the object, and 0 means none.
const MAX_OBJECT_ID: u32 = (1 << 14) - 1;
/// Of the descriptors that a process may have, mapped files get half: the rest is the host's.
const DESCRIPTOR_SHARE: u64 = 2;

pub struct Objects {
    by_id: BTreeMap<u32, Arc<Object>>,
    /// Arrived since the host last took.
    arrived: BTreeSet<u32>,
    /// That the host knows.
    told: BTreeSet<u32>,
    kernel_symbols: Option<Arc<OwnedFd>>,
    descriptors_left: u64,
}

impl Default for Objects {
    fn default() -> Objects {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: one rlimit of this function's own.
        unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
        let descriptors_left = limit.rlim_cur / DESCRIPTOR_SHARE;
        Objects {
            by_id: BTreeMap::new(),
            arrived: BTreeSet::new(),
            told: BTreeSet::new(),
            kernel_symbols: None,
            descriptors_left,
        }
    }
}

impl Objects {
    pub fn insert(&mut self, id: u32, object: Object) {
        match (id, object.content) {
            (KERNEL_OBJECT, Content::File(file)) => self.kernel_symbols = Some(Arc::new(file)),
            (KERNEL_OBJECT, _) => {}
            (id, content) => {
                let object = Object { content, ..object };
                let has_descriptor = object.has_descriptor();
                let is_kept = !has_descriptor || self.descriptors_left > 0;
                self.descriptors_left -= u64::from(has_descriptor && is_kept);
                self.by_id.insert(id, Arc::new(if is_kept { object } else { object.let_go() }));
                self.arrived.insert(id);
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

    /// What the host does not know: the objects that have arrived, and those of `named` of which it has forgotten.
    pub fn news(&self, named: &[u32]) -> BTreeSet<u32> {
        let is_news = |id: &&u32| self.by_id.contains_key(id) && !self.told.contains(id);
        self.arrived.iter().chain(named.iter().filter(is_news)).copied().collect()
    }

    /// The host has been told of these. With `forgets` it will forget all that it was ever told.
    pub fn tell(&mut self, news: BTreeSet<u32>, forgets: bool) {
        self.arrived.clear();
        match forgets {
            true => self.told.clear(),
            false => self.told.extend(news),
        }
    }

    /// Lets go of all but these; `nameable` is sorted.
    pub fn retain(&mut self, nameable: &[u32]) {
        let mut freed = 0;
        self.by_id.retain(|id, object| {
            let is_nameable = nameable.binary_search(id).is_ok();
            freed += u64::from(!is_nameable && object.has_descriptor());
            is_nameable
        });
        self.descriptors_left += freed;
        self.told.retain(|id| self.by_id.contains_key(id));
    }

    pub fn all(&self) -> BTreeSet<u32> {
        self.by_id.keys().copied().collect()
    }

    /// `[{"id":1,"path":"…","buildId":"hex","vdso":false},…]`
    pub fn to_json(&self, ids: &BTreeSet<u32>) -> String {
        let mut out = String::from("[");
        for (id, object) in ids.iter().filter_map(|id| Some((id, self.by_id.get(id)?))) {
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
    fn an_object_is_told_when_it_arrives_and_again_when_it_is_named_after_a_forgetting() {
        let mut objects = Objects::default();
        let missing = |path: &str| Object::of(path.to_string(), Content::Missing);
        objects.insert(1, missing("/one"));
        objects.insert(2, missing("/two"));
        assert_eq!(objects.news(&[1]), BTreeSet::from([1, 2]));
        objects.tell(BTreeSet::from([1, 2]), false);
        assert_eq!(objects.news(&[1, 9]), BTreeSet::new());
        objects.tell(BTreeSet::new(), true);
        assert_eq!(objects.news(&[1, 9]), BTreeSet::from([1]));
    }

    #[test]
    fn an_object_that_is_let_go_gives_its_descriptor_back() {
        let mut objects = Objects { descriptors_left: 1, ..Objects::default() };
        for id in 1..=20_000 {
            objects.insert(id, held("/none", &File::open("/dev/null").unwrap(), false));
            assert!(objects.get(id).unwrap().has_descriptor());
            objects.retain(&[]);
        }
        assert!(objects.get(20_000).is_none());
    }

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
