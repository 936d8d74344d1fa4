//! The files that the loader will map, asked from the loader itself: search paths, LD_LIBRARY_PATH, LD_PRELOAD,
//! DT_RUNPATH and the cache are its business and not worth a second opinion.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PT_INTERP: u32 = 3;
const MAX_PROGRAM_HEADERS: usize = 256;
const MAX_PATH_BYTES: usize = 4096;

/// Empty for static executables, scripts, and where the loader has no `--list`: what is mapped later is loaded then.
pub fn of(executable: &Path) -> Vec<PathBuf> {
    let Some(interpreter) = interpreter(executable) else { return Vec::new() };
    let listed =
        Command::new(&interpreter).arg("--list").arg(executable).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let mut libraries = listed.map(|output| parse_list(&output.stdout)).unwrap_or_default();
    // Most loaders name themselves.
    if !libraries.contains(&interpreter) {
        libraries.push(interpreter);
    }
    libraries
}

/// Lines are "name => /path (0x…)" or "/path (0x…)".
fn parse_list(output: &[u8]) -> Vec<PathBuf> {
    let text = String::from_utf8_lossy(output);
    let path_of = |line: &str| {
        let target = line.split_once(" => ").map_or(line, |(_, target)| target).trim();
        let path = target.rsplit_once(" (0x").map_or(target, |(path, _)| path);
        path.starts_with('/').then(|| PathBuf::from(path))
    };
    text.lines().filter_map(path_of).collect()
}

fn interpreter(executable: &Path) -> Option<PathBuf> {
    let mut file = File::open(executable).ok()?;
    let mut header = [0u8; 64];
    file.read_exact(&mut header).ok()?;
    if &header[..5] != b"\x7fELF\x02" {
        return None;
    }
    let table_offset = u64::from_le_bytes(header[32..40].try_into().ok()?);
    let count = usize::from(u16::from_le_bytes([header[56], header[57]]));
    for index in 0..count.min(MAX_PROGRAM_HEADERS) as u64 {
        let entry: [u8; 56] = read_at(&mut file, table_offset.checked_add(index * 56)?)?;
        if u32::from_le_bytes(entry[..4].try_into().ok()?) == PT_INTERP {
            let offset = u64::from_le_bytes(entry[8..16].try_into().ok()?);
            let size = u64::from_le_bytes(entry[32..40].try_into().ok()?);
            return read_path(&mut file, offset, size);
        }
    }
    None
}

fn read_at<const N: usize>(file: &mut File, offset: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(offset)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn read_path(file: &mut File, offset: u64, size: u64) -> Option<PathBuf> {
    let size = usize::try_from(size).ok().filter(|size| *size <= MAX_PATH_BYTES)?;
    let mut bytes = vec![0; size];
    file.seek(SeekFrom::Start(offset)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(size);
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(&bytes[..end])))
}
