//! The folders that `setup` installs into. Copies stand in one folder of root's, one folder for each version:
//!
//! `INSTALL_ROOT/VERSION/{bee-sampler,policy}`, and while `setup` is at work `INSTALL_ROOT/.lock` and
//! `INSTALL_ROOT/.VERSION.new`, which only root may enter. A version is made there and changes places with the one before
//! in one step, so that nobody ever starts half of a copy, or a copy with the policy of another. What a `setup` left that
//! was killed, the next one finishes.

use std::ffi::CString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::rights::install_folders::{set_mode, EVERYBODY_ENTERS};
use crate::rights::installed_paths::{POLICY_NAME, PROGRAM_NAME};
use crate::rights::obstacle::{Done, Obstacle};
use crate::rights::setup_lock::LOCK_NAME;

/// What a version consists of; the second was left by earlier versions.
const OUR_FILES: [&str; 3] = [PROGRAM_NAME, "bee-sampler.new", POLICY_NAME];

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

/// The version that was made at `stage` takes its place. Returns what was beside the old one and is not ours: it keeps
/// its path.
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
