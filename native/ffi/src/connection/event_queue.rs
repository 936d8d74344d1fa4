//! Events of the sampler, until the host takes them.

use std::collections::VecDeque;
use std::os::fd::RawFd;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::frame_reader::Frame;
use super::wake::Wake;
use crate::failure::{Failure, Outcome};
use crate::protocol::MESSAGE_DONE;

/// Events are a handful per target process; a peer that floods must not fill this process's memory.
const MAX_QUEUED_EVENTS: usize = 1 << 16;
const MAX_QUEUED_BYTES: usize = 64 << 20;

pub struct EventQueue {
    state: Mutex<State>,
    changed: Condvar,
    /// Readable while somebody asked waiters to give up.
    wake: Wake,
}

#[derive(Default)]
struct State {
    events: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Set once: why no further event will come.
    ended: Option<Failure>,
    is_cancelled: bool,
    is_done: bool,
}

impl EventQueue {
    pub fn new() -> Outcome<EventQueue> {
        Ok(EventQueue { state: Mutex::default(), changed: Condvar::new(), wake: Wake::new()? })
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
        self.changed.notify_all();
        Ok(())
    }

    /// The next event as `u16 type, u16 0, payload`, copied by `copy` when that says it fits. None on timeout.
    /// An event that does not fit stays queued; its length comes back either way.
    pub fn wait(&self, timeout: Duration, copy: impl FnOnce(&[u8]) -> bool) -> Outcome<Option<usize>> {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            if let Some(length) = state.events.front().map(Vec::len) {
                if state.events.front().is_some_and(|event| copy(event)) {
                    state.events.pop_front();
                    state.bytes -= length;
                }
                self.forget_cancel(&mut state);
                return Ok(Some(length));
            }
            if let Some(failure) = self.interruption_of(&mut state) {
                return Err(failure);
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return Ok(None);
            };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until `socket` is readable. False on timeout and when there is an interruption.
    pub fn wait_for_socket(&self, socket: RawFd, deadline: Instant) -> Outcome<bool> {
        self.wake.poll_readable(socket, deadline)
    }

    /// Why a wait should give up: the end, or a cancel, which is forgotten with this.
    pub fn interruption(&self) -> Option<Failure> {
        self.interruption_of(&mut self.lock())
    }

    pub fn cancel(&self) {
        self.lock().is_cancelled = true;
        self.wake.signal();
        self.changed.notify_all();
    }

    /// No further event will come. The first reason counts.
    pub fn end(&self, failure: Failure) {
        self.lock().ended.get_or_insert(failure);
        self.changed.notify_all();
    }

    /// Ends a wait for a socket for good, behind `end`.
    pub fn wake_for_good(&self) {
        self.wake.signal();
    }

    pub fn ended(&self) -> Option<Failure> {
        self.lock().ended.clone()
    }

    /// The sampler has said that it is done.
    pub fn is_done(&self) -> bool {
        self.lock().is_done
    }

    fn interruption_of(&self, state: &mut State) -> Option<Failure> {
        if state.ended.is_some() {
            return state.ended.clone();
        }
        state.is_cancelled.then(|| {
            self.forget_cancel(state);
            Failure::new(libc::ECANCELED, "Cancelled.")
        })
    }

    fn forget_cancel(&self, state: &mut State) {
        state.is_cancelled = false;
        self.wake.drain();
    }

    /// A thread that panicked while it held the lock leaves data that is still whole: every update is one step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
