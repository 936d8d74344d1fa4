//! Perf events: those that trigger samples, and the records of the kernel's side band (mappings, forks, execs, exits).

pub mod perf_events;
pub mod sampling_events;
pub mod side_band;
