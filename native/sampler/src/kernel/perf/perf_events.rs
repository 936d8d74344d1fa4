//! perf_event_open: one sampling event and one side-band event per CPU. Constants and layouts from the kernel's
//! include/uapi/linux/perf_event.h.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{fence, Ordering};

use crate::failure::{Failure, Outcome};

const TYPE_HARDWARE: u32 = 0;
const TYPE_SOFTWARE: u32 = 1;
const HARDWARE_CPU_CYCLES: u64 = 0;
const SOFTWARE_CPU_CLOCK: u64 = 0;
const SOFTWARE_DUMMY: u64 = 9;
const SAMPLE_TID: u64 = 1 << 1;
const SAMPLE_TIME: u64 = 1 << 2;

const FLAG_DISABLED: u64 = 1 << 0;
const FLAG_EXCLUDE_IDLE: u64 = 1 << 7;
const FLAG_MMAP: u64 = 1 << 8;
const FLAG_COMM: u64 = 1 << 9;
const FLAG_FREQUENCY: u64 = 1 << 10;
const FLAG_TASK: u64 = 1 << 13;
const FLAG_WATERMARK: u64 = 1 << 14;
const FLAG_SAMPLE_ID_ALL: u64 = 1 << 18;
const FLAG_MMAP2: u64 = 1 << 23;
const FLAG_COMM_EXEC: u64 = 1 << 24;
const FLAG_USE_CLOCK_ID: u64 = 1 << 25;

/// The kernel paused the event.
pub const RECORD_THROTTLE: u32 = 5;

const OPEN_CLOSE_ON_EXEC: u64 = 1 << 3;
const IOCTL_ENABLE: u64 = 0x2400;
const IOCTL_DISABLE: u64 = 0x2401;

/// perf_event_attr of PERF_ATTR_SIZE_VER5, which every kernel that can run the BPF programs knows.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_frequency: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_watermark_bytes: u32,
    breakpoint_type: u32,
    config1: u64,
    config2: u64,
    branch_sample_type: u64,
    sample_regs_user: u64,
    sample_stack_user: u32,
    clock_id: i32,
    sample_regs_intr: u64,
    aux_watermark: u32,
    sample_max_stack: u16,
    reserved: u16,
}

#[derive(Clone, Copy, PartialEq)]
pub enum SamplingEvent {
    CpuClock,
    Cycles,
}

impl fmt::Display for SamplingEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            SamplingEvent::CpuClock => "cpu-clock",
            SamplingEvent::Cycles => "cycles",
        })
    }
}

/// As the kernel computes it: perf_swevent_init_hrtimer and perf_swevent_hrtimer of kernel/events/core.c.
pub fn cpu_clock_period_ns(frequency_hz: u32) -> u64 {
    const LEAST_NS: u64 = 10_000;
    (1_000_000_000 / u64::from(frequency_hz.max(1))).max(LEAST_NS)
}

fn open_on_cpu(attributes: &mut Attributes, cpu: i32) -> io::Result<OwnedFd> {
    attributes.size = size_of::<Attributes>() as u32;
    // SAFETY: the structure is as large as its size field says.
    let fd =
        unsafe { libc::syscall(libc::SYS_perf_event_open, attributes, -1i32, cpu, -1i32, OPEN_CLOSE_ON_EXEC) as i32 };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new descriptor of ours.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Disabled until `EventRing::set_enabled`.
pub fn open_sampling_event(cpu: i32, event: SamplingEvent, frequency_hz: u32) -> io::Result<OwnedFd> {
    let (kind, config) = match event {
        SamplingEvent::CpuClock => (TYPE_SOFTWARE, SOFTWARE_CPU_CLOCK),
        SamplingEvent::Cycles => (TYPE_HARDWARE, HARDWARE_CPU_CYCLES),
    };
    let mut attributes = Attributes {
        kind,
        config,
        sample_frequency: u64::from(frequency_hz),
        flags: FLAG_DISABLED | FLAG_EXCLUDE_IDLE | FLAG_FREQUENCY,
        ..Attributes::default()
    };
    open_on_cpu(&mut attributes, cpu)
}

/// Mappings, names, forks and exits of every process on the CPU. Disabled until `EventRing::set_enabled`.
pub fn open_side_band_event(cpu: i32) -> io::Result<OwnedFd> {
    let mut attributes = Attributes {
        kind: TYPE_SOFTWARE,
        config: SOFTWARE_DUMMY,
        sample_type: SAMPLE_TID | SAMPLE_TIME,
        flags: FLAG_DISABLED
            | FLAG_MMAP
            | FLAG_MMAP2
            | FLAG_COMM
            | FLAG_COMM_EXEC
            | FLAG_TASK
            | FLAG_WATERMARK
            | FLAG_SAMPLE_ID_ALL
            | FLAG_USE_CLOCK_ID,
        wakeup_watermark_bytes: 1, // a number of events would count samples only, and these are none
        clock_id: libc::CLOCK_MONOTONIC,
        ..Attributes::default()
    };
    open_on_cpu(&mut attributes, cpu)
}

/// The CPUs that are online, from the kernel's list ("0-3,8").
pub fn online_cpus() -> io::Result<Vec<i32>> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/online")?;
    let mut cpus = Vec::new();
    for range in text.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        match (first.parse::<i32>(), last.parse::<i32>()) {
            (Ok(first), Ok(last)) => cpus.extend(first..=last),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("online cpus: {text:?}"))),
        }
    }
    Ok(cpus)
}

/// Fields of struct perf_event_mmap_page in use, by offset.
const PAGE_DATA_HEAD: usize = 1024;
const PAGE_DATA_TAIL: usize = 1032;

/// The ring buffer of a perf event: whole records, in order.
pub struct EventRing {
    event: OwnedFd,
    base: NonNull<u8>,
    page_bytes: usize,
    data_bytes: usize,
}

impl EventRing {
    /// `pages` is a power of two. A failure has a code of its own (`perf-memory`): it is the user's limit of locked
    /// memory that is used up, where the event itself was allowed.
    pub fn map(event: OwnedFd, pages: usize) -> Outcome<EventRing> {
        // SAFETY: sysconf has no preconditions.
        let page_bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let bytes = page_bytes * (1 + pages);
        // SAFETY: a new mapping of the event's buffer, unmapped in drop.
        let base = unsafe {
            let flags = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(std::ptr::null_mut(), bytes, flags, libc::MAP_SHARED, event.as_raw_fd(), 0)
        };
        let failure = |error: &io::Error| Failure::from_io("perf-memory", "lock-perf-memory", error);
        if base == libc::MAP_FAILED {
            return Err(failure(&io::Error::last_os_error()));
        }
        let base = NonNull::new(base.cast()).ok_or_else(|| failure(&io::ErrorKind::InvalidData.into()))?;
        Ok(EventRing { event, base, page_bytes, data_bytes: page_bytes * pages })
    }

    pub fn as_raw_fd(&self) -> i32 {
        self.event.as_raw_fd()
    }

    /// For who closes the descriptor that it is given, as libbpf does.
    pub fn duplicate(&self) -> io::Result<OwnedFd> {
        self.event.try_clone()
    }

    pub fn set_enabled(&self, is_enabled: bool) -> io::Result<()> {
        let request = if is_enabled { IOCTL_ENABLE } else { IOCTL_DISABLE };
        // SAFETY: an ioctl without memory.
        match unsafe { libc::ioctl(self.event.as_raw_fd(), request as _, 0) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Calls `visit(type, misc, body)` for each record that waits.
    pub fn drain(&mut self, mut visit: impl FnMut(u32, u16, &[u8])) {
        let head = self.head();
        let mut tail = self.tail();
        let mut record = Vec::new();
        while tail < head {
            let mut header = [0u8; 8];
            self.copy(tail, &mut header);
            let size = u16::from_le_bytes([header[6], header[7]]) as usize;
            if size < header.len() {
                break; /* cannot happen; would loop forever */
            }
            record.resize(size - header.len(), 0);
            self.copy(tail + header.len() as u64, &mut record);
            let kind = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
            visit(kind, u16::from_le_bytes([header[4], header[5]]), &record);
            tail += size as u64;
        }
        fence(Ordering::SeqCst);
        // SAFETY: the control page is mapped and data_tail is ours to write.
        unsafe { self.base.as_ptr().add(PAGE_DATA_TAIL).cast::<u64>().write_volatile(head) };
    }

    fn head(&self) -> u64 {
        // SAFETY: the control page is mapped.
        let head = unsafe { self.base.as_ptr().add(PAGE_DATA_HEAD).cast::<u64>().read_volatile() };
        fence(Ordering::Acquire);
        head
    }

    fn tail(&self) -> u64 {
        // SAFETY: the control page is mapped.
        unsafe { self.base.as_ptr().add(PAGE_DATA_TAIL).cast::<u64>().read_volatile() }
    }

    fn copy(&self, position: u64, destination: &mut [u8]) {
        let offset = position as usize & (self.data_bytes - 1);
        let first = destination.len().min(self.data_bytes - offset);
        // SAFETY: both parts lie inside the data pages; the kernel does not write between tail and head.
        unsafe {
            let data = self.base.as_ptr().add(self.page_bytes);
            std::ptr::copy_nonoverlapping(data.add(offset), destination.as_mut_ptr(), first);
            let rest = destination.len() - first;
            std::ptr::copy_nonoverlapping(data, destination.as_mut_ptr().add(first), rest);
        }
    }
}

impl Drop for EventRing {
    fn drop(&mut self) {
        // SAFETY: unmaps exactly what map() mapped.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.page_bytes + self.data_bytes) };
    }
}
