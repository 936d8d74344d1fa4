//! A file that the target has mapped, and where its bytes are to be had.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Mutex;

use super::content_key::ContentKey;
use crate::file_memory::FileMemory;
use crate::file_state::FileState;

pub struct Object {
    /// As the target's /proc/PID/maps names it; for display, and to find again what is still the same file.
    pub path: String,
    pub build_id: Vec<u8>,
    pub is_vdso: bool,
    pub content: Content,
    /// Of the file when it was loaded; `None`: it is what it is.
    pub state: Option<FileState>,
    /// Last key that the symbol cache was asked for: with it, it still has symbols when the content is gone.
    pub last_key: Mutex<Option<ContentKey>>,
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
    pub fn of(path: String, content: Content) -> Object {
        Object { path, build_id: Vec::new(), is_vdso: false, content, state: None, last_key: Mutex::default() }
    }

    pub fn with_descriptor(self, file: OwnedFd, is_copy: bool) -> Object {
        Object { content: if is_copy { Content::Copy(file) } else { Content::File(file) }, ..self }
    }

    pub fn has_descriptor(&self) -> bool {
        matches!(self.content, Content::File(_) | Content::Copy(_))
    }

    /// The same without its descriptor.
    pub fn let_go(self) -> Object {
        let content = match self.content {
            Content::Copy(copy) => FileMemory::map(&File::from(copy)).map_or(Content::Missing, Content::Memory),
            Content::File(_) if self.state.is_some() => Content::ByPath,
            other => other,
        };
        Object { content, ..self }
    }

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

pub(super) fn memory_file(bytes: &[u8]) -> std::io::Result<OwnedFd> {
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Read;

    pub fn read(object: &Object) -> Result<String, &'static str> {
        let opened = object.open().map_err(|why| match why {
            Unavailable::Replaced => "replaced",
            Unavailable::Unreadable => "unreadable",
        })?;
        let mut text = String::new();
        File::open(opened.path()).unwrap().read_to_string(&mut text).unwrap();
        Ok(text)
    }

    pub fn held(path: &str, file: &File, is_copy: bool) -> Object {
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
}
