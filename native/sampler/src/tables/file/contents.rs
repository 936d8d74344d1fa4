//! The bytes of an object once it is loaded, and the table that is made of them.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bee_elf::{unwind_table_of, ElfError, ElfFile, UnwindTable};

use crate::rights::access::Access;
use crate::tables::file::file_memory::FileMemory;
use crate::tables::file::file_state::FileState;
use crate::tables::file::opening::open_regular_file;
use crate::tables::object::Object;
use crate::tables::vdso::own_vdso;

pub enum Loaded<'a> {
    Kept(&'a [u8]),
    Mapped(FileMemory),
}

impl Loaded<'_> {
    pub fn bytes(&self) -> &[u8] {
        match self {
            Loaded::Kept(bytes) => bytes,
            Loaded::Mapped(memory) => memory.bytes(),
        }
    }
}

/// Of an object whose descriptor was not kept; only what is still that inode, and what the caller could open alone.
pub fn file_by_path(access: &Access, object: &Object) -> Option<File> {
    let state = object.state?;
    let path = Path::new(OsStr::from_bytes(&object.path));
    let file = access.as_caller(|| open_regular_file(path)).ok()?;
    let now = FileState::of(&file.metadata().ok()?);
    ((now.device, now.inode) == (state.device, state.inode)).then_some(file)
}

pub fn contents_of<'a>(access: &Access, object: &'a Object) -> Option<Loaded<'a>> {
    match &object.copy {
        _ if object.is_vdso => Some(Loaded::Kept(own_vdso())),
        Some(copy) => Some(Loaded::Kept(copy.bytes())),
        None => map_again(access, object).map(Loaded::Mapped),
    }
}

/// What an object was loaded from, if it is still the same.
fn map_again(access: &Access, object: &Object) -> Option<FileMemory> {
    let reopened = if object.file.is_none() { file_by_path(access, object) } else { None };
    let file = object.file.as_ref().or(reopened.as_ref())?;
    let now = FileState::of(&file.metadata().ok()?);
    object.state.filter(|state| !state.has_other_content(&now))?;
    FileMemory::map(file).ok()
}

/// The debug file is one that the caller could open alone: a path in a process's file, or beside it, proves nothing.
pub fn table_of(access: &Access, elf: &ElfFile, path: &[u8]) -> Result<UnwindTable, ElfError> {
    let open = |path: &Path| {
        let file = access.as_caller(|| open_regular_file(path)).ok()?;
        FileMemory::map(&file).ok()
    };
    unwind_table_of(elf, Path::new(OsStr::from_bytes(path)), open)
}
