//! The folders that `setup` installs into. Copies stand in one folder of root's, one folder for each version:
//!
//! `INSTALL_ROOT/VERSION/{bee-sampler,policy}`, and while `setup` is at work `INSTALL_ROOT/.lock` and
//! `INSTALL_ROOT/.VERSION.new`, which only root may enter. A version is made there and changes places with the one before
//! in one step, so that nobody ever starts half of a copy, or a copy with the policy of another. What a `setup` left that
//! was killed, the next one finishes.

use std::ffi::CString;
use std::fmt;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::rights::installed_paths::{POLICY_NAME, PROGRAM_NAME};

/// What a version consists of; the second is of versions before this one.
const OUR_FILES: [&str; 3] = [PROGRAM_NAME, "bee-sampler.new", POLICY_NAME];
const LOCK_NAME: &str = ".lock";
/// An installation takes 20 ms.
const LOCK_WAIT: Duration = Duration::from_secs(5);
const LOCK_RETRY: Duration = Duration::from_millis(20);
const EVERYBODY_ENTERS: u32 = 0o755;
const ROOT: u32 = 0;

/// Why `setup` could not be carried out, and what to type.
#[derive(Debug)]
pub struct Obstacle {
    message: String,
    advice: String,
    /// Whether more rights would help.
    pub is_refused: bool,
}

pub type Done<T = ()> = Result<T, Obstacle>;

impl Obstacle {
    pub fn new(message: String, advice: String) -> Obstacle {
        Obstacle { message, advice, is_refused: false }
    }

    /// `attempted` reads as in "cannot ATTEMPTED PATH: permission denied".
    pub fn from_io(attempted: &str, path: &Path, error: &io::Error) -> Obstacle {
        let advice = match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => remount("rw", path),
            _ => String::new(),
        };
        // SAFETY: cannot fail.
        let is_root = unsafe { libc::geteuid() } == 0;
        Obstacle {
            message: format!("cannot {attempted} {}: {error}", path.display()),
            advice,
            is_refused: !is_root && error.kind() == io::ErrorKind::PermissionDenied,
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}", self.message)?;
        self.advice.lines().try_for_each(|line| write!(formatter, "\n  {line}"))
    }
}

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

/// Each folder from the top, made where it is missing. Where others could replace one of them, they could have users of
/// the copy start a program of theirs; where only root may enter, nobody could start it. The last one is ours to mend.
fn make_folders(root: &Path) -> Done {
    let mut folders: Vec<&Path> = root.ancestors().skip(1).collect();
    folders.reverse();
    for folder in folders {
        make_folder(folder, EVERYBODY_ENTERS)?;
        check_folder(folder)?;
    }
    let real = root.parent().and_then(|parent| fs::canonicalize(parent).ok()); // links lead elsewhere
    real.iter().flat_map(|real| real.ancestors()).try_for_each(check_folder)?;
    root.parent().map_or(Ok(()), check_mount)?;
    make_folder(root, EVERYBODY_ENTERS)?;
    mend_folder(root)?;
    check_mount(root)
}

/// One that is there stays as it is.
fn make_folder(folder: &Path, mode: u32) -> Done {
    match DirBuilder::new().mode(mode).create(folder) {
        Err(error) if fs::symlink_metadata(folder).is_err() => Err(Obstacle::from_io("make", folder, &error)),
        _ => Ok(()),
    }
}

fn check_folder(folder: &Path) -> Done {
    let found = fs::metadata(folder).map_err(|error| Obstacle::from_io("look at", folder, &error))?;
    let (path, mode) = (folder.display(), found.mode() & 0o7777);
    let unfit = |why: String, advice: String| Err(Obstacle::new(format!("cannot install: {path} {why}"), advice));
    if !found.is_dir() {
        return unfit("is not a folder".into(), format!("ls -ld {path}   shows what it is"));
    }
    if found.uid() != ROOT {
        let why = format!("belongs to the user {}, who could replace the copy", found.uid());
        return unfit(why, format!("chown root {path}"));
    }
    if mode & 0o022 != 0 {
        let why = format!("(mode {mode:04o}) can be changed by others than root, who could replace the copy");
        return unfit(why, format!("chmod g-w,o-w {path}"));
    }
    if mode & 0o001 == 0 {
        let why = format!("(mode {mode:04o}) is closed to others, so that they could not start the copy");
        return unfit(why, format!("chmod a+x {path}"));
    }
    Ok(())
}

fn mend_folder(root: &Path) -> Done {
    let trouble = |error: &io::Error| Obstacle::from_io("set owner and mode of", root, error);
    let found = fs::symlink_metadata(root).map_err(|error| trouble(&error))?;
    if !found.is_dir() {
        let message = format!("cannot install: {} is not a folder", root.display());
        return Err(Obstacle::new(message, format!("rm {}", root.display())));
    }
    std::os::unix::fs::chown(root, Some(ROOT), Some(ROOT)).map_err(|error| trouble(&error))?;
    set_mode(root, EVERYBODY_ENTERS)
}

/// There the kernel would start the copy without its capabilities, or not at all.
fn check_mount(root: &Path) -> Done {
    let flags = mount_flags(root).map_err(|error| Obstacle::from_io("look at the mount of", root, &error))?;
    for (flag, name, instead) in [(libc::ST_NOSUID, "nosuid", "suid"), (libc::ST_NOEXEC, "noexec", "exec")] {
        if flags & flag != 0 {
            let message =
                format!("cannot install: {} is mounted {name}, so that the copy would have no effect", root.display());
            return Err(Obstacle::new(message, remount(instead, root)));
        }
    }
    Ok(())
}

fn remount(option: &str, path: &Path) -> String {
    let place = path.ancestors().find(|path| path.is_dir()).unwrap_or(path);
    format!("mount -o remount,{option} \"$(stat -c %m {})\"", place.display())
}

fn mount_flags(path: &Path) -> io::Result<libc::c_ulong> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: a C string, and a structure that the kernel fills.
    unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        match libc::statvfs(path.as_ptr(), &mut found) {
            0 => Ok(found.f_flag),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

pub fn set_mode(path: &Path, mode: u32) -> Done {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|error| Obstacle::from_io("set the mode of", path, &error))
}

/// Where a version is made, empty. What an interrupted `setup` left there is gone, or back in the version.
pub fn begin_version(version: &Path) -> Done<PathBuf> {
    if fs::symlink_metadata(version).is_ok_and(|found| !found.is_dir()) {
        let message = format!("cannot install: {} is not a folder, and not of setup", version.display());
        return Err(Obstacle::new(message, format!("rm {}", version.display())));
    }
    let stage = stage_of(version);
    match fs::symlink_metadata(&stage) {
        Ok(found) if found.is_dir() => drop(clear(&stage, Some(version))?),
        Ok(_) => fs::remove_file(&stage).map_err(|error| Obstacle::from_io("remove", &stage, &error))?,
        Err(_) => {}
    }
    let trouble = |error: &io::Error| Obstacle::from_io("make", &stage, error);
    DirBuilder::new().mode(0o700).create(&stage).map_err(|error| trouble(&error))?;
    Ok(stage)
}

fn stage_of(version: &Path) -> PathBuf {
    let name = version.file_name().unwrap_or_default().to_string_lossy();
    version.with_file_name(format!(".{name}.new"))
}

/// The version that was made at `stage` takes its place. Returns what was beside the old one and is nobody's of us: it
/// keeps its path.
pub fn publish_version(stage: &Path, version: &Path) -> Done<Vec<PathBuf>> {
    set_mode(stage, EVERYBODY_ENTERS)?;
    let trouble = |error: &io::Error| Obstacle::from_io("put in place", version, error);
    File::open(stage).and_then(|folder| folder.sync_all()).map_err(|error| trouble(&error))?;
    match exchange(stage, version) {
        Ok(()) => clear(stage, Some(version)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::rename(stage, version).map_err(|error| trouble(&error))?;
            Ok(Vec::new())
        }
        Err(_) => replace(stage, version), // not every file system can
    }
}

fn replace(stage: &Path, version: &Path) -> Done<Vec<PathBuf>> {
    let left = clear(version, Some(stage))?;
    fs::rename(stage, version).map_err(|error| Obstacle::from_io("put in place", version, &error))?;
    let back_in_place = |path: PathBuf| path.file_name().map(|name| version.join(name));
    Ok(left.into_iter().filter_map(back_in_place).collect())
}

fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    let path = |path: &Path| CString::new(path.as_os_str().as_bytes());
    let (one, other) = (path(one)?, path(other)?);
    let (here, flags) = (libc::AT_FDCWD, libc::RENAME_EXCHANGE);
    // SAFETY: two C strings.
    match unsafe { libc::syscall(libc::SYS_renameat2, here, one.as_ptr(), here, other.as_ptr(), flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Removes the copies of every version but one, and what interrupted ones left. Returns what is left: only what `setup`
/// made is removed.
pub fn remove_versions(root: &Path, but: Option<&Path>) -> Done<Vec<PathBuf>> {
    let mut left = Vec::new();
    for path in entries(root)? {
        if but == Some(path.as_path()) || path == root.join(LOCK_NAME) {
            continue;
        }
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
        match is_folder && is_version(&path) {
            true => left.extend(clear(&path, None)?),
            false => left.push(path),
        }
    }
    Ok(left)
}

/// By its name, as the folders of interrupted ones too, or by what is in it.
fn is_version(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().as_bytes();
    let is_named_so = name.strip_prefix(b".").unwrap_or(name).first().is_some_and(u8::is_ascii_digit);
    is_named_so || OUR_FILES.iter().any(|name| fs::symlink_metadata(folder.join(name)).is_ok())
}

/// Removes what `setup` put into a folder, and then the folder. All else goes to `refuge`, or keeps the folder there.
fn clear(folder: &Path, refuge: Option<&Path>) -> Done<Vec<PathBuf>> {
    let mut left = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default();
        let is_file = fs::symlink_metadata(&path).is_ok_and(|found| !found.is_dir());
        if is_file && OUR_FILES.iter().any(|ours| name == *ours) {
            fs::remove_file(&path).map_err(|error| Obstacle::from_io("remove", &path, &error))?;
            continue;
        }
        let moved = refuge.map(|refuge| refuge.join(name)).filter(|to| fs::rename(&path, to).is_ok());
        left.push(moved.unwrap_or(path));
    }
    match fs::remove_dir(folder) {
        Err(error) if left.is_empty() => Err(Obstacle::from_io("remove", folder, &error)),
        _ => Ok(left),
    }
}

fn entries(folder: &Path) -> Done<Vec<PathBuf>> {
    let trouble = |error: &io::Error| Obstacle::from_io("list", folder, error);
    let found = fs::read_dir(folder).map_err(|error| trouble(&error))?;
    let mut paths =
        found.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().map_err(|error| trouble(&error))?;
    paths.sort();
    Ok(paths)
}
