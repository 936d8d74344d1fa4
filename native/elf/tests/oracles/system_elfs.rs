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
