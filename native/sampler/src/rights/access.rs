//! Who may profile what. Root everything; anybody else the processes that they could read the memory map of by
//! themselves: same uid and gid throughout (real, effective, saved), dumpable, without capabilities, in the caller's
//! own user namespace. The kernel is asked with the caller's rights and not with ours, so that there is one rule, its
//! own, and no moment between check and use. The same rule holds for each sample, in bpf/access.bpf.h.

use std::fs::File;
use std::io;

use crate::rights::bounds::Bounds;
use crate::rights::caller::Caller;
use crate::rights::capabilities::{
    with_effective, CapabilitySet, FOLLOW_MAPPINGS, KEPT, NEEDED, NONE, OPEN_EVENTS, SEE_KERNEL,
};
use crate::rights::pidfd::{has_ended, open_pid};
use crate::rights::policy::Policy;

pub struct Access {
    caller: Caller,
    /// What the caller may do without us.
    own_capabilities: CapabilitySet,
    /// None: every process.
    restriction: Option<Restriction>,
    /// Whether the caller may see what the kernel does.
    pub has_kernel_frames: bool,
    /// None: as much as the machine gives.
    pub bounds: Option<Bounds>,
}

/// Whose processes: what bpf/access.bpf.h compares.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct Restriction {
    pub uid: u32,
    pub gid: u32,
    /// Inode number of the user namespace.
    pub user_namespace: u32,
}

impl Access {
    /// `inherited`: the capabilities that the caller has and passes on to what it starts, ourselves included.
    pub fn of(caller: Caller, inherited: CapabilitySet, policy: &Policy) -> io::Result<Access> {
        let has_all = caller.is_root() || policy.all_processes;
        let restriction = if has_all { None } else { Some(Restriction::of(&caller)?) };
        let could_alone = inherited & SEE_KERNEL == SEE_KERNEL || shows_kernel_to_everybody();
        let has_kernel_frames = caller.is_root() || policy.kernel_frames || could_alone;
        let bounds = policy.bounds.filter(|_| !caller.is_root() && !can_sample_alone(inherited));
        Ok(Access { caller, own_capabilities: inherited & KEPT, restriction, has_kernel_frames, bounds })
    }

    pub fn restriction(&self) -> Option<Restriction> {
        self.restriction
    }

    /// A pidfd of the process, if the caller may profile it; EPERM if not. The check is of the process that the
    /// descriptor means: a pid that was used again in between is one whose first owner has ended.
    pub fn authorize(&self, pid: u32) -> io::Result<File> {
        let process = open_pid(pid)?;
        let is_permitted = self.may_inspect(pid);
        if has_ended(&process) {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        match is_permitted {
            true => Ok(process),
            false => Err(io::Error::from_raw_os_error(libc::EPERM)),
        }
    }

    /// One link tells two things: the kernel lets only those read it who may inspect the process, and it names the
    /// namespace. The ids are compared apart, since a caller with cap_sys_ptrace may inspect more than its own.
    pub fn may_inspect(&self, pid: u32) -> bool {
        let Some(restriction) = self.restriction else { return true };
        let namespace = self.as_caller(|| user_namespace(&pid.to_string()));
        let is_inspectable = namespace.is_ok_and(|namespace| namespace == restriction.user_namespace);
        is_inspectable && has_ids(pid, restriction.uid, restriction.gid)
    }

    /// For what the caller names: files, which may then be no others than it could open alone.
    pub fn as_caller<T>(&self, action: impl FnOnce() -> T) -> T {
        if self.caller.is_root() {
            return action();
        }
        with_effective(self.own_capabilities, action)
    }

    /// For reading a process that the caller may profile, and following its map_files.
    pub fn for_inspection<T>(&self, action: impl FnOnce() -> T) -> T {
        let restricted = FOLLOW_MAPPINGS | self.own_capabilities;
        with_effective(if self.restriction.is_some() { restricted } else { KEPT }, action)
    }

    /// Only where the caller learns nothing that it may not know: a comparison of bytes, or what its own captures take.
    pub fn with_own_rights<T>(&self, action: impl FnOnce() -> T) -> T {
        with_effective(KEPT, action)
    }
}

/// Bounds would keep nobody from anything who can sample without us.
pub fn can_sample_alone(inherited: CapabilitySet) -> bool {
    inherited & NEEDED == NEEDED
}

impl Restriction {
    fn of(caller: &Caller) -> io::Result<Restriction> {
        Ok(Restriction { uid: caller.uid, gid: caller.gid, user_namespace: user_namespace("self")? })
    }
}

fn user_namespace(process: &str) -> io::Result<u32> {
    let link = std::fs::read_link(format!("/proc/{process}/ns/user"))?;
    let number = link.to_str().and_then(|text| text.strip_prefix("user:[")?.strip_suffix(']')?.parse().ok());
    number.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// True when all four of each kind are these: real, effective, saved, and for files.
fn has_ids(pid: u32, uid: u32, gid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let has = |key: &str, id: u32| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        line.split_whitespace().map(|word| word.parse().ok()).eq([Some(id); 4])
    };
    has("Uid:", uid) && has("Gid:", gid)
}

/// As the kernel decides it for /proc/kallsyms: addresses are no secret, and performance events may see the kernel.
fn shows_kernel_to_everybody() -> bool {
    setting("kptr_restrict") == Some(0) && setting("perf_event_paranoid").is_some_and(|paranoid| paranoid <= 1)
}

/// What is needed until the perf events are open.
pub fn held_back_for_events() -> CapabilitySet {
    match setting("perf_event_paranoid") {
        Some(3..) => OPEN_EVENTS,
        _ => NONE,
    }
}

fn setting(name: &str) -> Option<i32> {
    let text = std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> Access {
        let caller = Caller { uid: 65534, gid: 65534, groups: vec![] };
        Access::of(caller, NONE, &Policy::default()).unwrap()
    }

    #[test]
    fn root_may_profile_everything_and_others_what_is_theirs() {
        let root = Access::of(Caller { uid: 0, gid: 0, groups: vec![] }, NONE, &Policy::default()).unwrap();
        assert!(root.restriction().is_none() && root.has_kernel_frames && root.authorize(1).is_ok());
        assert_eq!(nobody().restriction().map(|restriction| restriction.uid), Some(65534));
    }

    #[test]
    fn a_policy_can_allow_all_processes_and_the_kernels_frames() {
        let caller = Caller { uid: 65534, gid: 65534, groups: vec![] };
        let policy = Policy { kernel_frames: true, all_processes: true, ..Policy::default() };
        let access = Access::of(caller, NONE, &policy).unwrap();
        assert!(access.restriction().is_none() && access.has_kernel_frames);
    }

    #[test]
    fn bounds_are_for_those_who_could_not_sample_without_us() {
        let has_bounds = |uid: u32, inherited: CapabilitySet, policy: Policy| {
            let caller = Caller { uid, gid: uid, groups: vec![] };
            Access::of(caller, inherited, &policy).unwrap().bounds.is_some()
        };
        assert!(has_bounds(65534, NONE, Policy::default()));
        assert!(!has_bounds(0, NONE, Policy::default()));
        assert!(!has_bounds(65534, NEEDED, Policy::default()));
        assert!(!has_bounds(65534, NONE, Policy::of_sudo()));
    }

    #[test]
    fn a_process_that_has_ended_is_not_authorized() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        std::thread::sleep(std::time::Duration::from_millis(50));
        let zombie = nobody().authorize(pid).unwrap_err();
        assert_eq!(zombie.raw_os_error(), Some(libc::ESRCH));
        child.wait().unwrap();
        assert_eq!(nobody().authorize(pid).unwrap_err().raw_os_error(), Some(libc::ESRCH));
    }
}
