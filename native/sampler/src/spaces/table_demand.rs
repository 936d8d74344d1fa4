//! Files whose tables found no room, and who gets it when there is some.

use std::collections::HashSet;

use crate::kernel::bpf::table_arrays::TableArrays;
use crate::kernel::clock::monotonic_ns;
use crate::tables::objects::Objects;

#[derive(Default)]
pub struct TableDemand {
    waiting: Vec<u32>,
}

impl TableDemand {
    /// Notes that a process has the file mapped. True when its table is not loaded and room is to be looked for.
    pub fn note_use(&self, objects: &mut Objects, id: u32) -> bool {
        let now_ns = monotonic_ns();
        objects.touch(id, now_ns);
        objects.room.wants(id, now_ns) && !self.waiting.contains(&id)
    }

    pub fn forget(&mut self, gone: &HashSet<u32>) {
        self.waiting.retain(|id| !gone.contains(id));
    }

    /// Those to be tried again: once a second each.
    pub fn take_due(&mut self, objects: &Objects) -> Vec<u32> {
        let now_ns = monotonic_ns();
        let (due, later) =
            std::mem::take(&mut self.waiting).into_iter().partition(|id| objects.room.wants(*id, now_ns));
        self.waiting = later;
        due
    }

    /// True when the table is loaded now; else the file waits. `used`: files that processes have mapped. With
    /// `may_be_soon` a lack of room is not counted yet.
    pub fn make_room(
        &mut self,
        objects: &mut Objects,
        arrays: &mut TableArrays,
        id: u32,
        used: &HashSet<u32>,
        may_be_soon: bool,
    ) -> bool {
        let is_loaded = objects.make_room(arrays, id, used, may_be_soon);
        if !is_loaded {
            self.waiting.push(id);
        }
        is_loaded
    }
}
