//! ELF files that exist wherever the tests run, and more where they do.
use std::path::{Path, PathBuf};
use std::process::Command;

const ALWAYS: [&str; 2] = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"];
const OFTEN: [&str; 7] = [
    "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
    "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
    "/usr/bin/git",
    "/usr/bin/gdb",
    "/usr/bin/python3",
    "/usr/bin/node",
    "/usr/lib/llvm-19/lib/libLLVM.so",
];

/// Files with much CFI, from several compilers and linkers; this test itself is one linked by rustc's default linker.
/// `BEE_ELF_ORACLE_FILES` names others instead, separated by `:`.
pub fn with_much_cfi() -> Vec<PathBuf> {
    if let Some(files) = std::env::var_os("BEE_ELF_ORACLE_FILES") {
        return std::env::split_paths(&files).collect();
    }
    let present = OFTEN.iter().map(PathBuf::from).filter(|path| path.exists());
    let mut files = essential();
    files.extend(present);
    files.push(std::env::current_exe().unwrap());
    files.extend(rust_compiler());
    files
}

/// Small files with hand-written CFI in them.
pub fn essential() -> Vec<PathBuf> {
    ALWAYS.iter().map(PathBuf::from).collect()
}

fn rust_compiler() -> Option<PathBuf> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let sysroot = String::from_utf8(sysroot.stdout).ok()?;
    let entries = Path::new(sysroot.trim()).join("lib").read_dir().ok()?;
    entries.filter_map(|entry| Some(entry.ok()?.path())).find(|path| path.to_string_lossy().contains("librustc_driver"))
}

/// Larger files are the compilers, which `with_much_cfi` has.
const MAX_BYTES: u64 = 60 << 20;

/// Every x86-64 executable and shared library below /usr.
pub fn of_the_whole_system() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = ["/usr/bin", "/usr/sbin", "/usr/lib"].map(PathBuf::from).into();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = folder.read_dir() else { continue };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() && has_code(&entry.path()) => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files
}

/// Separate debug files have the addresses of a program and not its bytes.
fn has_code(path: &Path) -> bool {
    let is_small = path.metadata().is_ok_and(|metadata| metadata.len() < MAX_BYTES);
    if !is_small || path.starts_with("/usr/lib/debug") || path.extension().is_some_and(|extension| extension == "debug")
    {
        return false;
    }
    let Ok(data) = std::fs::read(path) else { return false };
    bee_elf::ElfFile::parse(&data).is_ok_and(|elf| elf.executable_segments().next().is_some())
}
