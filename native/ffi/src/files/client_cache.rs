//! The folder where elfutils' debuginfod client keeps the debug files that servers gave it.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use crate::json::hex;

/// `None`: the cache is not looked into, as by the client itself where no server is named.
static FOLDER: RwLock<Option<PathBuf>> = RwLock::new(None);

pub fn use_folder(folder: Option<PathBuf>) {
    *FOLDER.write().unwrap_or_else(PoisonError::into_inner) = folder;
}

pub fn path_of(build_id: &[u8]) -> Option<PathBuf> {
    let folder = FOLDER.read().unwrap_or_else(PoisonError::into_inner).clone()?;
    (!build_id.is_empty()).then(|| folder.join(hex(build_id)).join("debuginfo"))
}
