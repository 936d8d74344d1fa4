//! The capabilities of this process: which of them we use, and how fewer or more of them take effect for a moment.

use std::io;

const CAP_DAC_READ_SEARCH: u32 = 2;
pub const CAP_SETPCAP: u32 = 8;
const CAP_SYS_PTRACE: u32 = 19;
const CAP_SYS_ADMIN: u32 = 21;
const CAP_SYSLOG: u32 = 34;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;
const CAP_CHECKPOINT_RESTORE: u32 = 40;

/// A set of capabilities, one bit for each number.
pub type CapabilitySet = u64;

/// bpf and perfmon load and attach; checkpoint_restore follows /proc/PID/map_files (EPERM without it), sys_ptrace and
/// dac_read_search do so for processes of others where the caller may profile them; syslog reads kernel symbols.
pub const KEPT: CapabilitySet = 1 << CAP_DAC_READ_SEARCH
    | 1 << CAP_SYS_PTRACE
    | 1 << CAP_SYSLOG
    | 1 << CAP_PERFMON
    | 1 << CAP_BPF
    | 1 << CAP_CHECKPOINT_RESTORE;
/// Without these nothing can be sampled at all.
pub const NEEDED: CapabilitySet = 1 << CAP_PERFMON | 1 << CAP_BPF;
/// To follow a map_files link, where the kernel then checks everything else as for the caller.
pub const FOLLOW_MAPPINGS: CapabilitySet = 1 << CAP_CHECKPOINT_RESTORE;
/// Whoever has these sees without us what the kernel does, and where.
pub const SEE_KERNEL: CapabilitySet = 1 << CAP_PERFMON | 1 << CAP_SYSLOG;
/// The kernels of Debian and Ubuntu ask for it to open perf events while kernel.perf_event_paranoid is above 2, which is
/// their default.
pub const OPEN_EVENTS: CapabilitySet = 1 << CAP_SYS_ADMIN;
pub const NONE: CapabilitySet = 0;

/// What this process was given because its parent has it: file capabilities and a change of uid would have ended it.
pub fn inherited() -> CapabilitySet {
    // SAFETY: numbers are passed; the kernel answers -1 behind its last capability.
    let is_set = |capability: &u32| unsafe {
        libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_IS_SET, libc::c_ulong::from(*capability), 0, 0) == 1
    };
    (0..64).filter(is_set).fold(NONE, |set, capability| set | 1 << capability)
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capabilities {
    pub effective: CapabilitySet,
    pub permitted: CapabilitySet,
    pub inheritable: CapabilitySet,
}

/// struct __user_cap_header_struct and two of struct __user_cap_data_struct, which hold 32 capabilities each.
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}
const VERSION_3: u32 = 0x2008_0522;

impl Capabilities {
    /// Those of this process.
    pub fn read() -> io::Result<Capabilities> {
        let mut header = Header { version: VERSION_3, pid: 0 };
        let mut halves = [Half::default(); 2];
        // SAFETY: version 3 fills two halves.
        check(unsafe { libc::syscall(libc::SYS_capget, &mut header, halves.as_mut_ptr()) })?;
        let join = |of: fn(&Half) -> u32| u64::from(of(&halves[0])) | u64::from(of(&halves[1])) << 32;
        Ok(Capabilities {
            effective: join(|half| half.effective),
            permitted: join(|half| half.permitted),
            inheritable: join(|half| half.inheritable),
        })
    }

    pub fn apply(self) -> io::Result<()> {
        let mut header = Header { version: VERSION_3, pid: 0 };
        let half = |shift: u32| Half {
            effective: (self.effective >> shift) as u32,
            permitted: (self.permitted >> shift) as u32,
            inheritable: (self.inheritable >> shift) as u32,
        };
        let halves = [half(0), half(32)];
        // SAFETY: version 3 reads two halves.
        check(unsafe { libc::syscall(libc::SYS_capset, &mut header, halves.as_ptr()) })
    }
}

/// Runs `action` with fewer effective capabilities. The kernel then decides as it would for the caller, which leaves
/// no moment between a check of ours and the use. Single-threaded, so nothing else runs meanwhile.
pub fn with_effective<T>(effective: CapabilitySet, action: impl FnOnce() -> T) -> T {
    let Ok(held) = Capabilities::read() else { std::process::abort() };
    set_effective_or_abort(held, held.effective & effective);
    let result = action();
    set_effective_or_abort(held, held.effective);
    result
}

/// To go on with other rights than intended is the one thing that must not happen.
fn set_effective_or_abort(held: Capabilities, effective: CapabilitySet) {
    if (Capabilities { effective, ..held }).apply().is_err() {
        std::process::abort();
    }
}

/// Runs `action` with capabilities that were held back for it, and gives these up for good.
pub fn spend<T>(held_back: CapabilitySet, action: impl FnOnce() -> T) -> T {
    let Ok(held) = Capabilities::read() else { std::process::abort() };
    set_effective_or_abort(held, held.effective | held.permitted & held_back);
    let result = action();
    let permitted = held.permitted & !held_back;
    set_effective_or_abort(Capabilities { permitted, ..held }, held.effective & permitted);
    result
}

pub fn check(result: libc::c_long) -> io::Result<()> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
