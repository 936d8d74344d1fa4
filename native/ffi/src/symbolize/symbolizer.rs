use std::sync::Arc;

use super::symbol_cache::cache::SymbolCache;
use crate::received::Received;

/// What the addresses of a session are resolved with.
pub struct Symbolizer {
    pub received: Arc<Received>,
    pub cache: SymbolCache,
}

impl Symbolizer {
    pub fn new(received: Arc<Received>) -> Symbolizer {
        Symbolizer { received, cache: SymbolCache::default() }
    }
}
