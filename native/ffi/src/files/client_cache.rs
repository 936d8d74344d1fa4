//! The folder where elfutils' debuginfod client keeps the debug files that servers gave it.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use crate::json::hex;

/// Without a folder it is not looked into, as by the client itself where no server is named.
#[derive(Default)]
pub struct ClientCache(RwLock<Option<PathBuf>>);

impl ClientCache {
    pub fn at(folder: Option<PathBuf>) -> ClientCache {
        ClientCache(RwLock::new(folder))
    }

    pub fn use_folder(&self, folder: Option<PathBuf>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = folder;
    }

    pub fn path_of(&self, build_id: &[u8]) -> Option<PathBuf> {
        let folder = self.0.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        (!build_id.is_empty()).then(|| folder.join(hex(build_id)).join("debuginfo"))
    }
}
