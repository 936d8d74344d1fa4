//! What the sampler may do, and how it gives up the rest. However it was started (by root, by sudo, with file or
//! ambient capabilities), it goes on as its caller, with six capabilities and no way to get others.

use std::io;

use crate::rights::caller::Caller;
use crate::rights::capabilities::{check, Capabilities, CapabilitySet, CAP_SETPCAP, KEPT};

/// include/uapi/linux/securebits.h: root is no privilege, a change of uid grants none, nothing becomes ambient, and
/// none of it can be taken back (every second bit locks the one before).
const SECUREBITS: libc::c_ulong = 0b1110_1111;

/// Becomes the caller. Of `KEPT` it keeps what was there, and `held_back` without effect until it is spent; all else is
/// given up for good.
pub fn drop_to(caller: &Caller, held_back: CapabilitySet) -> io::Result<()> {
    let permitted = Capabilities::read()?.permitted;
    let (kept, held_back) = (permitted & KEPT, permitted & held_back);
    // SAFETY: numbers alone. Where this fails, `verify` finds that capabilities are missing.
    unsafe { libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0) };
    become_caller(caller)?;
    let held = Capabilities::read()?;
    Capabilities { effective: held.permitted, inheritable: 0, ..held }.apply()?;
    if held.permitted & 1 << CAP_SETPCAP != 0 {
        empty_bounding_set()?;
        check(unsafe { libc::prctl(libc::PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0) }.into())?;
    }
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }.into())?;
    hide_memory()?;
    let rest = Capabilities { effective: kept, permitted: kept | held_back, inheritable: 0 };
    rest.apply()?;
    verify(caller, rest)
}

/// Only root that serves another user has anything to change; a container's root may not be allowed to, and need not.
fn become_caller(caller: &Caller) -> io::Result<()> {
    if is_all(caller.uid, caller.gid) {
        return Ok(());
    }
    // SAFETY: the array is valid for its length; the others take numbers.
    unsafe {
        check(libc::setgroups(caller.groups.len(), caller.groups.as_ptr()).into())?;
        check(libc::setresgid(caller.gid, caller.gid, caller.gid).into())?;
        check(libc::setresuid(caller.uid, caller.uid, caller.uid).into())
    }
}

fn is_all(uid: u32, gid: u32) -> bool {
    let (mut uids, mut gids) = ([0; 3], [0; 3]);
    let [ruid, euid, suid] = &mut uids;
    let [rgid, egid, sgid] = &mut gids;
    // SAFETY: six valid places to write to.
    unsafe {
        libc::getresuid(ruid, euid, suid);
        libc::getresgid(rgid, egid, sgid);
    }
    uids == [uid; 3] && gids == [gid; 3]
}

/// The kernel answers EINVAL behind its last capability.
fn empty_bounding_set() -> io::Result<()> {
    for capability in 0..64 {
        // SAFETY: a number is passed.
        let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability as libc::c_ulong, 0, 0, 0) };
        match check(result.into()) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
            other => other?,
        }
    }
    Ok(())
}

/// This process may do more than the caller's others: they must not read or trace it, and it leaves no core file.
fn hide_memory() -> io::Result<()> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a number, and a structure of ours.
    unsafe {
        check(libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0).into())?;
        check(libc::setrlimit(libc::RLIMIT_CORE, &none).into())
    }
}

fn verify(caller: &Caller, expected: Capabilities) -> io::Result<()> {
    if !is_all(caller.uid, caller.gid) || Capabilities::read()? != expected {
        return Err(io::Error::other("the kernel kept other rights than were asked for"));
    }
    Ok(())
}
