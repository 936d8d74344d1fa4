//! A process that is to be observed.

use crate::kernel::record::Process;

#[derive(Clone, Copy)]
pub struct Target {
    pub pid: u32,
    /// What its stacks carry, and those of its children if they are followed.
    pub root: u32,
    /// Observed from its next exec on.
    pub is_held: bool,
    /// Its children are not followed.
    pub is_alone: bool,
    /// The client is told how it ends.
    pub is_awaited: bool,
}

impl Target {
    pub fn entry(&self) -> Process {
        Process {
            generation: 0,
            is_held: self.is_held.into(),
            root: self.root,
            is_alone: self.is_alone.into(),
            is_awaited: self.is_awaited.into(),
        }
    }

    #[cfg(test)]
    pub fn of(root: u32, pid: u32) -> Target {
        Target { pid, root, is_held: false, is_alone: false, is_awaited: true }
    }
}
