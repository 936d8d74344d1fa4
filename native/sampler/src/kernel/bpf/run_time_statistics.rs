//! What the BPF programs cost, by the kernel's own statistics.

use std::os::fd::{FromRawFd, OwnedFd};

/// The kernel times all BPF programs for as long as this lives.
pub struct RunTimeStatistics {
    _descriptor: OwnedFd,
}

impl RunTimeStatistics {
    /// None without cap_sys_admin.
    pub fn enable() -> Option<RunTimeStatistics> {
        // SAFETY: no memory is passed.
        let fd = unsafe { libbpf_sys::bpf_enable_stats(libbpf_sys::BPF_STATS_RUN_TIME) };
        // SAFETY: a new descriptor of ours.
        (fd >= 0).then(|| RunTimeStatistics { _descriptor: unsafe { OwnedFd::from_raw_fd(fd) } })
    }
}

/// Of one program, by its descriptor.
pub fn program_run_ns(program: i32) -> Option<u64> {
    // SAFETY: an all-zero bpf_prog_info asks for no arrays; the kernel fills at most `length` bytes.
    unsafe {
        let mut info: libbpf_sys::bpf_prog_info = std::mem::zeroed();
        let mut length = size_of_val(&info) as u32;
        let result = libbpf_sys::bpf_obj_get_info_by_fd(program, (&raw mut info).cast(), &mut length);
        (result == 0).then_some(info.run_time_ns)
    }
}
