//! What the kernel is asked and what it tells: the BPF programs and their maps, perf events, time.
//! Takes: settings and an access. Gives: records, news of processes, and memory that the BPF programs read.
//! May use: rights.

pub mod array_memory;
pub mod bpf_maps;
pub mod bpf_programs;
pub mod clock;
pub mod counts;
pub mod engine;
pub mod grace_period;
pub mod perf_events;
pub mod record;
pub mod record_ring;
pub mod run_time_statistics;
pub mod running_times;
pub mod sampling_events;
pub mod settings;
pub mod side_band;
pub mod table_arrays;
pub mod target;
