//! The ring through which the BPF programs send records.

use std::cell::RefCell;
use std::rc::Rc;

use libbpf_rs::{AsRawLibbpf, MapHandle, RingBuffer, RingBufferBuilder};

use crate::failure::{Failure, Outcome};

/// Records as they came, each behind its length (u32).
type RecordQueue = Rc<RefCell<Vec<u8>>>;

pub struct RecordRing {
    ring: RingBuffer<'static>,
    queue: RecordQueue,
}

impl RecordRing {
    pub fn of(map: &MapHandle) -> Outcome<RecordRing> {
        let queue = RecordQueue::default();
        Ok(RecordRing { ring: build_ring(map, &queue)?, queue })
    }

    pub fn descriptor(&self) -> i32 {
        self.ring.epoll_fd()
    }

    /// Takes what waits, each record behind its length (u32). Also what lies behind a record that is being written now: a
    /// reader has to wait for that one.
    pub fn take(&self) -> Outcome<Vec<u8>> {
        let end = self.positions().1;
        loop {
            self.ring.consume().map_err(|error| Failure::from_bpf("read-ring-buffer", &error))?;
            if self.positions().0 >= end {
                return Ok(std::mem::take(&mut *self.queue.borrow_mut()));
            }
            std::thread::yield_now();
        }
    }

    /// Up to where it was read, and written.
    fn positions(&self) -> (u64, u64) {
        // SAFETY: the first ring of a manager that lives as long as self.
        unsafe {
            let ring = libbpf_sys::ring_buffer__ring(self.ring.as_libbpf_object().as_ptr(), 0);
            (libbpf_sys::ring__consumer_pos(ring), libbpf_sys::ring__producer_pos(ring))
        }
    }
}

fn build_ring(map: &MapHandle, records: &RecordQueue) -> Outcome<RingBuffer<'static>> {
    let queue = Rc::clone(records);
    let mut builder = RingBufferBuilder::new();
    let added = builder.add(map, move |record: &[u8]| {
        let mut queue = queue.borrow_mut();
        queue.extend_from_slice(&(record.len() as u32).to_le_bytes());
        queue.extend_from_slice(record);
        0
    });
    added.map_err(|error| Failure::from_bpf("read-ring-buffer", &error))?;
    builder.build().map_err(|error| Failure::from_bpf("read-ring-buffer", &error))
}
