//! Numbers for objects that live on this side of the ABI.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::failure::{Failure, Outcome};

pub struct Handles<T> {
    table: Mutex<Table<T>>,
}

struct Table<T> {
    last: u64,
    entries: BTreeMap<u64, Arc<T>>,
}

impl<T> Handles<T> {
    pub const fn new() -> Self {
        Handles { table: Mutex::new(Table { last: 0, entries: BTreeMap::new() }) }
    }

    /// A number that was never given out before.
    pub fn insert(&self, value: Arc<T>) -> u64 {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.last += 1;
        let handle = table.last;
        table.entries.insert(handle, value);
        handle
    }

    /// The object stays alive for the caller even when another thread removes the handle meanwhile.
    pub fn get(&self, handle: u64) -> Outcome<Arc<T>> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let found = table.entries.get(&handle).cloned();
        found.ok_or_else(|| Failure::new(libc::EBADF, "The handle is closed or was never open."))
    }

    pub fn remove(&self, handle: u64) -> Option<Arc<T>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).entries.remove(&handle)
    }
}
