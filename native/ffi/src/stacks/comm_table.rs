//! Names of threads, each once.

use std::collections::HashMap;

use super::layout::COMM_BYTES;

pub type Comm = [u8; COMM_BYTES];

#[derive(Default)]
pub struct CommTable {
    comms: Vec<Comm>,
    index: HashMap<Comm, u32>,
}

impl CommTable {
    pub fn intern(&mut self, comm: Comm) -> u32 {
        let next = self.comms.len() as u32;
        let row = *self.index.entry(comm).or_insert(next);
        if row == next {
            self.comms.push(comm);
        }
        row
    }

    pub fn comms(&self) -> &[Comm] {
        &self.comms
    }
}
