//! The file that holds the debug information which was taken out of another, where debuggers look for it too.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bee_elf::ElfFile;

use crate::file_memory::FileMemory;
use crate::json;

const DEBUG_DIRECTORY: &str = "/usr/lib/debug";

/// Only with the same build id inside: a name alone may mean the file of another version. Links without build ids are
/// the library's, which checks their sums.
pub fn open(elf: &ElfFile<'_>, path: &str) -> Option<FileMemory> {
    let build_id = elf.build_id().filter(|id| id.len() > 1)?;
    let paths = std::iter::once(path_of(build_id)).chain(linked_paths(elf, path));
    paths.into_iter().find_map(|path| open_with_build_id(&path, build_id))
}

fn open_with_build_id(path: &Path, build_id: &[u8]) -> Option<FileMemory> {
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|it| it.is_file()))?;
    let memory = FileMemory::map(&file).ok()?;
    let is_same = ElfFile::parse(memory.bytes())
        .is_ok_and(|debug| debug.build_id() == Some(build_id) && debug.has_section(".debug_info"));
    is_same.then_some(memory)
}

fn path_of(build_id: &[u8]) -> PathBuf {
    let (first, rest) = build_id.split_at(1);
    let folder = Path::new(DEBUG_DIRECTORY).join(".build-id").join(json::hex(first));
    folder.join(format!("{}.debug", json::hex(rest)))
}

/// Where .gnu_debuglink may lead from the file at `path`, as gdb looks; empty without one.
pub fn linked_paths(elf: &ElfFile<'_>, path: &str) -> Vec<PathBuf> {
    let name = elf.debug_link().map(OsStr::from_bytes).filter(|name| !name.is_empty());
    let canonical = std::fs::canonicalize(path).ok();
    let (Some(name), Some(folder)) = (name, canonical.as_deref().and_then(Path::parent)) else { return Vec::new() };
    let below_root = folder.strip_prefix("/").unwrap_or(folder);
    [folder.to_path_buf(), folder.join(".debug"), Path::new(DEBUG_DIRECTORY).join(below_root)]
        .map(|folder| folder.join(name))
        .to_vec()
}
