//! The file that holds the debug information which was taken out of another, where debuggers look for it too.

use std::fs::File;
use std::path::{Path, PathBuf};

use bee_elf::{debug_file_paths, ElfFile};

use crate::file_memory::FileMemory;

/// Only with the same build id inside: a name alone may mean the file of another version. Links without build ids are
/// the library's, which checks their sums.
pub fn open(elf: &ElfFile<'_>, path: &str) -> Option<FileMemory> {
    let build_id = elf.build_id().filter(|id| id.len() > 1)?;
    let canonical = std::fs::canonicalize(path).unwrap_or_default();
    debug_file_paths(elf, &canonical).into_iter().find_map(|path| open_with_build_id(&path, build_id))
}

fn open_with_build_id(path: &Path, build_id: &[u8]) -> Option<FileMemory> {
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|it| it.is_file()))?;
    let memory = FileMemory::map(&file).ok()?;
    let is_same = ElfFile::parse(memory.bytes())
        .is_ok_and(|debug| debug.build_id() == Some(build_id) && debug.has_section(".debug_info"));
    is_same.then_some(memory)
}

/// Empty for a file without .gnu_debuglink.
pub fn linked_paths(elf: &ElfFile<'_>, path: &str) -> Vec<PathBuf> {
    std::fs::canonicalize(path).map_or_else(|_| Vec::new(), |canonical| bee_elf::linked_paths(elf, &canonical))
}
