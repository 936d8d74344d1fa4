//! `setup`, the part that needs root: this very executable as a root-owned copy with file capabilities, which certain
//! users and groups may start. The client shows the plan and asks; here it is carried out, so that no code of the
//! client's runs as root.
//!
//! `bee-sampler --install [--user UID:NAME]… [--group GID:NAME]… [--kernel-frames] [--all-processes]`
//! replaces what was installed, of whatever version. `bee-sampler --uninstall` removes it.

use std::ffi::{CString, OsString};
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::policy::{INSTALL_DIRECTORY, POLICY_NAME};
use crate::privileges::KEPT;

pub const INSTALL_ROOT: &str = "/usr/local/libexec/profile-bee";
const PROGRAM_NAME: &str = "bee-sampler";

/// struct vfs_cap_data, revision 2, with the effective bit: the capabilities are there from the first instruction.
const CAPABILITY_REVISION_2_EFFECTIVE: u32 = 0x0200_0001;
/// Tags of include/uapi/linux/posix_acl.h.
const ACL_VERSION: u32 = 2;
const ACL_USER_OWNER: u16 = 0x01;
const ACL_USER: u16 = 0x02;
const ACL_GROUP_OWNER: u16 = 0x04;
const ACL_GROUP: u16 = 0x08;
const ACL_MASK: u16 = 0x10;
const ACL_OTHER: u16 = 0x20;
const ACL_NO_ID: u32 = u32::MAX;
const READ_EXECUTE: u16 = 5;
const ALL: u16 = 7;

#[derive(Default, Debug, PartialEq)]
pub struct Plan {
    users: Vec<Holder>,
    groups: Vec<Holder>,
    kernel_frames: bool,
    all_processes: bool,
}

/// A user or group who may start the copy; the name is for people.
#[derive(Debug, PartialEq)]
struct Holder {
    id: u32,
    name: String,
}

impl Plan {
    /// None where the words make no sense, or nobody could start it.
    pub fn parse(arguments: &[OsString]) -> Option<Plan> {
        let mut plan = Plan::default();
        let mut words = arguments.iter().map(|argument| argument.to_str());
        while let Some(word) = words.next() {
            match word? {
                "--user" => plan.users.push(Holder::parse(words.next()??)?),
                "--group" => plan.groups.push(Holder::parse(words.next()??)?),
                "--kernel-frames" => plan.kernel_frames = true,
                "--all-processes" => plan.all_processes = true,
                _ => return None,
            }
        }
        let is_for_somebody = !plan.users.is_empty() || !plan.groups.is_empty();
        is_for_somebody.then_some(plan)
    }

    fn policy_text(&self) -> String {
        let names =
            |holders: &[Holder]| holders.iter().map(|holder| holder.name.as_str()).collect::<Vec<_>>().join(" ");
        format!(
            "# Who may start the bee-sampler beside this file is in its access list; these are their names.\n\
             users = {}\ngroups = {}\n\
             # allow: samples show what the kernel does, with names and addresses.\n\
             kernel-frames = {}\n\
             # all: also processes of other users. own: the caller's own, dumpable ones.\n\
             processes = {}\n",
            names(&self.users),
            names(&self.groups),
            if self.kernel_frames { "allow" } else { "deny" },
            if self.all_processes { "all" } else { "own" },
        )
    }

    /// Sorted by id, as the kernel demands it.
    fn access_list(&self) -> Vec<u8> {
        let sorted = |holders: &[Holder]| {
            let mut ids: Vec<u32> = holders.iter().map(|holder| holder.id).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let mut entries = vec![(ACL_USER_OWNER, ALL, ACL_NO_ID)];
        entries.extend(sorted(&self.users).into_iter().map(|id| (ACL_USER, READ_EXECUTE, id)));
        entries.push((ACL_GROUP_OWNER, 0, ACL_NO_ID));
        entries.extend(sorted(&self.groups).into_iter().map(|id| (ACL_GROUP, READ_EXECUTE, id)));
        entries.extend([(ACL_MASK, READ_EXECUTE, ACL_NO_ID), (ACL_OTHER, 0, ACL_NO_ID)]);
        let mut bytes = ACL_VERSION.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            bytes.extend_from_slice(&tag.to_le_bytes());
            bytes.extend_from_slice(&permissions.to_le_bytes());
            bytes.extend_from_slice(&id.to_le_bytes());
        }
        bytes
    }
}

impl Holder {
    fn parse(text: &str) -> Option<Holder> {
        let (id, name) = text.split_once(':')?;
        let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain.then_some(Holder { id: id.parse().ok().filter(|&id| id != ACL_NO_ID)?, name: name.to_string() })
    }
}

/// Replaces what is installed.
pub fn install(plan: &Plan) -> io::Result<()> {
    let directory = Path::new(INSTALL_DIRECTORY);
    make_directories(directory)?;
    // The old copy goes first: with the new policy it would not be what anybody agreed to.
    remove_copies()?;
    fs::create_dir(directory)?;
    write_file(&directory.join(POLICY_NAME), plan.policy_text().as_bytes(), 0o644)?;
    let unfinished = directory.join("bee-sampler.new");
    let file = write_file(&unfinished, &fs::read("/proc/self/exe")?, 0o700)?;
    set_attribute(&unfinished, "system.posix_acl_access", &plan.access_list())?;
    set_attribute(&unfinished, "security.capability", &file_capabilities())?;
    file.sync_all()?;
    fs::rename(unfinished, directory.join(PROGRAM_NAME))
}

/// Removes every version, and the folder when nothing of anybody else's is in it.
pub fn uninstall() -> io::Result<()> {
    remove_copies()?;
    match fs::remove_dir(INSTALL_ROOT) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn remove_copies() -> io::Result<()> {
    for version in versions()? {
        for name in [PROGRAM_NAME, "bee-sampler.new", POLICY_NAME] {
            match fs::remove_file(version.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::remove_dir(version)?;
    }
    Ok(())
}

fn versions() -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(INSTALL_ROOT) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let folders =
        entries.filter_map(|entry| entry.ok()).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    Ok(folders.map(|entry| entry.path()).collect())
}

/// Each folder from the top: made where it is missing, and root's alone. Where others could replace one of them, they
/// could have users of the copy start a program of theirs.
fn make_directories(version: &Path) -> io::Result<()> {
    let parents: Vec<&Path> = version.ancestors().skip(1).collect();
    for folder in parents.into_iter().rev() {
        if fs::symlink_metadata(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            fs::create_dir(folder)?;
            fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        }
        let found = fs::metadata(folder)?;
        if !found.is_dir() || found.uid() != 0 || found.mode() & 0o002 != 0 {
            let message = format!("{} is not a folder that only root may change", folder.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
    }
    Ok(())
}

/// A new file of root's.
fn write_file(path: &Path, contents: &[u8], mode: u32) -> io::Result<File> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    std::os::unix::fs::fchown(&file, Some(0), Some(0))?;
    file.write_all(contents)?;
    Ok(file)
}

fn file_capabilities() -> Vec<u8> {
    let (low, high) = (KEPT as u32, (KEPT >> 32) as u32);
    let nothing_inheritable = 0u32;
    let words = [CAPABILITY_REVISION_2_EFFECTIVE, low, nothing_inheritable, high, nothing_inheritable];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn set_attribute(path: &Path, name: &str, value: &[u8]) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let c_name = CString::new(name)?;
    // SAFETY: two C strings, and bytes with their length.
    let result = unsafe { libc::setxattr(path.as_ptr(), c_name.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    match result {
        0 => Ok(()),
        _ => {
            let error = io::Error::last_os_error();
            Err(io::Error::new(error.kind(), format!("{INSTALL_ROOT} cannot hold {name}: {error}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Plan> {
        Plan::parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_plan_names_who_may_start_it() {
        let plan = parse("--user 1000:ann --group 50:staff --kernel-frames").unwrap();
        assert!(plan.kernel_frames && !plan.all_processes);
        assert_eq!((plan.users[0].id, plan.groups[0].name.as_str()), (1000, "staff"));
        for line in ["", "--kernel-frames", "--user", "--user ann", "--user -1:ann", "--user 4294967295:x", "--sudo"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn the_policy_that_is_written_is_the_one_that_is_read() {
        use crate::policy::Policy;
        let read = |line: &str| Policy::parse(&parse(line).unwrap().policy_text());
        assert_eq!(read("--user 1:a"), Policy::default());
        assert_eq!(read("--user 1:a --kernel-frames"), Policy { kernel_frames: true, all_processes: false });
        assert_eq!(read("--user 1:a --all-processes"), Policy { kernel_frames: false, all_processes: true });
        // A name cannot bring a line of its own.
        assert!(Plan::parse(&["--user".into(), "1:a\nkernel-frames = allow".into()]).is_none());
    }

    #[test]
    fn the_access_list_is_as_the_kernel_wants_it() {
        let list = parse("--user 2:b --user 1:a --group 9:g").unwrap().access_list();
        let word = |at: usize| u16::from_le_bytes([list[at], list[at + 1]]);
        let tags: Vec<u16> = (0..7).map(|index| word(4 + 8 * index)).collect();
        assert_eq!(tags, [ACL_USER_OWNER, ACL_USER, ACL_USER, ACL_GROUP_OWNER, ACL_GROUP, ACL_MASK, ACL_OTHER]);
        assert_eq!((list[16], list[24], list.len()), (1, 2, 4 + 8 * 7));
    }
}
