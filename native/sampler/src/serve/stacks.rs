//! The BPF program's records on their way to the client: stacks as they are, snapshots unwound, checks walked again.

use std::rc::Rc;

use crate::failure::Outcome;
use crate::kernel::engine::Engine;
use crate::kernel::record::{
    bytes_of, read_from, Check, Snapshot, StackHead, EPOCH_BIT, RECORD_CHECK, RECORD_SNAPSHOT, RECORD_STACK,
};
use crate::kernel::settings::Limits;
use crate::rights::access::Access;
use crate::serve::client::Client;
use crate::spaces::process_code::ProcessCode;
use crate::spaces::processes::Processes;
use crate::unwind::unwinding_check::{Means, UnwindingCheck};
use crate::unwind::walk::{as_snapshot_frame, unwind, Surroundings, Walked};

/// Batches of stacks stay below this; the client refuses frames of 64 MiB.
const BATCH_BYTES: usize = 256 << 10;

pub struct Stacks {
    access: Rc<Access>,
    limits: Limits,
    outgoing: Vec<u8>,
    /// Of the epoch that is being told of.
    epoch_bit: u64,
    /// Batches of the next one: they wait until the client has all of this one.
    held: Vec<Vec<u8>>,
    /// As many as the kernel counts in this epoch, if each has found room there.
    of_epoch: u32,
    pub check: UnwindingCheck,
    /// 0 before there is one.
    pub first_sample_ns: u64,
}

impl Stacks {
    pub fn new(access: Rc<Access>, limits: Limits) -> Stacks {
        Stacks {
            access,
            limits,
            outgoing: Vec::new(),
            epoch_bit: 0,
            held: Vec::new(),
            of_epoch: 0,
            check: UnwindingCheck::default(),
            first_sample_ns: 0,
        }
    }

    /// All of the epoch before has been told; what was held is told with the next records.
    pub fn begin_epoch(&mut self, epoch_bit: u64) {
        self.epoch_bit = epoch_bit;
        self.of_epoch = 0;
    }

    pub fn count_of_epoch(&self) -> u32 {
        self.of_epoch
    }

    /// `records`: each behind its length (u32).
    pub fn forward(
        &mut self,
        records: &[u8],
        engine: &Engine,
        processes: &mut Processes,
        client: &mut Client,
    ) -> Outcome<()> {
        self.send_held(client)?;
        let mut rest = records;
        while let Some((length, tail)) = rest.split_at_checked(4) {
            let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
            let Some((record, tail)) = tail.split_at_checked(length) else { break };
            self.append(record, engine, processes);
            rest = tail;
            if self.outgoing.len() >= BATCH_BYTES {
                self.send(client)?;
            }
        }
        self.send(client)
    }

    /// They are this epoch's by now.
    fn send_held(&mut self, client: &mut Client) -> Outcome<()> {
        for batch in std::mem::take(&mut self.held) {
            client.send_stacks(&batch)?;
        }
        Ok(())
    }

    fn send(&mut self, client: &mut Client) -> Outcome<()> {
        if !self.outgoing.is_empty() {
            client.send_stacks(&self.outgoing)?;
            self.outgoing.clear();
        }
        Ok(())
    }

    fn append(&mut self, record: &[u8], engine: &Engine, processes: &mut Processes) {
        let Some(head) = read_from::<StackHead>(record) else { return };
        if self.first_sample_ns == 0 {
            self.first_sample_ns = head.time_ns;
        }
        let begin = self.outgoing.len();
        match head.kind {
            RECORD_SNAPSHOT => {
                read_from(record).iter().for_each(|snapshot| self.append_snapshot(snapshot, engine, processes));
            }
            RECORD_CHECK => read_from(record).iter().for_each(|check| self.check_unwinding(check, engine, processes)),
            RECORD_STACK => self.append_stack(&head, record),
            _ => {}
        }
        match head.key[1] & EPOCH_BIT == self.epoch_bit {
            true => self.of_epoch += 1,
            false => self.hold(begin),
        }
    }

    fn hold(&mut self, begin: usize) {
        let record = &self.outgoing[begin..];
        match self.held.last_mut().filter(|batch| batch.len() < BATCH_BYTES) {
            Some(batch) => batch.extend_from_slice(record),
            None => self.held.push(record.to_vec()),
        }
        self.outgoing.truncate(begin);
    }

    fn check_unwinding(&mut self, check: &Check, engine: &Engine, processes: &mut Processes) {
        let (objects, access) = (&processes.objects, &*self.access);
        let means = Means { engine, objects, access, limits: self.limits, changed_ns: processes.changed_ns() };
        let found = self.check.examine(check, &means);
        found.into_iter().for_each(|problem| processes.objects.problems.add(problem));
    }

    fn append_stack(&mut self, head: &StackHead, record: &[u8]) {
        let kernel = record.len() - 8 * usize::from(head.kernel_frames);
        self.outgoing.extend_from_slice(&record[..kernel]);
        append_kernel_frames(&mut self.outgoing, words(&record[kernel..]));
    }

    fn append_snapshot(&mut self, snapshot: &Snapshot, engine: &Engine, processes: &Processes) {
        let process = processes.get(snapshot.head.pid);
        let current = process.filter(|process| process.generation == snapshot.generation);
        let mappings = current.map_or(&[][..], |process| &process.mappings);
        let (access, objects, pid) = (&*self.access, &processes.objects, snapshot.head.pid);
        let code = ProcessCode { access, objects, mappings, pid };
        let read_code = |address| code.eight_at(address);
        let around = Surroundings { mappings, tables: &engine.tables, read_code: &read_code };
        let Walked { frames, outcome } = unwind(snapshot, around, self.limits);
        let kernel = &snapshot.kernel[..usize::from(snapshot.head.kernel_frames).min(snapshot.kernel.len())];
        let head =
            StackHead { kind: RECORD_STACK, outcome, user_frames: frames.len() as u16, key: [0; 2], ..snapshot.head };
        self.outgoing.extend_from_slice(bytes_of(&head));
        for frame in frames {
            self.outgoing.extend_from_slice(&as_snapshot_frame(frame).to_le_bytes());
        }
        append_kernel_frames(&mut self.outgoing, kernel.iter().copied());
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes([word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7]]))
}

/// Callers are return addresses: one byte back they lie inside the call.
fn append_kernel_frames(outgoing: &mut Vec<u8>, frames: impl Iterator<Item = u64>) {
    for (index, address) in frames.enumerate() {
        let address = address.wrapping_sub(u64::from(index > 0));
        outgoing.extend_from_slice(&address.to_le_bytes());
    }
}
