//! `setup`, the part that needs root: this very executable as a root-owned copy with file capabilities, which certain
//! users and groups may start. The client shows the plan and asks; here it is carried out, so that no code of the
//! client's runs as root.
//!
//! `bee-sampler --install [--user UID:NAME]… [--group GID:NAME]… [--kernel-frames] [--all-processes]
//! [--max-frequency HZ] [--max-memory MIB]` replaces what was installed, of whatever version.
//! `bee-sampler --uninstall` removes it. Both end with 0, 77 where that takes more rights, or 125.

use std::ffi::{CString, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::rights::capabilities::KEPT;
use crate::rights::install_place::{begin_version, publish_version, remove_versions};
use crate::rights::installed_paths::{INSTALL_DIRECTORY, INSTALL_ROOT, POLICY_NAME, PROGRAM_NAME};
use crate::rights::obstacle::{Done, Obstacle};
use crate::rights::setup_lock::SetupLock;

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
    max_frequency_hz: Option<u32>,
    max_memory_mib: Option<u32>,
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
                "--max-frequency" => plan.max_frequency_hz = Some(words.next()??.parse().ok()?),
                "--max-memory" => plan.max_memory_mib = Some(words.next()??.parse().ok()?),
                _ => return None,
            }
        }
        let is_for_somebody = !plan.users.is_empty() || !plan.groups.is_empty();
        is_for_somebody.then_some(plan)
    }

    fn policy_text(&self) -> String {
        let names =
            |holders: &[Holder]| holders.iter().map(|holder| holder.name.as_str()).collect::<Vec<_>>().join(" ");
        let bound = |said: Option<u32>| said.map_or_else(|| "usual".to_string(), |number| number.to_string());
        format!(
            "# Who may start the bee-sampler beside this file is in its access list; these are their names.\n\
             users = {}\ngroups = {}\n\
             # allow: samples show what the kernel does, with names and addresses.\n\
             kernel-frames = {}\n\
             # all: also processes of other users. own: the caller's own, dumpable ones.\n\
             processes = {}\n\
             # What all sessions of a user may take together; usual: as this version of the sampler has it.\n\
             max-frequency-hz = {}\n\
             max-memory-mib = {}\n",
            names(&self.users),
            names(&self.groups),
            if self.kernel_frames { "allow" } else { "deny" },
            if self.all_processes { "all" } else { "own" },
            bound(self.max_frequency_hz),
            bound(self.max_memory_mib),
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
pub fn install(plan: &Plan) -> Done {
    // SAFETY: a number. Whatever the caller's was: folders and files are then as their modes say.
    unsafe { libc::umask(0o022) };
    let root = Path::new(INSTALL_ROOT);
    let version = Path::new(INSTALL_DIRECTORY);
    let _lock = SetupLock::take(root)?;
    let stage = begin_version(version)?;
    write_copy(&stage, plan)?;
    let mut left = publish_version(&stage, version)?;
    left.extend(remove_versions(root, Some(version))?);
    say_left(&left);
    Ok(())
}

/// Removes every version, and the folder when nothing of anybody else's is in it.
pub fn uninstall() -> Done {
    let root = Path::new(INSTALL_ROOT);
    let Some(lock) = SetupLock::take_if_there(root)? else { return Ok(()) };
    let left = remove_versions(root, None)?;
    say_left(&left);
    drop(lock);
    match std::fs::remove_dir(root) {
        Err(error) if left.is_empty() && error.kind() != io::ErrorKind::NotFound => {
            Err(Obstacle::from_io("remove", root, &error))
        }
        _ => Ok(()),
    }
}

fn say_left(left: &[PathBuf]) {
    for path in left {
        eprintln!("bee-sampler: left as it is, since setup did not put it there: {}", path.display());
    }
}

fn write_copy(folder: &Path, plan: &Plan) -> Done {
    let (program, policy) = (folder.join(PROGRAM_NAME), folder.join(POLICY_NAME));
    write_file(&policy, plan.policy_text().as_bytes(), 0o644)?;
    let own = Path::new("/proc/self/exe");
    let contents = std::fs::read(own).map_err(|error| Obstacle::from_io("read", own, &error))?;
    write_file(&program, &contents, 0o700)?;
    set_attribute(&program, "system.posix_acl_access", &plan.access_list())?;
    set_attribute(&program, "security.capability", &file_capabilities())
}

/// A new file of root's.
fn write_file(path: &Path, contents: &[u8], mode: u32) -> Done {
    let write = || {
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        std::os::unix::fs::fchown(&file, Some(0), Some(0))?;
        file.write_all(contents)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()
    };
    write().map_err(|error| Obstacle::from_io("write", path, &error))
}

fn file_capabilities() -> Vec<u8> {
    let (low, high) = (KEPT as u32, (KEPT >> 32) as u32);
    let nothing_inheritable = 0u32;
    let words = [CAPABILITY_REVISION_2_EFFECTIVE, low, nothing_inheritable, high, nothing_inheritable];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn set_attribute(path: &Path, name: &str, value: &[u8]) -> Done {
    let set = || {
        let path = CString::new(path.as_os_str().as_bytes())?;
        let name = CString::new(name)?;
        // SAFETY: two C strings, and bytes with their length.
        match unsafe { libc::setxattr(path.as_ptr(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    set().map_err(|error| Obstacle::from_io(&format!("set the attribute {name} of"), path, &error))
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
        for line in [
            "",
            "--kernel-frames",
            "--user",
            "--user ann",
            "--user -1:ann",
            "--user 4294967295:x",
            "--sudo",
            "--user 1:a --max-memory x",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn the_policy_that_is_written_is_the_one_that_is_read() {
        use crate::rights::bounds::Bounds;
        use crate::rights::policy::Policy;
        let read = |line: &str| Policy::parse(&parse(line).unwrap().policy_text());
        assert_eq!(read("--user 1:a"), Policy::default());
        assert_eq!(read("--user 1:a --kernel-frames"), Policy { kernel_frames: true, ..Policy::default() });
        assert_eq!(read("--user 1:a --all-processes"), Policy { all_processes: true, ..Policy::default() });
        let bounds = Bounds { frequency_hz: 500, memory_mib: Some(64) };
        let bounded = Policy { bounds: Some(bounds), ..Policy::default() };
        assert_eq!(read("--user 1:a --max-frequency 500 --max-memory 64"), bounded);
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
