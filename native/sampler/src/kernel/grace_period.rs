//! Waits until every walk of the BPF program that is under way has ended.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::OnceLock;

const MEMBARRIER_CMD_GLOBAL: i64 = 1;

/// BPF programs run inside RCU read sections, and this command of membarrier waits for all of those (as the
/// kernel's own BPF tests do it; 4 to 30 ms). A fixed time would be a guess where a virtual CPU stands still in a walk.
/// Under nohz_full the kernel does not offer it (EINVAL): there the write of a map into a map waits for the same.
pub fn wait_for_walks() -> io::Result<()> {
    // SAFETY: no memory is passed.
    match unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) } {
        0 => Ok(()),
        _ => wait_by_map(),
    }
}

/// The kernel promises that nobody uses the map that was there before when such a write returns
/// (maybe_wait_bpf_programs in kernel/bpf/syscall.c, since 4.20).
fn wait_by_map() -> io::Result<()> {
    static MAPS: OnceLock<MapOfMaps> = OnceLock::new();
    let maps = match MAPS.get() {
        Some(maps) => maps,
        None => {
            let made = MapOfMaps::create()?;
            MAPS.get_or_init(|| made)
        }
    };
    maps.write()
}

struct MapOfMaps {
    outer: OwnedFd,
    inner: OwnedFd,
}

impl MapOfMaps {
    fn create() -> io::Result<MapOfMaps> {
        let inner = create_array(libbpf_sys::BPF_MAP_TYPE_ARRAY, None)?;
        Ok(MapOfMaps { outer: create_array(libbpf_sys::BPF_MAP_TYPE_ARRAY_OF_MAPS, Some(&inner))?, inner })
    }

    fn write(&self) -> io::Result<()> {
        let (key, inner) = (0u32, self.inner.as_raw_fd());
        let (key, value) = (ptr::from_ref(&key).cast(), ptr::from_ref(&inner).cast());
        // SAFETY: a key and a value of four bytes each, as both arrays have them.
        match unsafe { libbpf_sys::bpf_map_update_elem(self.outer.as_raw_fd(), key, value, 0) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Of one entry of four bytes.
fn create_array(kind: libbpf_sys::bpf_map_type, inner: Option<&OwnedFd>) -> io::Result<OwnedFd> {
    // SAFETY: an all-zero struct of options says nothing.
    let mut options: libbpf_sys::bpf_map_create_opts = unsafe { std::mem::zeroed() };
    options.sz = size_of_val(&options) as _;
    options.inner_map_fd = inner.map_or(0, |inner| inner.as_raw_fd() as u32);
    // SAFETY: a C string, and options that live as long as the call; the result is a new descriptor of ours.
    unsafe {
        match libbpf_sys::bpf_map_create(kind, c"bee_wait".as_ptr(), 4, 4, 1, &raw const options) {
            fd if fd >= 0 => Ok(OwnedFd::from_raw_fd(fd)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_maps_waits_where_membarrier_does_not() {
        // SAFETY: no preconditions.
        if unsafe { libc::geteuid() } != 0 {
            return eprintln!("skipped: maps of maps need root");
        }
        for _ in 0..3 {
            wait_by_map().unwrap();
        }
    }
}
