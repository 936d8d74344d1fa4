//! What tells whether a file is still the one that was read: everything of stat that changes with its content.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct FileState {
    pub device: u64,
    pub inode: u64,
    pub size: u64,
    pub modified_ns: i64,
    /// Of the inode (ctime). Nobody can set it back, and it changes also with a name, a link or a mode.
    pub changed_ns: i64,
}

impl FileState {
    pub fn of(facts: &Metadata) -> FileState {
        let ns = |seconds: i64, nanoseconds: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(nanoseconds);
        FileState {
            device: facts.dev(),
            inode: facts.ino(),
            size: facts.size(),
            modified_ns: ns(facts.mtime(), facts.mtime_nsec()),
            changed_ns: ns(facts.ctime(), facts.ctime_nsec()),
        }
    }

    /// Whether the content is surely another one. Not by the time of the inode alone: a file that is renamed or unlinked
    /// while it runs, as every update does it, stays what it is.
    pub fn has_other_content(&self, now: &FileState) -> bool {
        FileState { changed_ns: 0, ..*self } != FileState { changed_ns: 0, ..*now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{hard_link, metadata, remove_file, write};

    #[test]
    fn a_new_link_leaves_the_content_and_a_written_byte_does_not() {
        let folder = std::env::temp_dir();
        let [path, link] = ["file", "link"].map(|name| folder.join(format!("bee-{name}-{}", std::process::id())));
        write(&path, "one").unwrap();
        let before = FileState::of(&metadata(&path).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(20));
        hard_link(&path, &link).unwrap();
        let linked = FileState::of(&metadata(&path).unwrap());
        assert!(linked != before && !before.has_other_content(&linked));
        write(&path, "two").unwrap();
        assert!(before.has_other_content(&FileState::of(&metadata(&path).unwrap())));
        remove_file(path).and(remove_file(link)).unwrap();
    }
}
