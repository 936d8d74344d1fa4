//! What the receiving thread does with each frame.

use std::os::unix::net::UnixStream;

use bee_wire::frame::FrameReader;
use bee_wire::protocol::*;
use bee_wire::{check, is_optional, Record, Unreadable};

use super::event_queue::EventQueue;
use crate::failure::{Failure, Outcome};
use crate::files::jit_dumps;
use crate::files::object_message::object_of;
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
        let Some(frame) = self.frames.next_frame().map_err(Failure::of_frames)? else { return Ok(false) };
        match frame.kind {
            MESSAGE_STACKS => self.received.samples().add_stacks(frame.payload)?,
            MESSAGE_COUNTS => self.received.samples().add_counts(frame.payload)?,
            MESSAGE_OBJECT => {
                let message = Object::read(frame.payload).map_err(Failure::malformed)?;
                self.add_object(&message)?;
            }
            MESSAGE_JIT_DUMP => {
                let message = JitDump::read(frame.payload).map_err(Failure::malformed)?;
                let file = if message.has_descriptor { self.frames.take_descriptor() } else { None };
                self.received.jit_dumps().add(jit_dumps::JitDump::of(&message), file);
            }
            kind => match check(kind, frame.payload) {
                Some(checked) => {
                    checked.map_err(unreadable)?;
                    if kind == MESSAGE_DONE || kind == MESSAGE_TICKED {
                        self.received.samples().end_tick();
                    }
                    self.events.push(&frame)?;
                }
                None if is_optional(kind) => {}
                None => return Err(Failure::malformed(format!("message kind {kind} is unknown"))),
            },
        }
        Ok(true)
    }

    fn add_object(&mut self, message: &Object) -> Outcome<()> {
        let mut object = object_of(message)?;
        if message.has_descriptor {
            let file = self.frames.take_descriptor();
            let missing = || Failure::malformed("an object announces a descriptor that did not come");
            object = object.with_descriptor(file.ok_or_else(missing)?, message.is_copy);
        }
        let number = self.received.samples().objects.renew(message.number);
        self.received.objects().insert(number, object);
        Ok(())
    }

    fn end_of_stream(&self) -> Failure {
        match self.events.is_done() {
            true => Failure::new(libc::EPIPE, "The sampler has finished."),
            false => Failure::new(libc::ECONNRESET, "The sampler ended before the profile was complete."),
        }
    }
}

fn unreadable(error: Unreadable) -> Failure {
    match error {
        Unreadable::Malformed(malformed) => Failure::malformed(malformed),
        Unreadable::OtherVersion(version) => {
            let message = format!("The sampler speaks protocol {version}, this library speaks {PROTOCOL_VERSION}.");
            Failure::new(libc::EPROTONOSUPPORT, message)
        }
    }
}
