//! What the kernel is asked and what it tells: the BPF programs and their maps, perf events, time.
//! Takes: settings and an access. Gives: records, news of processes, and memory that the BPF programs read.
//! May use: rights.

pub mod bpf;
pub mod clock;
pub mod engine;
pub mod grace_period;
pub mod perf;
pub mod record;
pub mod running_times;
pub mod settings;
pub mod target;
