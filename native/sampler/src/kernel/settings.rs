//! What the client chose for a capture.

use crate::kernel::perf::perf_events::SamplingEvent;
use crate::rights::bounds::Need;

#[derive(Clone, Copy)]
pub struct Settings {
    pub frequency_hz: u32,
    pub event: SamplingEvent,
    pub frame_pointers_only: bool,
    pub ring_bytes: u32,
    pub max_depth: u32,
    /// Of directory, rows and rules together.
    pub table_bytes: u64,
    pub checks_unwinding: bool,
}

impl Settings {
    /// What the bounds have to allow.
    pub fn need(&self) -> Need {
        Need::of(self.frequency_hz, self.table_bytes, self.ring_bytes)
    }

    pub fn limits(&self) -> Limits {
        Limits { max_depth: self.max_depth as usize, frame_pointers_only: self.frame_pointers_only }
    }
}

/// What the BPF program is told of a walk by its configuration.
#[derive(Clone, Copy)]
pub struct Limits {
    pub max_depth: usize,
    pub frame_pointers_only: bool,
}
