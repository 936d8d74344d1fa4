//! How much of the machine a user of the installed copy may take, with all of their captures together: memory of the
//! kernel, which no limit of theirs counts, and hits a second on every CPU, which cost other users' work. Whoever could
//! sample without us has no bounds: root, sudo, and who has the capabilities.
//!
//! A capture announces what it takes before it takes it, in the name of a memfd that only it can close. Then it adds up
//! what the captures of its user announce. Two that begin at once see each other: both may be refused, but they never
//! exceed the bounds together. A capture ends with its process, and its announcement with it.

use std::ffi::CString;
use std::fs::{self, Metadata};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bee_wire::json::Object;

use crate::failure::{Failure, Outcome};

/// Takes 18 % of what everybody else computes on a virtual machine, where a tick costs 18 µs; 49,999 took 82 %. The
/// kernel itself lets sampling have 25 % (kernel.perf_cpu_time_max_percent), which it does not enforce for cpu-clock.
pub const USUAL_FREQUENCY_HZ: u32 = 10_000;
/// Of the machine's memory; eight users leave nothing then, and one is not noticed.
const USUAL_SHARE: u64 = 8;
/// A capture with usual settings takes 70 MiB: small machines have room for it all the same.
const LEAST_USUAL_BYTES: u64 = 128 << 20;
/// Of the kernel, for each capture and each of its CPUs, beside what the client chooses: 16 MB by the kernel's account on
/// a machine with two CPUs, and the buffers of perf events.
const FIXED_BYTES: u64 = 20 << 20;
const BYTES_PER_CPU: u64 = 1 << 20;
const CLAIM_NAME: &str = "bee-claim";

/// As the policy says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub frequency_hz: u32,
    /// None: the usual share.
    pub memory_mib: Option<u32>,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { frequency_hz: USUAL_FREQUENCY_HZ, memory_mib: None }
    }
}

impl Bounds {
    /// For people, by way of the client.
    pub fn to_json(self) -> String {
        let object = Object::default().number("frequencyHz", self.frequency_hz.into());
        object.number("memoryMiB", self.memory_bytes() >> 20).into_text()
    }

    fn memory_bytes(&self) -> u64 {
        self.memory_mib.map_or_else(usual_bytes, |mib| u64::from(mib) << 20)
    }

    /// For as long as the capture lasts.
    pub fn claim(&self, need: Need) -> Outcome<OwnedFd> {
        let claim = need.announce().map_err(|error| Failure::from_io("internal", "announce-need", &error))?;
        let taken = taken_by_user().map_err(|error| Failure::from_io("internal", "read-claims", &error))?;
        self.check(need, taken)?;
        Ok(claim)
    }

    /// `taken` includes `need`.
    fn check(&self, need: Need, taken: Need) -> Outcome<()> {
        if taken.frequency_hz > u64::from(self.frequency_hz) {
            let most = u64::from(self.frequency_hz);
            return Err(Failure::exceeded("over-frequency", need.frequency_hz, taken.frequency_hz, most));
        }
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        if taken.bytes > self.memory_bytes() {
            let most = self.memory_bytes() >> 20;
            return Err(Failure::exceeded("over-memory", mib(need.bytes), mib(taken.bytes), most));
        }
        Ok(())
    }
}

fn usual_bytes() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
    (kib.unwrap_or(0_u64) * 1024 / USUAL_SHARE).max(LEAST_USUAL_BYTES)
}

/// What a capture takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Need {
    pub frequency_hz: u64,
    /// Of the kernel: maps of BPF programs, and rings.
    pub bytes: u64,
}

impl Need {
    /// Of a capture with these sizes.
    pub fn of(frequency_hz: u32, table_bytes: u64, ring_bytes: u32) -> Need {
        let cpus = libbpf_rs::num_possible_cpus().unwrap_or(1) as u64;
        let bytes = table_bytes + u64::from(ring_bytes) + FIXED_BYTES + cpus * BYTES_PER_CPU;
        Need { frequency_hz: frequency_hz.into(), bytes }
    }

    fn plus(self, other: Need) -> Need {
        Need {
            frequency_hz: self.frequency_hz.saturating_add(other.frequency_hz),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    fn announce(self) -> io::Result<OwnedFd> {
        let name = CString::new(format!("{CLAIM_NAME}-{}-{}", self.frequency_hz, self.bytes))?;
        // SAFETY: a C string; the result is a new descriptor of ours.
        unsafe {
            match libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) {
                -1 => Err(io::Error::last_os_error()),
                fd => Ok(OwnedFd::from_raw_fd(fd)),
            }
        }
    }

    /// Of a link in /proc/PID/fd.
    fn of_link(link: &Path) -> Option<Need> {
        let numbers = link.to_str()?.strip_prefix("/memfd:")?.strip_prefix(CLAIM_NAME)?.strip_prefix('-')?;
        let (frequency_hz, bytes) = numbers.strip_suffix(" (deleted)")?.split_once('-')?;
        Some(Need { frequency_hz: frequency_hz.parse().ok()?, bytes: bytes.parse().ok()? })
    }
}

/// By all processes of our user that run this very program, ourselves among them. What cannot be read is an error, not a
/// capture less: the user may take our descriptors away while we look.
fn taken_by_user() -> io::Result<Need> {
    let own = fs::metadata("/proc/self/exe")?;
    // SAFETY: cannot fail.
    let uid = unsafe { libc::getuid() };
    let mut taken = Need::default();
    for entry in fs::read_dir("/proc")? {
        let process = entry?.path();
        if is_process(&process) && runs_program(&process, &own) {
            taken = taken.plus(unless_ended(claims_of(&process, uid))?);
        }
    }
    Ok(taken)
}

fn is_process(entry: &Path) -> bool {
    entry.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit))
}

/// Of what we may not look at, nothing is ours.
fn runs_program(process: &Path, program: &Metadata) -> bool {
    let identity = |found: &Metadata| (found.dev(), found.ino());
    fs::metadata(process.join("exe")).is_ok_and(|found| identity(&found) == identity(program))
}

fn claims_of(process: &Path, uid: u32) -> io::Result<Need> {
    let status = fs::read_to_string(process.join("status"))?;
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let real = uids.and_then(|uids| uids.split_whitespace().next()?.parse().ok());
    if real != Some(uid) {
        return Ok(Need::default());
    }
    let mut claims = Need::default();
    for entry in fs::read_dir(process.join("fd"))? {
        let link = unless_ended(fs::read_link(entry?.path()))?;
        claims = claims.plus(Need::of_link(&link).unwrap_or_default());
    }
    Ok(claims)
}

/// Nothing of a process, or a descriptor, that is gone.
fn unless_ended<T: Default>(found: io::Result<T>) -> io::Result<T> {
    match found {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => Ok(T::default()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_session_says_is_what_another_reads() {
        let need = Need { frequency_hz: 997, bytes: 70 << 20 };
        let before = taken_by_user().unwrap();
        let claim = need.announce().unwrap();
        assert_eq!(taken_by_user().unwrap(), before.plus(need));
        drop(claim);
        assert_eq!(taken_by_user().unwrap(), before);
        for link in
            ["/memfd:bee-claim-1 (deleted)", "/memfd:bee-claim-1--1 (deleted)", "/memfd:bee-copy (deleted)", "/x"]
        {
            assert_eq!(Need::of_link(Path::new(link)), None, "{link}");
        }
    }

    #[test]
    fn a_session_with_usual_settings_fits_on_small_machines() {
        let usual = Need::of(997, 40 << 20, 8 << 20);
        assert!(usual.bytes < LEAST_USUAL_BYTES, "{} MiB", usual.bytes >> 20);
        assert!(Bounds::default().check(usual, usual).is_ok());
    }

    #[test]
    fn all_sessions_of_a_user_together_stay_within_the_bounds() {
        let bounds = Bounds { frequency_hz: 1000, memory_mib: Some(100) };
        let need = Need { frequency_hz: 400, bytes: 40 << 20 };
        assert!(bounds.check(need, need.plus(need)).is_ok());
        let alone = Need { frequency_hz: 1001, bytes: 1 };
        assert_eq!(bounds.check(alone, alone).unwrap_err().code, "over-frequency");
        let failure = bounds.check(need, need.plus(Need { frequency_hz: 0, bytes: 61 << 20 })).unwrap_err();
        assert_eq!(failure.code, "over-memory");
        assert_eq!(failure.facts().to_json(), "{\"code\":\"over-memory\",\"need\":40,\"taken\":101,\"most\":100}");
    }
}
