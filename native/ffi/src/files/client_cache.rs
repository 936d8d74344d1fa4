//! Debug files that a debuginfod server was asked for, in the folder where elfutils' client keeps them too.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use bee_elf::ElfFile;

use super::debug_file;
use super::elf_facts;
use super::object::Object;
use crate::failure::{Failure, Outcome};
use crate::json::hex;

/// `None`: the cache is not looked into, as by the client itself where no server is named.
static FOLDER: RwLock<Option<PathBuf>> = RwLock::new(None);

pub fn use_folder(folder: Option<PathBuf>) {
    *FOLDER.write().unwrap_or_else(PoisonError::into_inner) = folder;
}

pub fn path_of(build_id: &[u8]) -> Option<PathBuf> {
    let folder = FOLDER.read().unwrap_or_else(PoisonError::into_inner).clone()?;
    (!build_id.is_empty()).then(|| folder.join(hex(build_id)).join("debuginfo"))
}

/// The build id of the file that would tell more of an object, and is not on disk: that of its debug file, or of what
/// dwz moved out of it.
pub fn missing_build_id(object: &Object) -> Option<String> {
    let opened = object.open().ok()?;
    let memory = elf_facts::map(&opened.path()).ok()?;
    let elf = ElfFile::parse(memory.bytes()).ok()?;
    if elf.has_section(".debug_info") {
        return missing_supplement(&elf, opened.place.as_ref());
    }
    let separate = debug_file::open(&elf, &opened.place);
    let debug = separate.as_ref().and_then(|file| ElfFile::parse_sections(file.memory.bytes()).ok());
    match (debug, &separate) {
        (Some(debug), Some(file)) if debug.has_section(".debug_info") => missing_supplement(&debug, &file.path),
        _ => elf.build_id().map(hex),
    }
}

fn missing_supplement(debug: &ElfFile<'_>, path: &Path) -> Option<String> {
    let is_missing = debug_file::open_supplement(debug, path).is_err();
    debug.supplement_link().filter(|_| is_missing).map(|link| hex(link.id))
}

/// In hex; empty for a file without one.
pub fn build_id(path: &str) -> Outcome<String> {
    let memory = elf_facts::map(path)?;
    let elf = ElfFile::parse_sections(memory.bytes())
        .map_err(|error| Failure::new(libc::ENOEXEC, format!("Cannot read {path}: {error}.")))?;
    Ok(elf.build_id().map_or_else(String::new, hex))
}
