//! `frame_pointer_walk OBJECT COMMAND…`: runs the command while test/bench/frame-pointer-walk.bpf.c is attached, and
//! prints what the kernel's walks have taken (ns) and found (frames).
use std::error::Error;
use std::process::{Command, Stdio};

use libbpf_rs::{MapCore, MapFlags, ObjectBuilder};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(program)) = (args.next(), args.next()) else {
        return Err("frame_pointer_walk OBJECT COMMAND…".into());
    };
    let object = ObjectBuilder::default().open_file(path)?.load()?;
    let links: Result<Vec<_>, _> = object.progs_mut().map(|program| program.attach()).collect();
    let _attached = links?;
    let status = Command::new(program).args(args).stdout(Stdio::null()).status()?;
    if !status.success() {
        return Err(status.to_string().into());
    }
    let walks = object.maps().find(|map| map.name() == "walks").ok_or("no map")?;
    let per_cpu = walks.lookup_percpu(&0u32.to_le_bytes(), MapFlags::ANY)?.unwrap_or_default();
    let total = |offset: usize| per_cpu.iter().map(|walk| word(&walk[offset..])).sum::<u64>();
    println!("{} {}", total(0), total(8));
    Ok(())
}

fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|index| bytes[index]))
}
