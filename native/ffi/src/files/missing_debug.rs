//! Debug files that are not on this machine.

use std::path::Path;

use bee_elf::ElfFile;

use super::client_cache::ClientCache;
use super::debug_file;
use super::object::Object;
use super::regular_file::map;
use crate::json::hex;

/// The build id of the file that would tell more of an object, and is not on disk: that of its debug file, or of what
/// dwz moved out of it.
pub fn build_id_of_missing(object: &Object, cache: &ClientCache) -> Option<String> {
    let opened = object.open().ok()?;
    let memory = map(&opened.path()).ok()?;
    let elf = ElfFile::parse(memory.bytes()).ok()?;
    if elf.has_section(".debug_info") {
        return missing_supplement(&elf, opened.place.as_ref(), cache);
    }
    let separate = debug_file::open(&elf, &opened.place, cache);
    let debug = separate.as_ref().and_then(|file| ElfFile::parse_sections(file.memory.bytes()).ok());
    match (debug, &separate) {
        (Some(debug), Some(file)) if debug.has_section(".debug_info") => missing_supplement(&debug, &file.path, cache),
        _ => elf.build_id().map(hex),
    }
}

fn missing_supplement(debug: &ElfFile<'_>, path: &Path, cache: &ClientCache) -> Option<String> {
    let is_missing = debug_file::open_supplement(debug, path, cache).is_err();
    debug.supplement_link().filter(|_| is_missing).map(|link| hex(link.id))
}
