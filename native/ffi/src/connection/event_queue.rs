//! Events of the sampler, until the host takes them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bee_wire::frame::Frame;
use bee_wire::protocol::MESSAGE_DONE;

use crate::failure::{Failure, Outcome};
use crate::news::News;

/// The event that is no message: the sampler has connected.
pub const EVENT_CONNECTED: u16 = 0;
/// Events are a handful per target process; a peer that floods must not fill this process's memory.
const MAX_QUEUED_EVENTS: usize = 1 << 16;
const MAX_QUEUED_BYTES: usize = 64 << 20;

pub struct EventQueue {
    state: Mutex<State>,
    news: Arc<News>,
}

#[derive(Default)]
struct State {
    events: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Set once: why no further event will come.
    ended: Option<Failure>,
    is_done: bool,
}

impl EventQueue {
    pub fn new(news: Arc<News>) -> EventQueue {
        EventQueue { state: Mutex::default(), news }
    }

    pub fn push(&self, frame: &Frame<'_>) -> Outcome<()> {
        let mut state = self.lock();
        if state.events.len() >= MAX_QUEUED_EVENTS || state.bytes + frame.payload.len() > MAX_QUEUED_BYTES {
            return Err(Failure::new(libc::ENOBUFS, "The sampler sends more events than anybody reads."));
        }
        let mut event = Vec::with_capacity(4 + frame.payload.len());
        event.extend_from_slice(&frame.kind.to_le_bytes());
        event.extend_from_slice(&[0, 0]);
        event.extend_from_slice(frame.payload);
        state.bytes += event.len();
        state.events.push_back(event);
        state.is_done |= frame.kind == MESSAGE_DONE;
        drop(state);
        self.news.announce();
        Ok(())
    }

    /// The next event as `u16 type, u16 0, payload`, copied by `copy` when that says it fits; its length comes back either
    /// way, and one that does not fit stays queued. None when there is none yet.
    pub fn take(&self, copy: impl FnOnce(&[u8]) -> bool) -> Outcome<Option<usize>> {
        let mut state = self.lock();
        let Some(event) = state.events.front() else {
            return state.ended.clone().map_or(Ok(None), Err);
        };
        let length = event.len();
        if copy(event) {
            state.events.pop_front();
            state.bytes -= length;
        }
        Ok(Some(length))
    }

    /// No further event will come. The first reason counts.
    pub fn end(&self, failure: Failure) {
        self.lock().ended.get_or_insert(failure);
        self.news.announce();
    }

    pub fn ended(&self) -> Option<Failure> {
        self.lock().ended.clone()
    }

    /// The sampler has said that it is done.
    pub fn is_done(&self) -> bool {
        self.lock().is_done
    }

    /// A thread that panicked while it held the lock leaves data that is still whole: every update is one step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
