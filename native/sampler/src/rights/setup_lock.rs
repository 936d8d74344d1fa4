//! One `setup` at a time.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::rights::install_folders::make_folders;
use crate::rights::obstacle::{Done, Obstacle};

pub const LOCK_NAME: &str = ".lock";
/// An installation takes 20 ms.
const LOCK_WAIT: Duration = Duration::from_secs(5);
const LOCK_RETRY: Duration = Duration::from_millis(20);
const ROOT: u32 = 0;

/// Held while `setup` changes something; one at a time. In a file that only root can open: a user who could lock it
/// could keep everybody from `setup`.
pub struct SetupLock {
    _file: File,
    path: PathBuf,
}

impl SetupLock {
    /// Makes the folders, and waits for another that is at work; not for ever.
    pub fn take(root: &Path) -> Done<SetupLock> {
        SetupLock::take_when(root, || make_folders(root).map(|()| true)).and_then(|lock| {
            lock.ok_or_else(|| Obstacle::from_io("open", &root.join(LOCK_NAME), &io::ErrorKind::NotFound.into()))
        })
    }

    /// None where nothing is installed.
    pub fn take_if_there(root: &Path) -> Done<Option<SetupLock>> {
        SetupLock::take_when(root, || Ok(fs::symlink_metadata(root).is_ok()))
    }

    fn take_when(root: &Path, is_there: impl Fn() -> Done<bool>) -> Done<Option<SetupLock>> {
        let path = root.join(LOCK_NAME);
        let deadline = Instant::now() + LOCK_WAIT;
        while is_there()? {
            match open_lock(&path) {
                Ok(file) if is_locked(&file) && is_in_place(&file, &path) => {
                    return Ok(Some(SetupLock { _file: file, path }))
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Obstacle::from_io("open", &path, &error))
                }
                _ if Instant::now() > deadline => return Err(other_setup(&path)),
                _ => std::thread::sleep(LOCK_RETRY),
            }
        }
        Ok(None)
    }
}

impl Drop for SetupLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn other_setup(lock: &Path) -> Obstacle {
    let message = format!("cannot begin: another setup is at work, and holds {}", lock.display());
    Obstacle::new(message, format!("fuser -v {}   shows its process", lock.display()))
}

/// Where somebody else could once write here, the file may be theirs.
fn open_lock(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file() || found.uid() != ROOT) {
        fs::remove_file(path)?;
    }
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    options.open(path)
}

fn is_locked(file: &File) -> bool {
    // SAFETY: a descriptor of ours.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

/// Who held it before may have removed it.
fn is_in_place(file: &File, path: &Path) -> bool {
    let identity = |found: fs::Metadata| (found.dev(), found.ino());
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(held), Ok(there)) => identity(held) == identity(there),
        _ => false,
    }
}
