//! What /proc/PID/maps has, and what a path in it, or in the kernel's news, stands for.

use crate::kernel::perf::side_band::{FileIdentity, NewMapping};
use crate::rights::access::Access;

/// Ended, a zombie included: those have no mappings any more.
pub fn is_gone(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/maps")).map_or(true, |maps| maps.is_empty())
}

/// All mappings of a process; none where it may not be read.
pub fn list_mappings(access: &Access, pid: u32) -> Vec<Listed> {
    let maps = access.for_inspection(|| std::fs::read(format!("/proc/{pid}/maps"))).unwrap_or_default();
    maps.split(|&byte| byte == b'\n').filter_map(parse_listed).collect()
}

/// The executable ones.
pub fn scan_mappings(access: &Access, pid: u32) -> Vec<NewMapping> {
    let listed = list_mappings(access, pid).into_iter().filter(|listed| listed.is_executable);
    listed.map(|listed| listed.mapping).collect()
}

/// A line of /proc/PID/maps.
pub struct Listed {
    pub is_executable: bool,
    pub mapping: NewMapping,
}

/// That of an executable mapping.
#[cfg(test)]
pub fn parse_maps_line(line: &[u8]) -> Option<NewMapping> {
    parse_listed(line).filter(|listed| listed.is_executable).map(|listed| listed.mapping)
}

/// "begin-end perms offset major:minor inode   path"
fn parse_listed(line: &[u8]) -> Option<Listed> {
    let mut fields = line.splitn(6, |&byte| byte == b' ');
    let mut next = || fields.next().and_then(|field| std::str::from_utf8(field).ok());
    let (begin, end) = next()?.split_once('-')?;
    let is_executable = next()?.as_bytes().get(2) == Some(&b'x');
    let file_offset = u64::from_str_radix(next()?, 16).ok()?;
    let (major, minor) = next()?.split_once(':')?;
    let inode = next()?.parse().ok()?;
    let path = fields.next().unwrap_or_default();
    let blank = path.iter().take_while(|&&byte| byte == b' ').count();
    let mapping = NewMapping {
        begin: u64::from_str_radix(begin, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        file_offset,
        identity: FileIdentity {
            major: u32::from_str_radix(major, 16).ok()?,
            minor: u32::from_str_radix(minor, 16).ok()?,
            inode,
            generation: 0,
        },
        path: path[blank..].to_vec(),
    };
    Some(Listed { is_executable, mapping })
}

pub enum PathKind {
    File,
    /// Of memfd_create.
    MemoryFile,
    Anonymous,
    Vdso,
    Ignored,
}

/// Shared, huge and System V memory, which the kernel names as files.
const MEMORY_PATHS: [&[u8]; 3] = [b"/dev/zero", b"/anon_hugepage", b"/SYSV"];

/// "memfd:NAME" of "/memfd:NAME (deleted)".
pub fn memory_file_name(path: &[u8]) -> &[u8] {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    path.strip_suffix(b" (deleted)").unwrap_or(path)
}

/// perf writes "//anon" where /proc/PID/maps has nothing.
pub fn kind_of(path: &[u8]) -> PathKind {
    match path {
        b"[vdso]" => PathKind::Vdso,
        b"[vsyscall]" | b"[uprobes]" => PathKind::Ignored,
        b"" => PathKind::Anonymous,
        path if path.starts_with(b"//anon") || path.starts_with(b"[") => PathKind::Anonymous,
        path if path.starts_with(b"/memfd:") => PathKind::MemoryFile,
        path if MEMORY_PATHS.iter().any(|known| path.starts_with(known)) => PathKind::Anonymous,
        path if path.starts_with(b"/") => PathKind::File,
        _ => PathKind::Anonymous,
    }
}
