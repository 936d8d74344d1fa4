//! Call frame information that was taken out of a file: where debuggers look for it, and how they know that it fits.

use std::ffi::OsStr;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::unwind_table::{unwind_table, unwind_table_with, FEW_FDES};
use crate::file::elf_error::ElfError;
use crate::file::elf_file::ElfFile;
use crate::file::mini_debug::unpacked_debug_data;
use crate::rows::table::UnwindTable;

const DEBUG_DIRECTORY: &str = "/usr/lib/debug";
const CRC32_REVERSED: u32 = 0xedb8_8320;

/// As [`unwind_table`]; a file with next to no CFI of its own gets that of its .gnu_debugdata, else of its debug file,
/// which `open` opens.
/// `path` is the file's own, without links.
pub fn unwind_table_of<Bytes: AsRef<[u8]>>(
    elf: &ElfFile<'_>,
    path: &Path,
    mut open: impl FnMut(&Path) -> Option<Bytes>,
) -> Result<UnwindTable, ElfError> {
    let own = unwind_table(elf);
    let has_enough = |table: &UnwindTable| table.counts.fdes + table.counts.debug_fdes >= FEW_FDES;
    if !matches!(own, Err(ElfError::TooMuchWithoutCfi)) && own.as_ref().map_or(true, has_enough) {
        return own;
    }
    if let Some(bytes) = unpacked_debug_data(elf) {
        let with_inner = ElfFile::parse(&bytes).and_then(|inner| unwind_table_with(elf, &inner));
        if let Some(table) = with_inner.ok().filter(|table| table.counts.debug_fdes > 0) {
            return Ok(table);
        }
    }
    for path in debug_file_paths(elf, path) {
        let Some(bytes) = open(&path) else { continue };
        let Ok(debug) = ElfFile::parse(bytes.as_ref()) else { continue };
        if is_debug_file_of(elf, &debug, bytes.as_ref()) {
            return unwind_table_with(elf, &debug);
        }
    }
    own
}

/// By build id first, then where .gnu_debuglink may lead from the file at `path`, as gdb looks.
pub fn debug_file_paths(elf: &ElfFile<'_>, path: &Path) -> Vec<PathBuf> {
    elf.build_id().and_then(path_by_build_id).into_iter().chain(linked_paths(elf, path)).collect()
}

pub fn path_by_build_id(build_id: &[u8]) -> Option<PathBuf> {
    let (first, rest) = build_id.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let mut name = format!("{DEBUG_DIRECTORY}/.build-id/{first:02x}/");
    rest.iter().for_each(|byte| write!(name, "{byte:02x}").unwrap_or_default());
    Some(PathBuf::from(name + ".debug"))
}

/// Empty without .gnu_debuglink.
pub fn linked_paths(elf: &ElfFile<'_>, path: &Path) -> Vec<PathBuf> {
    let name = elf.debug_link().map(OsStr::from_bytes).filter(|name| !name.is_empty());
    let (Some(name), Some(folder)) = (name, path.parent()) else { return Vec::new() };
    let below_root = folder.strip_prefix("/").unwrap_or(folder);
    [folder.to_path_buf(), folder.join(".debug"), Path::new(DEBUG_DIRECTORY).join(below_root)]
        .map(|folder| folder.join(name))
        .to_vec()
}

/// By build id; a file without one by the sum in its .gnu_debuglink. A name alone may mean another version's.
pub fn is_debug_file_of(elf: &ElfFile<'_>, debug: &ElfFile<'_>, debug_bytes: &[u8]) -> bool {
    match elf.build_id() {
        Some(build_id) => debug.build_id() == Some(build_id),
        None => elf.debug_link_sum() == Some(crc32(debug_bytes)),
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| sum >> 1 ^ (CRC32_REVERSED & (sum & 1).wrapping_neg());
    let table: [u32; 256] = std::array::from_fn(|byte| (0..8).fold(byte as u32, step));
    !bytes.iter().fold(!0, |sum: u32, &byte| sum >> 8 ^ table[(sum as u8 ^ byte) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
