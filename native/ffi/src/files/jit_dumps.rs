//! The files in which runtimes write down the code that they make, as the sampler tells of them.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;

use super::object::descriptor_path;
use super::trusted_file::open_trusted;
use crate::failure::{Failure, Outcome};
use crate::protocol::JIT_DUMP_HAS_DESCRIPTOR;

/// Descriptors that are kept; what comes later is opened by its path.
const MAX_HELD: usize = 256;
const HEAD_BYTES: usize = 16;

pub struct JitDump {
    pub pid: u32,
    pub path: String,
    inode: u64,
    file: Option<File>,
}

impl JitDump {
    /// A MESSAGE_JIT_DUMP, and whether a descriptor has come with it.
    pub fn parse(payload: &[u8]) -> Outcome<(JitDump, bool)> {
        let malformed = || Failure::malformed("a jitdump is too short");
        let (head, path) = payload.split_at_checked(HEAD_BYTES).ok_or_else(malformed)?;
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let inode = u64::from(word(8)) | u64::from(word(12)) << 32;
        let path = String::from_utf8_lossy(path).into_owned();
        Ok((JitDump { pid: word(0), path, inode, file: None }, word(4) & JIT_DUMP_HAS_DESCRIPTOR != 0))
    }

    /// To be read from its beginning. Of a process that had ended before anybody looked the path is left, where it
    /// means the file that was mapped.
    pub fn open(&self) -> Option<File> {
        match &self.file {
            Some(file) => File::open(descriptor_path(file)).ok(),
            None => open_trusted(self.pid, &self.path)
                .filter(|file| file.metadata().is_ok_and(|facts| facts.ino() == self.inode)),
        }
    }
}

#[derive(Default)]
pub struct JitDumps(Vec<JitDump>);

impl JitDumps {
    pub fn add(&mut self, dump: JitDump, descriptor: Option<OwnedFd>) {
        let is_held = self.0.len() < MAX_HELD;
        self.0.push(JitDump { file: descriptor.filter(|_| is_held).map(File::from), ..dump });
    }

    /// In the order in which they were mapped.
    pub fn of_process(&self, pid: u32) -> impl Iterator<Item = &JitDump> {
        self.0.iter().filter(move |dump| dump.pid == pid)
    }
}
