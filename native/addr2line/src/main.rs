//! `bee-addr2line FILE < addresses`: whole chains with demangled names and lines through the addr2line crate, and what
//! this process spent on them, as JSON. What libbee answers in the same benchmark.

use std::borrow::Cow;
use std::error::Error;
use std::hint::black_box;
use std::io::read_to_string;

use addr2line::Loader;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("Which file?")?;
    let addresses = parse(&read_to_string(std::io::stdin())?)?;
    let (cpu_before, memory_before) = (cpu_ns(), anonymous_bytes()?);
    let loader = Loader::new(path)?;
    let mut frames = 0;
    for address in addresses {
        frames += resolve(&loader, address)?;
    }
    let cpu_ns = cpu_ns() - cpu_before;
    // Nothing was given back so far: the loader keeps what it read.
    let private_bytes = anonymous_bytes()? - memory_before;
    println!("{{\"cpuNs\":{cpu_ns},\"privateBytes\":{private_bytes},\"frames\":{frames}}}");
    Ok(())
}

fn parse(text: &str) -> Result<Vec<u64>, std::num::ParseIntError> {
    text.lines().map(|line| u64::from_str_radix(line.trim_start_matches("0x"), 16)).collect()
}

/// How many frames the address has, after all of each was asked for.
fn resolve(loader: &Loader, address: u64) -> Result<usize, Box<dyn Error>> {
    let (mut frames, mut count) = (loader.find_frames(address)?, 0);
    while let Some(frame) = frames.next()? {
        let name = frame.function.as_ref().and_then(|function| function.demangle().ok().map(Cow::into_owned));
        black_box((name, frame.location));
        count += 1;
    }
    Ok(count)
}

fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` outlives the call, and every process has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn anonymous_bytes() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("No RssAnon here.")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
