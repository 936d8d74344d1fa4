//! What goes to the client, as protocol.rs describes it.

use std::os::fd::AsFd;

use crate::facts::Facts;
use crate::failure::{Failure, Outcome};
use crate::kernel::record::ProcessEnd;
use crate::serve::kernel_symbols;
use crate::serve::protocol::*;
use crate::serve::wire::Wire;
use crate::spaces::jit_dumps::JitDump;
use crate::tables::file::file_state::FileState;
use crate::tables::object::Object;
use crate::tables::objects::Objects;

/// Of counts, in one message.
const BATCH_BYTES: usize = 24 * 8192;

pub struct Client {
    wire: Wire,
    objects_sent: u32,
}

impl Client {
    pub fn new(wire: Wire) -> Client {
        Client { wire, objects_sent: 0 }
    }

    pub fn as_raw_fd(&self) -> i32 {
        self.wire.as_raw_fd()
    }

    /// The next request; None when the client has gone.
    pub fn receive(&mut self) -> Outcome<Option<(u16, Vec<u8>)>> {
        self.wire.receive().map_err(|error| Failure::from_io("client", "receive-request", &error))
    }

    fn send(&mut self, kind: u16, payload: &[u8]) -> Outcome<()> {
        self.wire.send(kind, payload).map_err(not_written)
    }

    pub fn send_started(&mut self, load_ns: u64) -> Outcome<()> {
        self.send(MESSAGE_STARTED, format!("{{\"loadNs\":{load_ns}}}").as_bytes())
    }

    pub fn send_kernel_symbols(&mut self) -> Outcome<()> {
        kernel_symbols::send(&mut self.wire).map_err(not_written)
    }

    pub fn send_added(&mut self, request: u32, errno: i32, text: &str) -> Outcome<()> {
        self.send(MESSAGE_ADDED, &[&request.to_le_bytes(), &errno.to_le_bytes(), text.as_bytes()].concat())
    }

    pub fn send_stacks(&mut self, records: &[u8]) -> Outcome<()> {
        self.send(MESSAGE_STACKS, records)
    }

    pub fn send_counts(&mut self, counts: &[u8]) -> Outcome<()> {
        counts.chunks(BATCH_BYTES).try_for_each(|batch| self.send(MESSAGE_COUNTS, batch))
    }

    pub fn send_totals(&mut self, json: &str) -> Outcome<()> {
        self.send(MESSAGE_TOTALS, json.as_bytes())
    }

    pub fn send_done(&mut self) -> Outcome<()> {
        self.send(MESSAGE_DONE, &[])
    }

    /// `wait_status`: -1 where it is not known.
    pub fn send_exit(&mut self, pid: u32, ProcessEnd { time_ns, wait_status, .. }: ProcessEnd) -> Outcome<()> {
        let (pid, status) = (pid.to_le_bytes(), wait_status.to_le_bytes());
        self.send(MESSAGE_EXIT, &[&pid[..], &status, &time_ns.to_le_bytes()].concat())
    }

    pub fn send_problems(&mut self, problems: Vec<Facts>) -> Outcome<()> {
        for problem in problems {
            self.send(MESSAGE_PROBLEM, problem.to_json().as_bytes())?;
        }
        Ok(())
    }

    /// What was loaded since the last call.
    pub fn send_objects(&mut self, objects: &mut Objects) -> Outcome<()> {
        while let Some(object) = objects.get(self.objects_sent + 1) {
            let id = object.id;
            let payload = object_payload(object);
            let written = match object.descriptor() {
                Some(file) => self.wire.send_with_descriptor(MESSAGE_OBJECT, &payload, file),
                None => self.wire.send(MESSAGE_OBJECT, &payload),
            };
            written.map_err(not_written)?;
            objects.settle(id);
            self.objects_sent = id;
        }
        Ok(())
    }

    pub fn send_jit_dump(&mut self, dump: &JitDump) -> Outcome<()> {
        let flags = if dump.file.is_some() { JIT_DUMP_HAS_DESCRIPTOR } else { 0 };
        let mut payload = [dump.pid.to_le_bytes(), flags.to_le_bytes()].concat();
        payload.extend_from_slice(&dump.inode.to_le_bytes());
        payload.extend_from_slice(&dump.path);
        let written = match &dump.file {
            Some(file) => self.wire.send_with_descriptor(MESSAGE_JIT_DUMP, &payload, file.as_fd()),
            None => self.wire.send(MESSAGE_JIT_DUMP, &payload),
        };
        written.map_err(not_written)
    }
}

fn not_written(error: std::io::Error) -> Failure {
    Failure::from_io("client", "send-news", &error)
}

fn object_payload(object: &Object) -> Vec<u8> {
    let flags = [
        (object.is_vdso, OBJECT_IS_VDSO),
        (object.descriptor().is_some(), OBJECT_HAS_DESCRIPTOR),
        (object.is_copied(), OBJECT_IS_COPY),
        (object.is_replaced, OBJECT_IS_REPLACED),
    ];
    let flags = flags.iter().filter(|(is_set, _)| *is_set).fold(0, |flags, (_, flag)| flags | flag);
    let FileState { device, inode, size, modified_ns, changed_ns } = object.state.unwrap_or_default();
    let mut payload = Vec::new();
    for word in [object.id, object.path.len() as u32, object.build_id.len() as u32, flags] {
        payload.extend_from_slice(&word.to_le_bytes());
    }
    for word in [device, inode, size, modified_ns as u64, changed_ns as u64] {
        payload.extend_from_slice(&word.to_le_bytes());
    }
    payload.extend_from_slice(&object.path);
    payload.extend_from_slice(&object.build_id);
    payload
}
