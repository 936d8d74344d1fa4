//! The BPF programs: opened with what the client chose, and attached.

use std::os::fd::IntoRawFd;

use libbpf_rs::{Link, Object, ObjectBuilder, OpenObject, ProgramMut};

use crate::failure::{Failure, Outcome};
use crate::kernel::perf::perf_events::EventRing;
use crate::kernel::record::{bytes_of, Config};
use crate::kernel::settings::Settings;
use crate::rights::access::{Access, Restriction};

#[repr(align(8))]
struct Aligned<T: ?Sized>(T);
static PROGRAM: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/bee.bpf.o")));

/// Wake the sampler early when the ring is this full; otherwise it looks ten times a second.
const WAKEUP_FRACTION: u32 = 4;
/// Per CPU: 30 to 50 ms of work a second. A program that loads hundreds of plugins a second needs one for most of its
/// samples; with 200, a third of such stacks were incomplete where the sampler did not get a CPU at once.
const SNAPSHOTS_PER_SECOND: u32 = 1000;
/// Of the array `rules`: ten times the distinct rules of a whole system.
const RULES_BYTES: u64 = 1 << 20;
const CHUNK_BYTES: u64 = 16 << 10;

enum Attachment {
    RawTracepoint(&'static str),
    SamplingEvents,
}

struct Program {
    name: &'static str,
    attachment: Attachment,
    /// Programs that a capture does not need are not loaded: the verifier would read them, which takes time at each start.
    is_needed: fn(&Settings) -> bool,
}

fn always(_: &Settings) -> bool {
    true
}

const fn of_tracepoint(name: &'static str, tracepoint: &'static str) -> Program {
    Program { name, attachment: Attachment::RawTracepoint(tracepoint), is_needed: always }
}

/// All that bee.bpf.c has.
const PROGRAMS: [Program; 5] = [
    of_tracepoint("on_fork", "sched_process_fork"),
    of_tracepoint("on_exec", "sched_process_exec"),
    of_tracepoint("on_exit", "sched_process_exit"),
    of_tracepoint("on_free", "sched_process_free"),
    Program { name: "on_sample", attachment: Attachment::SamplingEvents, is_needed: always },
];

pub fn config_of(settings: &Settings, access: &Access, times_itself: bool) -> Config {
    let restriction = access.restriction();
    let Restriction { uid, gid, user_namespace } = restriction.unwrap_or_default();
    Config {
        frame_pointers_only: settings.frame_pointers_only.into(),
        max_depth: settings.max_depth,
        snapshots_per_second: if settings.frame_pointers_only { 0 } else { SNAPSHOTS_PER_SECOND },
        wakeup_bytes: settings.ring_bytes / WAKEUP_FRACTION,
        is_restricted: restriction.is_some().into(),
        uid,
        gid,
        user_namespace,
        has_kernel_frames: access.has_kernel_frames.into(),
        times_itself: times_itself.into(),
        checks_unwinding: settings.checks_unwinding.into(),
    }
}

pub fn open_object(settings: &Settings, config: &Config) -> Outcome<OpenObject> {
    let opened = ObjectBuilder::default().name("bee").and_then(|builder| builder.open_memory(&PROGRAM.0));
    let mut object = opened.map_err(|error| Failure::from_bpf("open-bpf-programs", &error))?;
    for mut map in object.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        let changed = match name.as_str() {
            "records" => map.set_max_entries(settings.ring_bytes),
            "directory" => map.set_max_entries(directory_bytes(settings.table_bytes) as u32 / 8),
            "rows" => map.set_max_entries((row_bytes(settings.table_bytes) / CHUNK_BYTES) as u32),
            name if name.ends_with(".rodata.cfg") => map.set_initial_value(bytes_of(config)),
            _ => Ok(()),
        };
        changed.map_err(|error| Failure::from_bpf("set-up-map", &error).about(&name))?;
    }
    for mut program in object.progs_mut() {
        let known = PROGRAMS.iter().find(|known| program.name() == known.name);
        program.set_autoload(known.is_some_and(|known| (known.is_needed)(settings)));
    }
    Ok(object)
}

/// An eighth: it takes that much where text has as few as 14 rows a page; usual are 65.
fn directory_bytes(table_bytes: u64) -> u64 {
    table_bytes / 8
}

fn row_bytes(table_bytes: u64) -> u64 {
    table_bytes - directory_bytes(table_bytes) - RULES_BYTES
}

/// Those that were loaded, each where the table says.
pub fn attach_programs(object: &Object, events: &[EventRing]) -> Outcome<Vec<Link>> {
    let mut links = Vec::new();
    for program in object.progs_mut().filter(|program| program.autoload()) {
        let name = program.name().to_string_lossy().into_owned();
        let known = PROGRAMS.iter().find(|known| known.name == name);
        let known = known.ok_or_else(|| Failure::new("bpf", "find-bpf-program", &name))?;
        match known.attachment {
            Attachment::RawTracepoint(tracepoint) => links.push(attach_tracepoint(&program, tracepoint)?),
            Attachment::SamplingEvents => links.extend(attach_events(&program, events)?),
        }
    }
    Ok(links)
}

fn attach_tracepoint(program: &ProgramMut, tracepoint: &str) -> Outcome<Link> {
    let link = program.attach_raw_tracepoint(tracepoint);
    link.map_err(|error| Failure::from_bpf("attach-tracepoint", &error).about(tracepoint))
}

fn attach_events(program: &ProgramMut, events: &[EventRing]) -> Outcome<Vec<Link>> {
    let attach = |event: &EventRing| program.attach_perf_event(event.duplicate()?.into_raw_fd());
    let links: Result<Vec<_>, _> = events.iter().map(attach).collect();
    links.map_err(|error| Failure::from_bpf("attach-perf-event", &error))
}
