//! Mapped files as the sampler numbers them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Arc, Mutex};

use crate::failure::{Failure, Outcome};
use crate::file_memory::FileMemory;
use crate::file_state::FileState;
use crate::json;
use crate::protocol::{KERNEL_OBJECT, OBJECT_HAS_DESCRIPTOR, OBJECT_IS_COPY, OBJECT_IS_REPLACED, OBJECT_IS_VDSO};
use crate::symbolize::Key;

/// A frame word has 14 bits for the object, and 0 means none.
const MAX_OBJECT_ID: u32 = (1 << 14) - 1;
/// Of the descriptors that a process may have, mapped files get half: the rest is the host's.
const DESCRIPTOR_SHARE: u64 = 2;

pub struct Object {
    /// As the target's /proc/PID/maps names it; for display, and to find again what is still the same file.
    pub path: String,
    pub build_id: Vec<u8>,
    pub is_vdso: bool,
    pub content: Content,
    /// Of the file when it was loaded; `None`: it is what it is.
    pub state: Option<FileState>,
    /// Under which names were last looked for: when the content is gone, it still finds those that were.
    pub last_key: Mutex<Option<Key>>,
}

/// Where the bytes of an object are.
pub enum Content {
    /// It could not be read.
    Missing,
    /// It was written over before anybody looked.
    Replaced,
    /// The mapped file itself, also where its path is gone or means another file here.
    File(OwnedFd),
    /// A copy of it, which nobody changes.
    Copy(OwnedFd),
    /// Such a copy whose descriptor was not kept.
    Memory(FileMemory),
    /// A file whose descriptor was not kept: opened by its path while that means the same file.
    ByPath,
}

pub enum Unavailable {
    Replaced,
    Unreadable,
}

/// An object's bytes, to be read through a path.
pub struct OpenObject<'a> {
    descriptor: Descriptor<'a>,
    /// Where the file lies, for what lies beside it.
    pub place: String,
    /// Of the file, which may be written at any time; `None`: of a copy, which may not.
    watched: Option<FileState>,
}

enum Descriptor<'a> {
    Held(&'a OwnedFd),
    Own(OwnedFd),
}

impl OpenObject<'_> {
    pub fn path(&self) -> String {
        descriptor_path(match &self.descriptor {
            Descriptor::Held(file) => *file,
            Descriptor::Own(file) => file,
        })
    }

    /// To be asked behind a reading, too.
    pub fn is_as_loaded(&self) -> bool {
        let Some(watched) = self.watched else { return true };
        let now = std::fs::metadata(self.path()).map(|facts| FileState::of(&facts));
        now.is_ok_and(|now| !watched.has_other_content(&now))
    }
}

pub fn descriptor_path(file: &impl AsRawFd) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

impl Object {
    pub fn open(&self) -> Result<OpenObject<'_>, Unavailable> {
        let opened = match &self.content {
            Content::Missing => return Err(Unavailable::Unreadable),
            Content::Replaced => return Err(Unavailable::Replaced),
            Content::File(file) => {
                OpenObject { descriptor: Descriptor::Held(file), place: descriptor_path(file), watched: self.state }
            }
            Content::Copy(copy) => {
                OpenObject { descriptor: Descriptor::Held(copy), place: self.path.clone(), watched: None }
            }
            Content::Memory(memory) => {
                let copy = memory_file(memory.bytes()).map_err(|_| Unavailable::Unreadable)?;
                OpenObject { descriptor: Descriptor::Own(copy), place: self.path.clone(), watched: None }
            }
            Content::ByPath => {
                let file = OwnedFd::from(File::open(&self.path).map_err(|_| Unavailable::Unreadable)?);
                let place = descriptor_path(&file);
                OpenObject { descriptor: Descriptor::Own(file), place, watched: self.state }
            }
        };
        match opened.is_as_loaded() {
            true => Ok(opened),
            false => Err(Unavailable::Replaced),
        }
    }
}

fn memory_file(bytes: &[u8]) -> std::io::Result<OwnedFd> {
    // SAFETY: a C string; the result is a new descriptor of ours.
    let mut file = unsafe {
        let descriptor = libc::memfd_create(c"bee-copy".as_ptr(), libc::MFD_CLOEXEC);
        if descriptor < 0 {
            return Err(std::io::Error::last_os_error());
        }
        File::from_raw_fd(descriptor)
    };
    file.write_all(bytes)?;
    Ok(file.into())
}

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
        if build_id.len() != word(8) as usize || !is_number(word(0)) {
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

impl Object {
    pub fn of(path: String, content: Content) -> Object {
        Object { path, build_id: Vec::new(), is_vdso: false, content, state: None, last_key: Mutex::default() }
    }

    pub fn with_descriptor(self, file: OwnedFd, is_copy: bool) -> Object {
        Object { content: if is_copy { Content::Copy(file) } else { Content::File(file) }, ..self }
    }

    /// The same without its descriptor.
    fn let_go(self) -> Object {
        let content = match self.content {
            Content::Copy(copy) => FileMemory::map(&File::from(copy)).map_or(Content::Missing, Content::Memory),
            Content::File(_) if self.state.is_some() => Content::ByPath,
            other => other,
        };
        Object { content, ..self }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn read(object: &Object) -> Result<String, &'static str> {
        let opened = object.open().map_err(|why| match why {
            Unavailable::Replaced => "replaced",
            Unavailable::Unreadable => "unreadable",
        })?;
        let mut text = String::new();
        File::open(opened.path()).unwrap().read_to_string(&mut text).unwrap();
        Ok(text)
    }

    fn held(path: &str, file: &File, is_copy: bool) -> Object {
        let file_or_copy = file.try_clone().unwrap().into();
        let content = if is_copy { Content::Copy(file_or_copy) } else { Content::File(file_or_copy) };
        let state = Some(FileState::of(&file.metadata().unwrap()));
        Object { state, ..Object::of(path.to_string(), content) }
    }

    #[test]
    fn a_file_that_was_written_again_is_not_read_and_a_copy_of_it_is() {
        let path = std::env::temp_dir().join(format!("bee-object-{}", std::process::id()));
        let path = path.to_str().unwrap();
        std::fs::write(path, "first").unwrap();
        let file = File::open(path).unwrap();
        let copy = File::from(memory_file(b"first").unwrap());
        let all = || [held(path, &file, false), held(path, &file, false).let_go()];
        let copies = [held(path, &copy, true), held(path, &copy, true).let_go()];
        assert!(matches!(all()[1].content, Content::ByPath) && matches!(copies[1].content, Content::Memory(_)));
        let before = all();
        assert!(before.iter().chain(&copies).all(|object| read(object) == Ok("first".to_string())));
        std::fs::write(path, "other").unwrap();
        assert!(before.iter().all(|object| read(object) == Err("replaced")));
        assert!(copies.iter().all(|object| read(object) == Ok("first".to_string())));
        std::fs::remove_file(path).unwrap();
        assert!(read(&before[1]) == Err("unreadable"), "it has no descriptor");
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
