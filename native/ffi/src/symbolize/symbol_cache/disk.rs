//! Resolved addresses on disk, one file for each state of an ELF file. A file is written whole under another name and
//! renamed, so that runs at the same time see the old one or the new one; what is damaged fails its checksum.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::hash::Hasher;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::chains::Chains;

const MAGIC: [u8; 8] = *b"BEENAMES";
/// Magic, checksum of all that follows, length of the key.
const HEADER_BYTES: usize = 8 + 8 + 4;
/// A large program's file has one megabyte after a day of profiling; reading more takes longer than it saves.
pub const MAX_FILE_BYTES: u64 = 16 << 20;
const UNFINISHED: &str = "new";
/// Whoever writes one has finished long before.
const UNFINISHED_AGE: Duration = Duration::from_secs(3600);

pub struct DiskCache {
    pub directory: PathBuf,
    pub max_bytes: u64,
}

/// What a name stands for.
pub enum Loaded {
    Chains(Chains),
    Nothing,
    /// It has been removed.
    Damaged,
}

impl DiskCache {
    /// `key` is what the file must have been written for.
    pub fn load(&self, name: &str, key: &str) -> Loaded {
        let path = self.directory.join(name);
        let Some(bytes) = read(&path) else { return Loaded::Nothing };
        match parse(bytes, key) {
            Some(chains) => Loaded::Chains(chains),
            None => {
                let _ = std::fs::remove_file(&path);
                Loaded::Damaged
            }
        }
    }

    pub fn store(&self, name: &str, key: &str, chains: &Chains) -> std::io::Result<()> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        make_folder(&self.directory)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.directory.join(format!("{name}-{}-{number}.{UNFINISHED}", std::process::id()));
        let written =
            write(&unfinished, key, chains).and_then(|()| std::fs::rename(&unfinished, self.directory.join(name)));
        written.inspect_err(|_| drop(std::fs::remove_file(&unfinished)))
    }

    /// The time of a file is when it was last of use.
    pub fn touch(&self, name: &str) {
        let opened = OpenOptions::new().write(true).custom_flags(libc::O_NOFOLLOW).open(self.directory.join(name));
        let _ = opened.and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// Removes what was of no use for the longest time until the rest has room. Another run may do so too.
    pub fn shrink(&self) {
        let mut files = self.files();
        files.sort_by_key(|file| file.used);
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        for file in files {
            let is_unfinished = file.path.extension().is_some_and(|it| it == UNFINISHED);
            let is_left = is_unfinished && file.used.elapsed().is_ok_and(|age| age > UNFINISHED_AGE);
            if is_left || (bytes > self.max_bytes && !is_unfinished) {
                let _ = std::fs::remove_file(&file.path);
                bytes -= file.bytes;
            }
        }
    }

    fn files(&self) -> Vec<StoredFile> {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| {
            let facts = entry.metadata().ok().filter(|facts| facts.is_file())?;
            Some(StoredFile { path: entry.path(), bytes: facts.len(), used: facts.modified().ok()? })
        });
        files.collect()
    }
}

/// With those above it, each of them the user's alone whatever the umask.
fn make_folder(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), make_folder)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => Ok(()), // another run's
        Ok(()) => std::fs::set_permissions(path, Permissions::from_mode(0o700)),
    }
}

struct StoredFile {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// Only a regular file: a pipe would never end. Read and not mapped: it may be cut meanwhile.
fn read(path: &Path) -> Option<Vec<u8>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = File::options().read(true).custom_flags(flags).open(path).ok()?;
    file.metadata().ok().filter(|facts| facts.is_file())?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn parse(mut bytes: Vec<u8>, key: &str) -> Option<Chains> {
    let (header, body) = bytes.split_at_checked(HEADER_BYTES)?;
    let is_whole = header[..8] == MAGIC && header[8..16] == checksum(&[&header[16..], body]);
    let is_meant = header[16..] == (key.len() as u32).to_le_bytes() && body.starts_with(key.as_bytes());
    if !is_whole || !is_meant {
        return None;
    }
    bytes.drain(..HEADER_BYTES + key.len());
    Chains::decode(bytes)
}

fn write(path: &Path, key: &str, chains: &Chains) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?; // whatever the umask
    let length = (key.len() as u32).to_le_bytes();
    let sum = checksum(&[&length, key.as_bytes(), chains.bytes()]);
    file.write_all(&[&MAGIC[..], &sum, &length, key.as_bytes()].concat())?;
    file.write_all(chains.bytes())
}

/// Not against forgery: the folder is the user's own. How it sums up may change with the compiler, and so does the key.
fn checksum(parts: &[&[u8]]) -> [u8; 8] {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    parts.iter().for_each(|part| hasher.write(part));
    hasher.finish().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbolize::symbols::{Frame, Symbols};

    struct Folder(DiskCache);

    impl Folder {
        fn new(name: &str, max_bytes: u64) -> Folder {
            let directory = std::env::temp_dir().join(format!("bee-disk-test-{}-{name}", std::process::id()));
            Folder(DiskCache { directory, max_bytes })
        }

        fn names(&self) -> Vec<String> {
            let mut names: Vec<String> =
                self.0.files().iter().map(|it| it.path.file_name().unwrap().to_string_lossy().into_owned()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0.directory);
        }
    }

    fn chains(addresses: &[u64]) -> Chains {
        let mut symbols = Symbols::default();
        for _ in addresses {
            let name = symbols.strings.intern("work");
            symbols.push(Frame { name, file: 0, line: 3, column: 4, flags: 2 });
            symbols.finish_address();
        }
        Chains::encode(addresses, &symbols)
    }

    fn is_known(loaded: Loaded, address: u64) -> bool {
        matches!(loaded, Loaded::Chains(chains) if chains.find(address).is_some())
    }

    #[test]
    fn what_is_stored_is_loaded_for_the_same_key_only() {
        let Folder(cache) = &Folder::new("key", 1 << 20);
        assert!(matches!(cache.load("one", "key"), Loaded::Nothing));
        cache.store("one", "key", &chains(&[1, 2])).unwrap();
        assert!(is_known(cache.load("one", "key"), 2));
        assert!(matches!(cache.load("one", "kez"), Loaded::Damaged));
        assert!(matches!(cache.load("one", "key"), Loaded::Nothing));
    }

    #[test]
    fn any_changed_or_missing_byte_is_noticed_and_the_file_removed() {
        let folder = Folder::new("damage", 1 << 20);
        let cache = &folder.0;
        cache.store("one", "key", &chains(&[1, 2])).unwrap();
        let whole = std::fs::read(cache.directory.join("one")).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            for bytes in [&changed[..], &whole[..at]] {
                std::fs::write(cache.directory.join("one"), bytes).unwrap();
                assert!(matches!(cache.load("one", "key"), Loaded::Damaged), "byte {at}");
                assert!(folder.names().is_empty());
            }
        }
    }

    #[test]
    fn what_was_of_no_use_for_longest_goes_first() {
        let folder = Folder::new("shrink", 0);
        let cache = &folder.0;
        for (name, age) in [("a", 30), ("b", 20), ("c", 10)] {
            cache.store(name, "key", &chains(&[1])).unwrap();
            let file = OpenOptions::new().write(true).open(cache.directory.join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        cache.touch("a");
        let bytes = cache.files()[0].bytes;
        DiskCache { max_bytes: 2 * bytes, directory: cache.directory.clone() }.shrink();
        assert_eq!(folder.names(), ["a", "c"]);
        cache.shrink();
        assert!(folder.names().is_empty());
    }

    #[test]
    fn a_pipe_or_a_link_in_place_of_a_file_is_nothing() {
        let folder = Folder::new("pipe", 1 << 20);
        let cache = &folder.0;
        cache.store("target", "key", &chains(&[1])).unwrap();
        std::os::unix::fs::symlink(cache.directory.join("target"), cache.directory.join("link")).unwrap();
        let pipe = std::ffi::CString::new(cache.directory.join("pipe").to_str().unwrap()).unwrap();
        // SAFETY: a C string.
        assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
        assert!(matches!(cache.load("link", "key"), Loaded::Nothing));
        assert!(matches!(cache.load("pipe", "key"), Loaded::Nothing));
    }

    #[test]
    fn two_that_write_at_once_leave_one_whole_file() {
        let folder = Folder::new("race", 1 << 20);
        let cache = &folder.0;
        std::thread::scope(|scope| {
            for number in 0..4u64 {
                scope.spawn(move || {
                    for round in 0..50 {
                        cache.store("one", "key", &chains(&[7, 100 + number * 50 + round])).unwrap();
                        assert!(is_known(cache.load("one", "key"), 7));
                    }
                });
            }
        });
        assert_eq!(folder.names(), ["one"]);
    }
}
