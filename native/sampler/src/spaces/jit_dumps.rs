//! Files in which runtimes write down the code that they make, for perf: they map a page of them executable to be
//! noticed.

use std::collections::HashSet;
use std::fs::File;

use crate::kernel::perf::side_band::{FileIdentity, NewMapping};

/// One that a process has mapped. `file`: None when the process was gone before it could be opened.
pub struct JitDump {
    pub pid: u32,
    pub inode: u64,
    pub path: Vec<u8>,
    pub file: Option<File>,
}

#[derive(Default)]
pub struct JitDumps {
    known: HashSet<(u32, FileIdentity)>,
    new: Vec<JitDump>,
}

impl JitDumps {
    /// `open` is asked once for each.
    pub fn note(&mut self, pid: u32, mapping: &NewMapping, open: impl FnOnce() -> Option<File>) {
        if self.known.insert((pid, mapping.identity)) {
            let (inode, path) = (mapping.identity.inode, mapping.path.clone());
            self.new.push(JitDump { pid, inode, path, file: open() });
        }
    }

    /// Of a process that is no more: its pid may be another's.
    pub fn forget(&mut self, pid: u32) {
        self.known.retain(|(other, _)| *other != pid);
    }

    /// Those since the last call.
    pub fn take(&mut self) -> Vec<JitDump> {
        std::mem::take(&mut self.new)
    }
}

/// "…/jit-PID.dump"
pub fn is_jit_dump(path: &[u8]) -> bool {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let number = name.strip_prefix(b"jit-").and_then(|rest| rest.strip_suffix(b".dump"));
    number.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::is_jit_dump;

    #[test]
    fn a_jitdump_is_known_by_its_name() {
        let is = |path: &str| is_jit_dump(path.as_bytes());
        assert!(is("/tmp/jit-12.dump") && is("jit-1.dump"));
        assert!(
            !is("/tmp/jit-.dump") && !is("/tmp/jit-x.dump") && !is("/jit-1.dump/lib.so") && !is("/tmp/jit-1.dump ")
        );
    }
}
