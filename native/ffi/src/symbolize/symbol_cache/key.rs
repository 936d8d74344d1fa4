//! All that the symbols of a file depend on: the file, wherever its debug information may lie, and how they are asked for.

use std::fs::File;
use std::hash::Hasher;

use bee_elf::ElfFile;

use crate::file_memory::FileMemory;
use crate::file_state::FileState;
use crate::files::client_cache::ClientCache;
use crate::files::content_key::ContentKey;
use crate::files::debug_file;
use crate::files::object::{Object, OpenObject};
use crate::json;
use crate::symbolize::names::style::Style;

/// The kernel that runs does not change.
pub fn of_kernel() -> ContentKey {
    ContentKey { text: "kernel".to_string(), file_name: None }
}

/// `stamp`: the version of whoever symbolizes. `None` for what cannot be read.
pub fn of_object(
    object: &Object,
    opened: &OpenObject<'_>,
    style: Style,
    stamp: &str,
    debug_cache: &ClientCache,
) -> Option<ContentKey> {
    let file = File::open(opened.path()).ok()?;
    let state = object.state.map_or_else(|| file.metadata().map(|facts| FileState::of(&facts)), Ok).ok()?;
    let memory = FileMemory::map(&file).ok()?;
    let elf = ElfFile::parse(memory.bytes()).ok()?;
    let build_id = elf.build_id().filter(|id| id.len() > 1).map(json::hex);
    // Without one also by what nobody can choose: two builds may be of one size and, as some are made, of one time.
    let FileState { device, inode, changed_ns, .. } = state;
    let id = build_id.clone().unwrap_or_else(|| format!("{device} {inode} {changed_ns}"));
    let mut text = format!("{stamp}\n{style:?}\n{id} {}\n", identity(&state));
    for place in debug_file::places(&elf, &opened.place, debug_cache) {
        if let Ok(facts) = std::fs::metadata(&place) {
            text.push_str(&format!("{} {}\n", place.display(), identity(&FileState::of(&facts))));
        }
    }
    let file_name = build_id.map(|id| format!("{id}-{:016x}", hash(&text)));
    Some(ContentKey { text, file_name })
}

/// A build id may be chosen by hand, and a stripped file has that of its original.
fn identity(state: &FileState) -> String {
    const SECOND_NS: i64 = 1_000_000_000;
    let FileState { size, modified_ns, .. } = state;
    format!("{size} {}.{:09}", modified_ns.div_euclid(SECOND_NS), modified_ns.rem_euclid(SECOND_NS))
}

fn hash(text: &str) -> u64 {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}
