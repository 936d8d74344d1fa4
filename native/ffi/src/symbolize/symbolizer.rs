use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::sources::kernel::KernelSymbols;
use super::symbol_cache::cache::SymbolCache;
use crate::files::client_cache::ClientCache;
use crate::received::Received;

/// How long memory that was freed may wait: a run that is asked every second would spend most of that on giving it back.
const REST: Duration = Duration::from_secs(5);

/// What the addresses of a session are resolved with.
pub struct Symbolizer {
    pub received: Arc<Received>,
    pub cache: SymbolCache,
    pub kernel: KernelSymbols,
    pub debug_cache: ClientCache,
    pub rest: Rest,
}

impl Symbolizer {
    pub fn new(received: Arc<Received>) -> Symbolizer {
        Symbolizer {
            received,
            cache: SymbolCache::default(),
            kernel: KernelSymbols::default(),
            debug_cache: ClientCache::default(),
            rest: Rest::default(),
        }
    }
}

/// When something was last done that need not be done each time.
#[derive(Default)]
pub struct Rest(Mutex<Option<Instant>>);

impl Rest {
    /// Does it the first time, and then only when it has not been done for a while.
    pub fn after(&self, work: impl FnOnce()) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= REST) {
            work();
            *last = Some(Instant::now());
        }
    }
}
