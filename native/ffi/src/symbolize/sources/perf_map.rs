//! JIT code: /tmp/perf-PID.map, lines `START SIZE name` in hexadecimal. A process in namespaces of its own writes it to
//! its own /tmp, under the pid that it has there; that is to be had for as long as it lives.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use crate::files::trusted_file::open_trusted;
use crate::symbolize::symbols::{Frame, Symbols};

/// A map may still be growing; a runtime that writes more than this has no use for a name per address.
const MAX_BYTES: u64 = 256 << 20;

/// Without a map the addresses stay unresolved, which is not a problem: most processes have none.
pub fn resolve(pid: u32, addresses: &[u64]) -> Symbols {
    let symbols = open(pid).map(|map| resolve_from(BufReader::new(map.take(MAX_BYTES)), addresses));
    symbols.unwrap_or_else(|| Symbols::unresolved(addresses.len()))
}

fn open(pid: u32) -> Option<File> {
    let in_namespace = innermost_pid(pid).map(|inner| format!("/proc/{pid}/root/tmp/perf-{inner}.map"));
    in_namespace
        .and_then(|path| open_trusted(pid, &path))
        .or_else(|| open_trusted(pid, &format!("/tmp/perf-{pid}.map")))
}

/// What the process itself takes for its pid; `None` when it has ended.
fn innermost_pid(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let pids = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    pids.split_whitespace().next_back()?.parse().ok()
}

/// Code is rewritten in place, so the last line that covers an address is the one in force.
fn resolve_from(mut map: impl BufRead, addresses: &[u64]) -> Symbols {
    let mut names: Vec<Option<String>> = vec![None; addresses.len()];
    let mut line = Vec::new();
    while map.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
        let text = String::from_utf8_lossy(&line);
        if let Some((start, size, name)) = parse(&text) {
            let first = addresses.partition_point(|&address| address < start);
            let end = addresses.partition_point(|&address| address < start.saturating_add(size));
            names[first..end.max(first)].iter_mut().for_each(|slot| *slot = Some(name.to_string()));
        }
        line.clear();
    }
    to_symbols(&names)
}

fn parse(line: &str) -> Option<(u64, u64, &str)> {
    let (start, rest) = line.trim_end().split_once(' ')?;
    let (size, name) = rest.split_once(' ')?;
    let hex = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    Some((hex(start)?, hex(size)?, name))
}

fn to_symbols(names: &[Option<String>]) -> Symbols {
    let mut symbols = Symbols::default();
    for name in names {
        if let Some(name) = name {
            let name = symbols.strings.intern(name.as_str());
            symbols.push(Frame { name, file: 0, line: 0, column: 0, flags: 0 });
        }
        symbols.finish_address();
    }
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_covers_an_address_names_it() {
        let map = "1000 20 first\n1000 10 second one\nnonsense\n";
        let symbols = resolve_from(map.as_bytes(), &[0xfff, 0x1000, 0x1010, 0x1020]);
        let strings = symbols.strings.in_order();
        let names: Vec<Option<&str>> =
            (0..4).map(|index| symbols.frames_of(index).first().map(|frame| strings[frame.name as usize])).collect();
        assert_eq!(names, [None, Some("second one"), Some("first"), None]);
    }
}
