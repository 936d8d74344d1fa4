//! The client's requests, decoded. Whatever is too short or makes no sense is an error and not a guess.

use crate::failure::{Failure, Outcome};
use crate::kernel::perf::perf_events::SamplingEvent;
use crate::kernel::record::MAX_USER_FRAMES;
use crate::kernel::settings::Settings;
use crate::kernel::target::Target;
use crate::serve::protocol::{ADD_IS_ALONE, ADD_IS_CHILD, ADD_IS_HELD, PROTOCOL_VERSION, START_CHECKS_UNWINDING};

/// The kernel's memory for it is charged to us, and a caller of ours is not to use it up.
const MAX_RING_BYTES: u32 = 256 << 20;
/// The array of rules alone takes one. The most is 250 million rows: 200 times the largest known file.
const MIN_TABLE_MIB: u32 = 2;
const MAX_TABLE_MIB: u32 = 1024;

/// Reads a START payload.
pub fn parse_start(payload: &[u8]) -> Outcome<Settings> {
    let missing = || Failure::new("protocol", "read-request", "START is too short");
    let word = |index| word_at(payload, index).ok_or_else(missing);
    let version = word(0)?;
    if version != PROTOCOL_VERSION {
        let detail = format!("protocol {version}, where this sampler speaks {PROTOCOL_VERSION}");
        return Err(Failure::new("protocol", "read-request", detail));
    }
    let ring_bytes = word(3)?;
    if !ring_bytes.is_power_of_two() || !(4096..=MAX_RING_BYTES).contains(&ring_bytes) {
        let detail = format!("a ring of {ring_bytes} bytes, no power of two from 4096 to {MAX_RING_BYTES}");
        return Err(Failure::new("protocol", "read-request", detail));
    }
    Ok(Settings {
        frequency_hz: within(word(1)?, 1, u32::MAX, "samples a second")?,
        frame_pointers_only: within(word(2)?, 0, 1, "as the unwinder")? == 1,
        ring_bytes,
        event: [SamplingEvent::CpuClock, SamplingEvent::Cycles][within(word(4)?, 0, 1, "as the event")? as usize],
        max_depth: within(word(5)?, 1, MAX_USER_FRAMES as u32, "frames")?,
        table_bytes: u64::from(within(word(7)?, MIN_TABLE_MIB, MAX_TABLE_MIB, "MiB for tables")?) << 20,
        checks_unwinding: word(6)? & START_CHECKS_UNWINDING != 0,
    })
}

fn within(value: u32, least: u32, most: u32, what: &str) -> Outcome<u32> {
    match (least..=most).contains(&value) {
        true => Ok(value),
        false => Err(Failure::new("protocol", "read-request", format!("{value} {what}, not {least} to {most}"))),
    }
}

pub struct AddRequest<'a> {
    pub id: u32,
    pub target: Target,
    /// NUL-terminated.
    paths: &'a [u8],
}

impl AddRequest<'_> {
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.paths.split(|&byte| byte == 0).filter(|path| !path.is_empty())
    }
}

/// Reads an ADD payload.
pub fn parse_add(payload: &[u8]) -> Outcome<AddRequest<'_>> {
    const HEAD_BYTES: usize = 20;
    let missing = || Failure::new("protocol", "read-request", "ADD is too short");
    let word = |index| word_at(payload, index).ok_or_else(missing);
    let paths = payload.get(HEAD_BYTES..).ok_or_else(missing)?;
    let (id, flags, ancestor) = (word(0)?, word(2)?, word(3)?);
    let is_child = flags & ADD_IS_CHILD != 0;
    let target = Target {
        pid: word(1)?,
        root: if is_child { ancestor } else { id },
        is_held: flags & ADD_IS_HELD != 0,
        is_alone: flags & ADD_IS_ALONE != 0,
        is_awaited: !is_child,
    };
    Ok(AddRequest { id, target, paths })
}

fn word_at(payload: &[u8], index: usize) -> Option<u32> {
    let bytes = payload.get(index * 4..index * 4 + 4)?;
    bytes.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn a_short_request_is_refused_at_every_length() {
        let start = words(&[PROTOCOL_VERSION, 997, 0, 4096, 0, 1024, 0, 40]);
        assert_eq!(parse_start(&start).unwrap().frequency_hz, 997);
        assert!((0..32).all(|length| parse_start(&start[..length]).is_err()));
        let add = words(&[1, 42, ADD_IS_HELD, 0, 0]);
        assert!(parse_add(&add).unwrap().target.is_held);
        assert!((0..20).all(|length| parse_add(&add[..length]).is_err()));
    }

    #[test]
    fn another_protocol_and_a_ring_that_cannot_be_are_refused() {
        assert!(parse_start(&words(&[PROTOCOL_VERSION + 1, 997, 0, 4096, 0, 1024, 0, 40])).is_err());
        for ring_bytes in [0, 2048, 5000, 512 << 20, 1 << 31] {
            assert!(parse_start(&words(&[PROTOCOL_VERSION, 997, 0, ring_bytes, 0, 1024, 0, 40])).is_err());
        }
        for (max_depth, table_mib) in [(0, 40), (1025, 40), (1024, 1), (1024, 1025)] {
            assert!(parse_start(&words(&[PROTOCOL_VERSION, 997, 0, 4096, 0, max_depth, 0, table_mib])).is_err());
        }
    }

    #[test]
    fn a_child_carries_the_root_of_its_ancestor() {
        assert_eq!(parse_add(&words(&[7, 42, ADD_IS_CHILD, 3, 0])).unwrap().target.root, 3);
        assert_eq!(parse_add(&words(&[7, 42, ADD_IS_ALONE, 3, 0])).unwrap().target.root, 7);
    }

    #[test]
    fn paths_end_at_their_nul() {
        let mut payload = words(&[1, 42, 0, 0, 2]);
        payload.extend_from_slice(b"/bin/a\0/lib/b c\0");
        let request = parse_add(&payload).unwrap();
        assert_eq!(request.paths().collect::<Vec<_>>(), [b"/bin/a".as_slice(), b"/lib/b c"]);
    }
}
