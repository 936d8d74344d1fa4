//! What the sampler has sent so far. The receiving thread adds to it, calls of the host read it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::files::jit_dumps::JitDumps;
use crate::files::object_table::Objects;
use crate::stacks::samples::Samples;

#[derive(Default)]
pub struct Received {
    samples: Mutex<Samples>,
    objects: Mutex<Objects>,
    jit_dumps: Mutex<JitDumps>,
}

impl Received {
    /// What the host does not know yet: a batch of stacks (stacks/batch.rs), then JSON of its objects (object_table.rs).
    /// Returns its size; it is taken only if it fits. With `forgets` the host begins its tables anew, and objects that
    /// no frame can name any more are let go with the next take: until then the host may symbolize what it has got.
    pub fn take(&self, buffer: &mut [u8], forgets: bool) -> usize {
        let mut samples = self.samples();
        let mut objects = self.objects();
        let batch = samples.batch();
        let news = objects.news(&batch.objects());
        let text = objects.to_json(&news);
        let length = batch.byte_length();
        let size = length + text.len();
        if size > buffer.len() {
            return size;
        }
        batch.write(&mut buffer[..length]);
        buffer[length..size].copy_from_slice(text.as_bytes());
        objects.tell(news, forgets);
        objects.retain(&samples.nameable_objects());
        samples.take(forgets);
        size
    }

    pub fn samples(&self) -> MutexGuard<'_, Samples> {
        lock(&self.samples)
    }

    pub fn objects(&self) -> MutexGuard<'_, Objects> {
        lock(&self.objects)
    }

    pub fn jit_dumps(&self) -> MutexGuard<'_, JitDumps> {
        lock(&self.jit_dumps)
    }
}

/// A thread that panicked while it held the lock leaves data that is still whole: every update is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
