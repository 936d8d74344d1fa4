//! The files in which runtimes write down the code that they make, as the sampler tells of them.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;

use bee_wire::protocol;

use super::object::descriptor_path;
use super::trusted_file::open_trusted;

/// Descriptors that are kept; what comes later is opened by its path.
const MAX_HELD: usize = 256;

pub struct JitDump {
    pub pid: u32,
    pub path: String,
    inode: u64,
    file: Option<File>,
}

impl JitDump {
    /// Without its descriptor.
    pub fn of(message: &protocol::JitDump) -> JitDump {
        let path = String::from_utf8_lossy(&message.path.0).into_owned();
        JitDump { pid: message.pid, path, inode: message.inode, file: None }
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
