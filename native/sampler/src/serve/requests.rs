//! The client's requests, decoded. Whatever makes no sense is an error and not a guess.

use bee_wire::protocol::{StartRequest, TargetRequest, PROTOCOL_VERSION, UNWINDERS};
use bee_wire::{read_versioned, Malformed, Record, Unreadable};

use crate::failure::{Failure, Outcome};
use crate::kernel::perf::perf_events::SamplingEvent;
use crate::kernel::record::MAX_USER_FRAMES;
use crate::kernel::settings::Settings;
use crate::kernel::target::Target;

/// The kernel's memory for it is charged to us, and a caller of ours is not to use it up.
const MAX_RING_BYTES: u32 = 256 << 20;
/// The array of rules alone takes one. The most is 250 million rows: 200 times the largest known file.
const MIN_TABLE_MIB: u32 = 2;
const MAX_TABLE_MIB: u32 = 1024;

/// Reads a START payload.
pub fn parse_start(payload: &[u8]) -> Outcome<Settings> {
    let StartRequest { limits, unwinder, checks_unwinding, events } = read_versioned(payload).map_err(unreadable)?;
    let ring_bytes = limits.ring_bytes;
    if !ring_bytes.is_power_of_two() || !(4096..=MAX_RING_BYTES).contains(&ring_bytes) {
        return Err(refused(format!("a ring of {ring_bytes} bytes, no power of two from 4096 to {MAX_RING_BYTES}")));
    }
    let [event] = events.as_slice() else {
        return Err(refused(format!("{} events, where one can be sampled", events.len())));
    };
    Ok(Settings {
        frequency_hz: within(event.frequency_hz, 1, u32::MAX, "samples a second")?,
        frame_pointers_only: frame_pointers_only(&unwinder)?,
        ring_bytes,
        event: event_of(&event.name)?,
        max_depth: within(limits.max_depth, 1, MAX_USER_FRAMES as u32, "frames")?,
        table_bytes: u64::from(within(limits.table_mib, MIN_TABLE_MIB, MAX_TABLE_MIB, "MiB for tables")?) << 20,
        checks_unwinding,
    })
}

fn frame_pointers_only(unwinder: &str) -> Outcome<bool> {
    let place = UNWINDERS.iter().position(|known| *known == unwinder);
    place.map(|place| place == 1).ok_or_else(|| refused(format!("the unwinder {unwinder}, not one of {UNWINDERS:?}")))
}

fn event_of(name: &str) -> Outcome<SamplingEvent> {
    match name {
        "cpu-clock" => Ok(SamplingEvent::CpuClock),
        "cycles" => Ok(SamplingEvent::Cycles),
        other => Err(refused(format!("the event {other}, which is unknown"))),
    }
}

fn within(value: u32, least: u32, most: u32, what: &str) -> Outcome<u32> {
    match (least..=most).contains(&value) {
        true => Ok(value),
        false => Err(refused(format!("{value} {what}, not {least} to {most}"))),
    }
}

fn refused(detail: String) -> Failure {
    Failure::new("protocol", "read-request", detail)
}

fn unreadable(error: Unreadable) -> Failure {
    match error {
        Unreadable::OtherVersion(version) => {
            refused(format!("protocol {version}, where this sampler speaks {PROTOCOL_VERSION}"))
        }
        Unreadable::Malformed(error) => malformed(error),
    }
}

pub fn malformed(error: Malformed) -> Failure {
    refused(error.to_string())
}

pub struct AddRequest {
    pub id: u32,
    /// None: nothing that can be sampled.
    pub target: Option<Target>,
    pub paths: Vec<String>,
}

/// Reads a TARGET payload.
pub fn parse_target(payload: &[u8]) -> Outcome<AddRequest> {
    let request = TargetRequest::read(payload).map_err(malformed)?;
    Ok(AddRequest { id: request.request, target: process_of(&request), paths: request.paths })
}

/// None: it is no process that is to be added.
fn process_of(request: &TargetRequest) -> Option<Target> {
    let TargetRequest { request: id, removes, process, thread, cgroup, cpu, all, .. } = request;
    if *removes || thread.is_some() || cgroup.is_some() || cpu.is_some() || *all == Some(true) {
        return None;
    }
    Some(Target {
        pid: (*process)?,
        root: request.ancestor.unwrap_or(*id),
        is_held: request.is_held == Some(true),
        is_alone: request.is_alone == Some(true),
        is_awaited: request.ancestor.is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bee_wire::protocol::{EventRequest, Limits};
    use bee_wire::versioned;

    fn usual() -> StartRequest {
        StartRequest {
            limits: Limits { ring_bytes: 4096, max_depth: 1024, table_mib: 40 },
            unwinder: "dwarf".into(),
            checks_unwinding: false,
            events: vec![EventRequest { name: "cpu-clock".into(), frequency_hz: 997 }],
        }
    }

    fn is_refused(change: impl FnOnce(&mut StartRequest)) -> bool {
        let mut request = usual();
        change(&mut request);
        parse_start(&versioned(&request)).is_err()
    }

    #[test]
    fn a_capture_starts_within_its_limits_only() {
        assert_eq!(parse_start(&versioned(&usual())).unwrap().frequency_hz, 997);
        for ring_bytes in [0, 2048, 5000, 512 << 20, 1 << 31] {
            assert!(is_refused(|request| request.limits.ring_bytes = ring_bytes));
        }
        for (max_depth, table_mib) in [(0, 40), (1025, 40), (1024, 1), (1024, 1025)] {
            assert!(is_refused(|request| request.limits = Limits { ring_bytes: 4096, max_depth, table_mib }));
        }
        assert!(is_refused(|request| request.unwinder = "guess".into()));
        assert!(is_refused(|request| request.events[0].name = "instructions".into()));
        assert!(is_refused(|request| request.events[0].frequency_hz = 0));
        assert!(is_refused(|request| request.events.clear()));
        assert!(is_refused(|request| request.events.push(EventRequest::default())));
    }

    #[test]
    fn another_protocol_is_named() {
        let mut payload = versioned(&usual());
        payload[0] += 1;
        let failure = parse_start(&payload).map(|_| ()).unwrap_err();
        assert!(failure.to_string().contains(&format!("protocol {}", PROTOCOL_VERSION + 1)), "{failure}");
    }

    fn target_of(request: TargetRequest) -> Option<Target> {
        parse_target(&request.to_bytes()).unwrap().target
    }

    #[test]
    fn a_child_carries_the_root_of_its_ancestor() {
        let request = TargetRequest { request: 7, process: Some(42), ..TargetRequest::default() };
        assert_eq!(target_of(request.clone()).unwrap().root, 7);
        let child = target_of(TargetRequest { ancestor: Some(3), ..request }).unwrap();
        assert!(child.root == 3 && !child.is_awaited);
    }

    #[test]
    fn only_processes_can_be_added() {
        let process = || TargetRequest { process: Some(42), ..TargetRequest::default() };
        assert!(target_of(process()).is_some());
        assert!(target_of(TargetRequest { removes: true, ..process() }).is_none());
        assert!(target_of(TargetRequest { thread: Some(1), ..process() }).is_none());
        assert!(target_of(TargetRequest { cgroup: Some("/a".into()), ..process() }).is_none());
        assert!(target_of(TargetRequest { cpu: Some(0), ..process() }).is_none());
        assert!(target_of(TargetRequest { all: Some(true), ..process() }).is_none());
        assert!(target_of(TargetRequest::default()).is_none());
    }
}
