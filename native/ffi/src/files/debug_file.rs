//! Files that hold debug information of another, where debuggers look for them too.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bee_elf::{debug_file_paths, is_debug_file_of, path_by_build_id, ElfFile};

use super::client_cache::ClientCache;
use crate::file_memory::FileMemory;

/// Where distributions put what dwz moved out of their packages.
const SUPPLEMENT_DIRECTORY: &str = "/usr/lib/debug/.dwz";

pub struct DebugFile {
    pub path: PathBuf,
    pub memory: FileMemory,
}

impl DebugFile {
    /// Of a regular file only: a name in debug information may mean a FIFO, which would block.
    pub fn open(path: PathBuf) -> Option<DebugFile> {
        let file: File = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).ok()?;
        let is_file = file.metadata().is_ok_and(|it| it.is_file());
        let memory = is_file.then(|| FileMemory::map(&file).ok())??;
        Some(DebugFile { path, memory })
    }

    fn is(&self, is_meant: impl FnOnce(&ElfFile<'_>) -> bool) -> bool {
        ElfFile::parse_sections(self.memory.bytes()).is_ok_and(|elf| is_meant(&elf))
    }
}

/// What was taken out of a stripped file: a name alone may mean the file of another version. `None` also for a file that
/// still has debug information of its own, which is read instead.
pub fn open(elf: &ElfFile<'_>, path: &str, cache: &ClientCache) -> Option<DebugFile> {
    if elf.has_section(".debug_info") {
        return None;
    }
    let mut files = places(elf, path, cache).into_iter().filter_map(DebugFile::open);
    files.find(|file| file.is(|debug| has_more(debug) && is_debug_file_of(elf, debug, file.memory.bytes())))
}

/// Everywhere that it may lie, the best first.
pub fn places(elf: &ElfFile<'_>, path: &str, cache: &ClientCache) -> Vec<PathBuf> {
    let cached = elf.build_id().and_then(|id| cache.path_of(id));
    let installed = debug_file_paths(elf, &std::fs::canonicalize(path).unwrap_or_default());
    installed.into_iter().chain(cached).collect()
}

fn has_more(debug: &ElfFile<'_>) -> bool {
    debug.has_section(".debug_info") || debug.has_function_symbols(false)
}

/// The file into which dwz moved what several files have in common; `Err` with its name when none of that id is found.
pub fn open_supplement(elf: &ElfFile<'_>, path: &Path, cache: &ClientCache) -> Result<Option<DebugFile>, PathBuf> {
    let Some(link) = elf.supplement_link() else { return Ok(None) };
    let name = Path::new(OsStr::from_bytes(link.path));
    let folder = std::fs::canonicalize(path).ok().and_then(|path| path.parent().map(Path::to_path_buf));
    let beside = folder.unwrap_or_default().join(name);
    let installed = name.file_name().map(|name| Path::new(SUPPLEMENT_DIRECTORY).join(name));
    let paths = [Some(beside), installed, path_by_build_id(link.id), cache.path_of(link.id)];
    let mut files = paths.into_iter().flatten().filter_map(DebugFile::open);
    let found = files.find(|file| file.is(|supplement| supplement.supplement_id() == Some(link.id)));
    found.map(Some).ok_or_else(|| name.to_path_buf())
}

/// Empty for a file without .gnu_debuglink.
pub fn linked_paths(elf: &ElfFile<'_>, path: &str) -> Vec<PathBuf> {
    std::fs::canonicalize(path).map_or_else(|_| Vec::new(), |canonical| bee_elf::linked_paths(elf, &canonical))
}
