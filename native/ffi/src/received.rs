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
