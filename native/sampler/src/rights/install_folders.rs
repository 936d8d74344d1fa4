//! The folders above and of the copies: made where they are missing, and checked for who could change or enter them.

use std::ffi::CString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use crate::rights::obstacle::{remount, Done, Obstacle};

pub const EVERYBODY_ENTERS: u32 = 0o755;
const ROOT: u32 = 0;

/// Each folder from the top, made where it is missing. Where others could replace one of them, they could have users of
/// the copy start a program of theirs; where only root may enter, nobody could start it. The last one is ours to mend.
pub fn make_folders(root: &Path) -> Done {
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
