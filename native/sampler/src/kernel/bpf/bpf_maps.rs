//! The maps of the BPF programs, by name and by key.

use std::os::fd::AsFd;

use libbpf_rs::{ErrorKind, MapCore, MapFlags, MapHandle, Object};

use crate::failure::{Failure, Outcome};
use crate::kernel::bpf::array_memory::ArrayMemory;
use crate::kernel::record::{bytes_of, Plain};

pub fn map_handle(object: &Object, name: &str) -> Outcome<MapHandle> {
    let map = object.maps().find(|map| map.name() == name);
    let map = map.ok_or_else(|| Failure::new("bpf", "find-map", name))?;
    MapHandle::try_from(&map).map_err(|error| Failure::from_bpf("open-map", &error).about(name))
}

pub fn map_memory<T: Copy>(object: &Object, name: &str) -> Outcome<ArrayMemory<T>> {
    let map = map_handle(object, name)?;
    let bytes = map.max_entries() as usize * map.value_size() as usize;
    ArrayMemory::map(map.as_fd(), bytes).map_err(|error| Failure::from_io("bpf", "map-memory", &error).about(name))
}

pub fn put<T: Plain>(map: &MapHandle, key: u32, value: &T) -> Outcome<()> {
    map.update(&key.to_le_bytes(), bytes_of(value), MapFlags::ANY).map_err(|error| write_failure(map, &error))
}

fn write_failure(map: &MapHandle, error: &libbpf_rs::Error) -> Failure {
    let name = map.name().to_string_lossy();
    if error.kind() != ErrorKind::TooBig {
        return Failure::from_bpf("write-map", error).about(name);
    }
    Failure::full("write-map", format!("it is full: it has room for {}", map.max_entries())).about(name)
}

pub fn remove(map: &MapHandle, key: u32) -> Outcome<()> {
    remove_key(map, &key.to_le_bytes())
}

pub fn remove_key(map: &MapHandle, key: &[u8]) -> Outcome<()> {
    match map.delete(key) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(write_failure(map, &error)),
        _ => Ok(()),
    }
}

pub fn get(map: &MapHandle, key: u32) -> Option<Vec<u8>> {
    map.lookup(&key.to_le_bytes(), MapFlags::ANY).ok().flatten()
}
