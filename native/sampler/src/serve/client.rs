//! What goes to the client: the messages of native/wire.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use bee_wire::frame::{self, FrameError, MAX_REQUEST_BYTES};
use bee_wire::protocol::*;
use bee_wire::{Bytes, Record};

use crate::facts::Facts;
use crate::failure::{Failure, Outcome};
use crate::kernel::record::{number_of, ProcessEnd as End};
use crate::serve::kernel_symbols;
use crate::spaces::jit_dumps;
use crate::tables::file::file_state;
use crate::tables::object::Object as MappedFile;
use crate::tables::objects::Objects;

/// Of counts, in one message.
const BATCH_BYTES: usize = 24 * 8192;

pub struct Client {
    stream: UnixStream,
}

impl Client {
    pub fn new(stream: UnixStream) -> Client {
        Client { stream }
    }

    pub fn as_raw_fd(&self) -> i32 {
        self.stream.as_raw_fd()
    }

    /// The next request; None when the client has gone.
    pub fn receive(&mut self) -> Outcome<Option<(u16, Vec<u8>)>> {
        frame::receive(&mut self.stream, MAX_REQUEST_BYTES).map_err(|error| match error {
            FrameError::Malformed(malformed) => Failure::new("protocol", "read-request", malformed.to_string()),
            FrameError::Io(error) => Failure::from_io("client", "receive-request", &error),
            FrameError::TooManyFiles => Failure::new("protocol", "read-request", "descriptors in a request"),
        })
    }

    pub fn send(&self, kind: u16, payload: &[u8]) -> Outcome<()> {
        frame::send(&self.stream, kind, payload).map_err(not_written)
    }

    fn send_record(&self, kind: u16, record: &impl Record) -> Outcome<()> {
        self.send(kind, &record.to_bytes())
    }

    /// `file` travels with it.
    fn send_with(&self, kind: u16, record: &impl Record, file: Option<BorrowedFd<'_>>) -> Outcome<()> {
        let Some(file) = file else { return self.send_record(kind, record) };
        frame::send_with_descriptor(&self.stream, kind, &record.to_bytes(), file).map_err(not_written)
    }

    pub fn send_started(&self, load_ns: u64) -> Outcome<()> {
        self.send_record(MESSAGE_STARTED, &Started { load_ns })
    }

    pub fn send_kernel_symbols(&self) -> Outcome<()> {
        let Some((object, file)) = kernel_symbols::open() else { return Ok(()) };
        self.send_with(MESSAGE_OBJECT, &object, Some(file.as_fd()))
    }

    pub fn send_added(&self, request: u32, errno: i32, text: &str) -> Outcome<()> {
        self.send_record(MESSAGE_ADDED, &Added { request, errno: errno as u32, detail: text.to_string() })
    }

    pub fn send_stacks(&self, records: &[u8]) -> Outcome<()> {
        self.send(MESSAGE_STACKS, records)
    }

    pub fn send_counts(&self, counts: &[u8]) -> Outcome<()> {
        counts.chunks(BATCH_BYTES).try_for_each(|batch| self.send(MESSAGE_COUNTS, batch))
    }

    pub fn send_totals(&self, totals: &Totals) -> Outcome<()> {
        self.send_record(MESSAGE_TOTALS, totals)
    }

    pub fn send_ticked(&self, number: u32) -> Outcome<()> {
        self.send_record(MESSAGE_TICKED, &Ticked { number })
    }

    pub fn send_done(&self) -> Outcome<()> {
        self.send(MESSAGE_DONE, &[])
    }

    pub fn send_exit(&self, pid: u32, End { time_ns, wait_status, .. }: End) -> Outcome<()> {
        let end = ProcessEnd { wait_status: u32::try_from(wait_status).ok() };
        self.send_record(MESSAGE_PROCESS, &ProcessNews { pid, time_ns, end: Some(end), start: None })
    }

    pub fn send_problems(&self, problems: Vec<Facts>) -> Outcome<()> {
        problems.iter().try_for_each(|problem| self.send(MESSAGE_PROBLEM, problem.payload()))
    }

    /// What was loaded since the last call.
    pub fn send_objects(&mut self, objects: &mut Objects) -> Outcome<()> {
        while let Some(id) = objects.take_new() {
            let Some(object) = objects.get(id) else { continue };
            self.send_with(MESSAGE_OBJECT, &object_message(object), object.descriptor())?;
            objects.settle(id);
        }
        Ok(())
    }

    pub fn send_jit_dump(&self, jit_dumps::JitDump { pid, inode, path, file }: &jit_dumps::JitDump) -> Outcome<()> {
        let has_descriptor = file.is_some();
        let message = JitDump { pid: *pid, inode: *inode, path: Bytes(path.clone()), has_descriptor };
        self.send_with(MESSAGE_JIT_DUMP, &message, file.as_ref().map(AsFd::as_fd))
    }
}

fn not_written(error: io::Error) -> Failure {
    Failure::from_io("client", "send-news", &error)
}

fn object_message(object: &MappedFile) -> Object {
    Object {
        number: number_of(object.id),
        path: Bytes(object.path.to_vec()),
        build_id: Bytes(object.build_id.to_vec()),
        state: object.state.map(state_message),
        has_descriptor: object.descriptor().is_some(),
        is_vdso: object.is_vdso,
        is_copy: object.is_copied(),
        is_replaced: object.is_replaced,
    }
}

fn state_message(state: file_state::FileState) -> FileState {
    let file_state::FileState { device, inode, size, modified_ns, changed_ns } = state;
    FileState { device, inode, size, modified_ns, changed_ns }
}
