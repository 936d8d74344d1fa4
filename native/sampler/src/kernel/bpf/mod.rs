//! The BPF programs as the engine uses them: loaded and attached, their maps, their ring and their run time.

pub mod array_memory;
pub mod bpf_maps;
pub mod bpf_programs;
pub mod counts;
pub mod record_ring;
pub mod run_time_statistics;
pub mod table_arrays;
