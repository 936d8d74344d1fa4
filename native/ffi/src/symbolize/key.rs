//! All that the names in a file depend on: the file, wherever its debug information may lie, and how they are asked for.

use std::fs::{File, Metadata};
use std::hash::Hasher;
use std::os::unix::fs::MetadataExt;

use bee_elf::ElfFile;

use super::debug_file;
use super::elf::descriptor_path;
use super::style::Style;
use crate::file_memory::FileMemory;
use crate::json;
use crate::objects::Object;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    pub text: String,
    /// Of the file on disk; none for what has no build id: its names are worth no more than this run.
    pub file_name: Option<String>,
}

impl Key {
    /// The kernel that runs does not change.
    pub fn of_kernel() -> Key {
        Key { text: "kernel".to_string(), file_name: None }
    }

    /// `stamp`: who names. `None` for what cannot be read, and for the vdso, which is read in no time.
    pub fn of_object(object: &Object, style: Style, stamp: &str) -> Option<Key> {
        let path = descriptor_path(object.file.as_ref()?);
        let file = File::open(&path).ok()?;
        let facts = file.metadata().ok()?;
        let memory = FileMemory::map(&file).ok()?;
        let elf = ElfFile::parse(memory.bytes()).ok()?;
        let build_id = elf.build_id().filter(|id| id.len() > 1).map(json::hex);
        let id = build_id.clone().unwrap_or_else(|| format!("{} {}", facts.dev(), facts.ino()));
        let mut text = format!("{stamp}\n{style:?}\n{id} {}\n", identity(&facts));
        for place in debug_file::places(&elf, &path) {
            if let Ok(facts) = std::fs::metadata(&place) {
                text.push_str(&format!("{} {}\n", place.display(), identity(&facts)));
            }
        }
        let file_name = build_id.map(|id| format!("{id}-{:016x}", hash(&text)));
        Some(Key { text, file_name })
    }

    /// Of names that a later run must find anew.
    pub fn of_this_run(&self) -> Key {
        Key { text: self.text.clone(), file_name: None }
    }
}

/// A build id may be chosen by hand, and a stripped file has that of its original.
fn identity(facts: &Metadata) -> String {
    format!("{} {}.{:09}", facts.len(), facts.mtime(), facts.mtime_nsec())
}

fn hash(text: &str) -> u64 {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}
