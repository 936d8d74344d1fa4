//! What the receiving thread does with each frame.

use std::os::unix::net::UnixStream;

use super::event_queue::EventQueue;
use super::frame_reader::{Frame, FrameReader};
use crate::failure::{Failure, Outcome};
use crate::files::jit_dumps::JitDump;
use crate::files::object_message::ObjectMessage;
use crate::protocol::*;
use crate::received::Received;

pub struct Receiver<'a> {
    frames: FrameReader<'a, UnixStream>,
    received: &'a Received,
    events: &'a EventQueue,
}

impl<'a> Receiver<'a> {
    pub fn new(stream: &'a UnixStream, received: &'a Received, events: &'a EventQueue) -> Receiver<'a> {
        Receiver { frames: FrameReader::new(stream), received, events }
    }

    /// Receives until the connection ends. Returns why it did.
    pub fn run(mut self) -> Failure {
        loop {
            match self.receive_one() {
                Ok(true) => {}
                Ok(false) => return self.end_of_stream(),
                Err(failure) => return failure,
            }
        }
    }

    /// False at the end of the stream.
    fn receive_one(&mut self) -> Outcome<bool> {
        let Some(frame) = self.frames.next_frame()? else { return Ok(false) };
        match frame.kind {
            MESSAGE_STACKS => self.received.samples().add_stacks(frame.payload)?,
            MESSAGE_COUNTS => self.received.samples().add_counts(frame.payload)?,
            MESSAGE_OBJECT => {
                let message = ObjectMessage::parse(frame.payload)?;
                let (id, has_descriptor, is_copy) = (message.id, message.has_descriptor(), message.is_copy());
                let mut object = message.into_object();
                if has_descriptor {
                    let file = self.frames.take_descriptor();
                    let missing = || Failure::malformed("an object announces a descriptor that did not come");
                    object = object.with_descriptor(file.ok_or_else(missing)?, is_copy);
                }
                self.received.objects().insert(id, object);
            }
            MESSAGE_JIT_DUMP => {
                let (dump, has_descriptor) = JitDump::parse(frame.payload)?;
                let file = if has_descriptor { self.frames.take_descriptor() } else { None };
                self.received.jit_dumps().add(dump, file);
            }
            _ => {
                check_event(&frame)?;
                self.events.push(&frame)?;
            }
        }
        Ok(true)
    }

    fn end_of_stream(&self) -> Failure {
        match self.events.is_done() {
            true => Failure::new(libc::EPIPE, "The sampler has finished."),
            false => Failure::new(libc::ECONNRESET, "The sampler ended before the profile was complete."),
        }
    }
}

/// An unknown type, or a payload too short for its fixed part, is the peer's mistake, not JavaScript's to find.
fn check_event(frame: &Frame<'_>) -> Outcome<()> {
    let fixed_bytes = match frame.kind {
        MESSAGE_HELLO | MESSAGE_ADDED => 8,
        MESSAGE_EXIT => 16,
        MESSAGE_STARTED | MESSAGE_TOTALS | MESSAGE_PROBLEM | MESSAGE_DONE | MESSAGE_FAILED => 0,
        kind => return Err(Failure::malformed(format!("message type {kind} is unknown"))),
    };
    if frame.payload.len() < fixed_bytes {
        return Err(Failure::malformed(format!("a message of type {} is too short", frame.kind)));
    }
    if frame.kind == MESSAGE_HELLO {
        let version = u32::from_le_bytes([frame.payload[0], frame.payload[1], frame.payload[2], frame.payload[3]]);
        if version != PROTOCOL_VERSION {
            let message = format!("The sampler speaks protocol {version}, this library speaks {PROTOCOL_VERSION}.");
            return Err(Failure::new(libc::EPROTONOSUPPORT, message));
        }
    }
    Ok(())
}
