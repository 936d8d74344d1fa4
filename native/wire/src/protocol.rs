// Written by the build from native/wire/protocol.json.

//! Kinds of messages, and what their fields are.

use crate::record::{record, Bytes};

pub const PROTOCOL_VERSION: u32 = 7;

/// By what stacks are unwound.
pub const UNWINDERS: [&str; 2] = ["dwarf", "fp"];
/// What is sampled.
pub const EVENTS: [&str; 2] = ["cpu-clock", "cycles"];

/// Loads and attaches the BPF programs.
pub const MESSAGE_START: u16 = 1;
/// Adds what is sampled, or removes it; ADDED answers. Only a process can be added; the rest is answered with
/// EOPNOTSUPP. Who may profile what is asked for each.
pub const MESSAGE_TARGET: u16 = 2;
/// Ends sampling and asks for what is left.
pub const MESSAGE_STOP: u16 = 3;
/// Asks for everything up to now, and for a TICKED behind it.
pub const MESSAGE_TICK: u16 = 4;
/// Comes first. Another version is the client's error to report.
pub const MESSAGE_HELLO: u16 = 101;
/// The BPF programs are attached.
pub const MESSAGE_STARTED: u16 = 102;
/// Answers TARGET.
pub const MESSAGE_ADDED: u16 = 103;
/// A mapped file, before the first stack that names it. A file that is written again is another object.
pub const MESSAGE_OBJECT: u16 = 104;
/// `struct bee_stack` records of bpf/record.h with their frames, back to back.
pub const MESSAGE_STACKS: u16 = 105;
/// `{u64 key[2], u64 more}` each: repetitions of the record with that key.
pub const MESSAGE_COUNTS: u16 = 106;
/// Of each process of a TARGET without an ancestor.
pub const MESSAGE_PROCESS: u16 = 107;
/// What was counted and what it cost so far; times in ns, memory in bytes. Once a second, for a client that
/// loses its sampler, with TICKED and with DONE.
pub const MESSAGE_TOTALS: u16 = 108;
/// Something was left out, and the run goes on.
pub const MESSAGE_PROBLEM: u16 = 109;
/// Everything has come.
pub const MESSAGE_DONE: u16 = 110;
/// The end, and why.
pub const MESSAGE_FAILED: u16 = 111;
/// A process writes the names of its JIT code there.
pub const MESSAGE_JIT_DUMP: u16 = 112;
/// Everything that was counted before the TICK of this number has come.
pub const MESSAGE_TICKED: u16 = 113;
/// Latencies that were counted in the kernel; none is sent yet. Optional.
pub const MESSAGE_HISTOGRAM: u16 = 32769;

record! {
    /// How much a capture may take.
    Limits {
        /// A power of two, 4096 or more.
        1 "ringBytes" ring_bytes: u32,
        /// User frames of a stack, 1 to 1024.
        2 "maxDepth" max_depth: u32,
        /// Memory for unwind tables, 2 to 1024.
        3 "tableMiB" table_mib: u32,
    }
}

record! {
    /// An event to sample. A stack's `event` is its place in START's list.
    EventRequest {
        /// One of the events that are sampled.
        1 "name" name: String,
        /// Samples a second and CPU.
        2 "frequencyHz" frequency_hz: u32,
    }
}

record! {
    /// What stat said of a mapped file when it was loaded.
    FileState {
        1 "device" device: u64,
        2 "inode" inode: u64,
        3 "size" size: u64,
        4 "modifiedNs" modified_ns: i64,
        5 "changedNs" changed_ns: i64,
    }
}

record! {
    /// How a process began; reserved, none is sent.
    ProcessStart {
        1 "parent" parent: u32,
        2 "command" command: String,
    }
}

record! {
    /// How a process ended.
    ProcessEnd {
        /// As wait4 encodes it; absent: unknown.
        1 "waitStatus" wait_status: Option<u32>,
    }
}

record! {
    /// How far a walk over a stack came.
    Walk {
        1 "frames" frames: u64,
        /// An outcome's name.
        2 "end" end: String,
    }
}

record! {
    /// What is told of a failure or a problem: its code, and the fields that this code has. The client makes
    /// the sentences.
    Facts {
        1 "code" code: String,
        /// Of a failure: a name that the client has words for.
        2 "step" step: Option<String>,
        /// Of a step: the map or the path that it was about.
        3 "subject" subject: Option<String>,
        /// 0: the system gave none.
        4 "errno" errno: Option<u64>,
        /// What the error number does not say.
        5 "detail" detail: Option<String>,
        /// Of an exceeded bound: what this capture asks for.
        6 "need" need: Option<u64>,
        /// What all captures of the user would take together.
        7 "taken" taken: Option<u64>,
        /// The bound.
        8 "most" most: Option<u64>,
        /// How many others of the code were not told.
        9 "more" more: Option<u64>,
        10 "pid" pid: Option<u64>,
        11 "tid" tid: Option<u64>,
        12 "command" command: Option<String>,
        13 "path" path: Option<String>,
        14 "why" why: Option<String>,
        15 "records" records: Option<u64>,
        /// Frames that two walks have in common.
        16 "same" same: Option<u64>,
        /// A frame's place, the leaf's is 0.
        17 "frame" frame: Option<u64>,
        /// Frames, as texts.
        18 "rows" rows: Vec<String>,
        19 "inKernel" in_kernel: Option<Walk>,
        20 "inSampler" in_sampler: Option<Walk>,
    }
}

record! {
    /// Samples that fired and were not delivered.
    Loss {
        /// A loss's name.
        1 "cause" cause: String,
        2 "samples" samples: u64,
    }
}

record! {
    /// Stacks that were unwound a second time and compared. Two walks by the same rules can be wrong
    /// together, so the frames themselves are checked, too.
    UnwindingCheck {
        1 "checked" checked: u64,
        /// Part of checked: the copied slice of stack ended first, and the frames agree up to there.
        2 "prefixOnly" prefix_only: u64,
        3 "differing" differing: u64,
        /// No room in the ring, or too late.
        4 "unchecked" unchecked: u64,
        /// Frames whose return address does not follow a call instruction.
        5 "impossibleCallers" impossible_callers: u64,
        /// Stacks that count as complete although their outermost frame can return, which no start of a
        /// thread does.
        6 "falseRoots" false_roots: u64,
    }
}

record! {
    /// Comes first. Another version is the client's error to report.
    Hello {
        1 "pid" pid: u32,
        /// The sampler's.
        2 "version" version: String,
    }
}

record! {
    /// Loads and attaches the BPF programs.
    StartRequest {
        1 "limits" limits: Limits,
        /// One of the unwinders.
        2 "unwinder" unwinder: String,
        /// Every stack is unwound a second time in the sampler and compared.
        3 "checksUnwinding" checks_unwinding: bool,
        4 "events" events: Vec<EventRequest>,
    }
}

record! {
    /// Adds what is sampled, or removes it; ADDED answers. Only a process can be added; the rest is answered
    /// with EOPNOTSUPP. Who may profile what is asked for each.
    TargetRequest {
        /// A new number each time: stacks of what it adds carry it as their `root`.
        1 "request" request: u32,
        2 "removes" removes: bool,
        /// With its future children.
        3 "process" process: Option<u32>,
        4 "thread" thread: Option<u32>,
        5 "cgroup" cgroup: Option<String>,
        6 "cpu" cpu: Option<u32>,
        7 "all" all: Option<bool>,
        /// It waits at the gate; observation begins with its exec.
        8 "isHeld" is_held: Option<bool>,
        /// Without its children.
        9 "isAlone" is_alone: Option<bool>,
        /// It descends from what that request added, and has its root; nothing changes if it is observed
        /// already.
        10 "ancestor" ancestor: Option<u32>,
        /// Files that it will map, loaded before ADDED is sent.
        11 "paths" paths: Vec<String>,
    }
}

record! {
    /// Ends sampling and asks for what is left.
    Stop {
    }
}

record! {
    /// Asks for everything up to now, and for a TICKED behind it.
    Tick {
        1 "number" number: u32,
    }
}

record! {
    /// The BPF programs are attached.
    Started {
        1 "loadNs" load_ns: u64,
    }
}

record! {
    /// Answers TARGET.
    Added {
        1 "request" request: u32,
        /// 0: observed. EPERM: the caller may not. ESRCH: no such process.
        2 "errno" errno: u32,
        /// Empty where errno says it all.
        3 "detail" detail: String,
    }
}

record! {
    /// A mapped file, before the first stack that names it. A file that is written again is another object.
    Object {
        /// KERNEL_OBJECT: /proc/kallsyms. One that was used before means this file from here on.
        1 "number" number: u32,
        /// As the target sees it.
        2 "path" path: Bytes,
        3 "buildId" build_id: Bytes,
        4 "state" state: Option<FileState>,
        /// A descriptor of the file, or of a copy, travels with the message.
        5 "hasDescriptor" has_descriptor: bool,
        6 "isVdso" is_vdso: bool,
        /// The descriptor is a sealed copy in memory: what the file becomes does not matter.
        7 "isCopy" is_copy: bool,
        /// What was mapped has been written over: there is nothing to read names from.
        8 "isReplaced" is_replaced: bool,
    }
}

record! {
    /// What was counted and what it cost so far; times in ns, memory in bytes. Once a second, for a client
    /// that loses its sampler, with TICKED and with DONE.
    Totals {
        1 "fired" fired: u64,
        2 "lost" lost: Vec<Loss>,
        /// Samples that were unwound in the sampler because their tables were not ready.
        3 "snapshots" snapshots: u64,
        4 "snapshotsOverBudget" snapshots_over_budget: u64,
        /// CPU time of the observed tasks since observation began.
        5 "targetCpuNs" target_cpu_ns: u64,
        /// CPU time of the sampler since it observed the first process.
        6 "samplerCpuNs" sampler_cpu_ns: u64,
        /// CPU time of the sampler before.
        7 "samplerLoadCpuNs" sampler_load_cpu_ns: u64,
        8 "bpfRunNs" bpf_run_ns: u64,
        /// bpfRunNs is the kernel's own count, not an estimate from samples.
        9 "isKernelsCost" is_kernels_cost: bool,
        10 "samplerPeakRssBytes" sampler_peak_rss_bytes: u64,
        11 "tableBytes" table_bytes: u64,
        12 "tablesEvicted" tables_evicted: u64,
        13 "tablesRefused" tables_refused: u64,
        14 "tablesNs" tables_ns: u64,
        15 "attachToFirstSampleNs" attach_to_first_sample_ns: u64,
        /// Observed processes that have not ended.
        16 "stillRunning" still_running: u64,
        /// The first of them.
        17 "stillRunningPids" still_running_pids: Vec<u32>,
        /// How often the kernel paused an event that took too long.
        18 "throttled" throttled: u64,
        /// Ticks that were due while an observed task held its CPU but did not come.
        19 "skippedTicks" skipped_ticks: u64,
        /// CPU time that the host of a virtual machine took meanwhile, over all CPUs.
        20 "stolenNs" stolen_ns: u64,
        /// Threads and processes whose starter could not be stored: their samples have none.
        21 "startersFull" starters_full: u64,
        /// Forked processes that found no room in the kernel: neither they nor their descendants were
        /// observed.
        22 "processesFull" processes_full: u64,
        /// Forked processes that began without their parent's mappings.
        23 "spacesFull" spaces_full: u64,
        /// Processes whose exit code found no room.
        24 "endsFull" ends_full: u64,
        /// How often the CPU time of a task found no room; then targetCpuNs is not exact.
        25 "runtimeBasesFull" runtime_bases_full: u64,
        /// How many processes can be observed at the same time.
        26 "maxProcesses" max_processes: u64,
        /// Processes that were left out after an exec changed their user or rights (setuid, file
        /// capabilities).
        27 "foreignExecs" foreign_execs: u64,
        /// Hits in observed processes that the caller may not profile; not part of fired.
        28 "foreignSamples" foreign_samples: u64,
        /// Only if requested.
        29 "unwindingCheck" unwinding_check: Option<UnwindingCheck>,
    }
}

record! {
    /// Of each process of a TARGET without an ancestor.
    ProcessNews {
        1 "pid" pid: u32,
        /// CLOCK_MONOTONIC.
        2 "timeNs" time_ns: u64,
        3 "end" end: Option<ProcessEnd>,
        4 "start" start: Option<ProcessStart>,
    }
}

record! {
    /// Everything has come.
    Done {
    }
}

record! {
    /// A process writes the names of its JIT code there.
    JitDump {
        1 "pid" pid: u32,
        2 "inode" inode: u64,
        3 "path" path: Bytes,
        /// A descriptor of the file travels with the message.
        4 "hasDescriptor" has_descriptor: bool,
    }
}

record! {
    /// Everything that was counted before the TICK of this number has come.
    Ticked {
        1 "number" number: u32,
    }
}

record! {
    /// Latencies that were counted in the kernel; none is sent yet. Optional.
    Histogram {
        /// The place of its event in START's list.
        1 "event" event: u32,
        /// Of what the latencies are; empty: of everything.
        2 "key" key: String,
        /// `nanoseconds`.
        3 "unit" unit: String,
        4 "sum" sum: u64,
        /// The value 0, and for each n from 0 on the values from 2^n to below 2^(n+1).
        5 "counts" counts: Vec<u64>,
    }
}
