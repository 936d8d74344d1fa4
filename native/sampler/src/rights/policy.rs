//! What the administrator allowed, beyond the default, to those who may start the installed sampler: `setup` writes it
//! beside the copy. The path is compiled in: beside our own executable could be anywhere, a hard link is enough.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::rights::bounds::Bounds;
use crate::rights::installed_paths::{INSTALL_DIRECTORY, POLICY_NAME, PROGRAM_NAME};

const MAX_BYTES: u64 = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    pub kernel_frames: bool,
    pub all_processes: bool,
    /// None: as much as the machine gives.
    pub bounds: Option<Bounds>,
}

/// Allows what is everybody's own, within the usual bounds.
impl Default for Policy {
    fn default() -> Policy {
        Policy { kernel_frames: false, all_processes: false, bounds: Some(Bounds::default()) }
    }
}

impl Policy {
    /// For callers of the installed copy. What cannot be read, or was not written by root, allows nothing.
    pub fn installed() -> Policy {
        installed_text().map_or_else(Policy::default, |text| Policy::parse(&text))
    }

    /// Root's own process was started by root or by sudo; any other by file or ambient capabilities.
    pub fn of_start() -> Policy {
        // SAFETY: cannot fail.
        match unsafe { libc::getuid() } {
            0 => Policy::of_sudo(),
            _ => Policy::installed(),
        }
    }

    /// For a caller whom sudo let start us as root: the kernel's frames are no secret to them.
    pub fn of_sudo() -> Policy {
        Policy { kernel_frames: true, all_processes: false, bounds: None }
    }

    /// Lines "key = value"; what is not understood allows nothing.
    pub fn parse(text: &str) -> Policy {
        let value_of = |key: &str| {
            text.lines()
                .filter_map(|line| line.split_once('='))
                .find(|(name, _)| name.trim() == key)
                .map(|(_, v)| v.trim())
        };
        let number = |key: &str| value_of(key).and_then(|value| value.parse().ok());
        Policy {
            kernel_frames: value_of("kernel-frames") == Some("allow"),
            all_processes: value_of("processes") == Some("all"),
            bounds: Some(Bounds {
                frequency_hz: number("max-frequency-hz").unwrap_or(Bounds::default().frequency_hz),
                memory_mib: number("max-memory-mib"),
            }),
        }
    }
}

/// Only when it is beside this very program: a copy that was replaced since its start does not get what its successor
/// may.
fn installed_text() -> Option<String> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let folder = File::options().read(true).custom_flags(flags).open(INSTALL_DIRECTORY).ok()?;
    let folder_path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
    let identity = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    let own = identity(Path::new("/proc/self/exe"))?;
    if identity(&folder_path.join(PROGRAM_NAME))? != own {
        return None;
    }
    read_as_root_wrote_it(&folder_path.join(POLICY_NAME))
}

fn read_as_root_wrote_it(path: &Path) -> Option<String> {
    let file = File::options().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.uid() != 0 || metadata.mode() & 0o022 != 0 {
        return None;
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_words_allow() {
        let all = Policy { kernel_frames: true, all_processes: true, ..Policy::default() };
        assert_eq!(Policy::parse("# by setup\nkernel-frames = allow\nprocesses=all\n"), all);
        for text in ["", "kernel-frames = yes", "kernel-frames", "processes = own", "Processes = all", "\0=\0"] {
            assert_eq!(Policy::parse(text), Policy::default(), "{text}");
        }
    }

    #[test]
    fn bounds_that_are_not_understood_are_the_usual_ones() {
        let bounds = |text: &str| Policy::parse(text).bounds.unwrap();
        let said = bounds("max-frequency-hz = 500\nmax-memory-mib = 64");
        assert_eq!((said.frequency_hz, said.memory_mib), (500, Some(64)));
        for text in
            ["", "max-frequency-hz = usual\nmax-memory-mib = usual", "max-frequency-hz = -1\nmax-memory-mib = 1e3"]
        {
            assert_eq!(bounds(text), Bounds::default(), "{text}");
        }
    }

    #[test]
    fn the_first_line_counts() {
        assert!(!Policy::parse("kernel-frames = deny\nkernel-frames = allow").kernel_frames);
    }

    #[test]
    fn a_policy_that_others_may_write_allows_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("bee-policy-{}", std::process::id()));
        std::fs::write(&path, "kernel-frames = allow\n").unwrap();
        let is_read = |mode: u32| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            read_as_root_wrote_it(&path).is_some()
        };
        // SAFETY: cannot fail.
        let is_root = unsafe { libc::geteuid() } == 0;
        assert_eq!(is_read(0o644), is_root, "of root's hand");
        assert!(!is_read(0o664) && !is_read(0o646));
        std::fs::remove_file(&path).unwrap();
    }
}
