use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A program of fixtures/unwinding, compiled for one test.
pub struct Fixture {
    folder: PathBuf,
}

impl Fixture {
    pub fn compile(compiler: &str, flags: &[&str], source: &str) -> Fixture {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("bee-stepping-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let fixture = Fixture { folder };
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/unwinding");
        let mut command = Command::new(compiler);
        command.arg(sources.join(source)).args(flags).arg("-o").arg(fixture.program());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        fixture
    }

    pub fn program(&self) -> PathBuf {
        self.folder.join("program")
    }
}

/// The flag with which gcc finds the LLD of the Rust toolchain.
pub fn lld_folder() -> String {
    let output = Command::new("rustc").args(["--print", "target-libdir"]).output().unwrap();
    let libraries = String::from_utf8(output.stdout).unwrap();
    let folder = Path::new(libraries.trim()).with_file_name("bin").join("gcc-ld");
    assert!(folder.join("ld.lld").exists(), "{} has no ld.lld", folder.display());
    format!("-B{}", folder.display())
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
