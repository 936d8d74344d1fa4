//! Compiles the BPF programs with clang against libbpf's own headers (Debian's are older) and embeds them; writes the
//! names and numbers of outcomes, frame rules and losses in Rust.
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let bpf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bpf");
    println!("cargo:rerun-if-changed={}", bpf.display());
    println!("cargo:rerun-if-env-changed=CLANG");
    compile_bpf_programs(&bpf, &out);
    let header = fs::read_to_string(bpf.join("record.h")).expect("bpf/record.h is there");
    let lists =
        [("BEE_OUTCOMES", "OUTCOME", "u8"), ("BEE_FRAME_RULES", "RULE", "u64"), ("BEE_LOSSES", "LOSS", "usize")];
    let names: String = lists.iter().map(|list| constants_of(&header, list)).collect();
    fs::write(out.join("names.rs"), names).expect("OUT_DIR can be written to");
    cc::Build::new().file(bpf.join("layout.c")).include(&bpf).warnings(true).extra_warnings(true).compile("bee_layout");
}

/// `#define LIST(X) X(NAME, text) …` as `PREFIX_NAME` for each entry, and `PREFIX_NAMES` with the texts.
fn constants_of(header: &str, (list, prefix, number): &(&str, &str, &str)) -> String {
    let joined = header.replace("\\\n", " ");
    let definition = format!("#define {list}(X)");
    let line = joined.lines().find_map(|line| line.strip_prefix(&definition));
    let line = line.unwrap_or_else(|| panic!("record.h has no {list}"));
    let entries = line.split("X(").skip(1).filter_map(|entry| entry.split_once(')')?.0.split_once(", "));
    let (names, texts): (Vec<&str>, Vec<&str>) = entries.unzip();
    let constant = |(index, name)| format!("pub const {prefix}_{name}: {number} = {index};\n");
    let constants: String = names.iter().enumerate().map(constant).collect();
    format!("{constants}pub const {prefix}_NAMES: [&str; {}] = {texts:?};\n", texts.len())
}

fn compile_bpf_programs(bpf: &Path, out: &Path) {
    let clang = env::var("CLANG").unwrap_or_else(|_| "clang-19".to_string());
    let headers = env::var("DEP_BPF_INCLUDE").expect("libbpf-sys tells where its headers are");
    let object = out.join("bee.bpf.o");
    let status = Command::new(&clang)
        .args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"])
        .arg(format!("-ffile-prefix-map={}=bpf", bpf.display())) // BTF has the paths of the sources
        .arg("-I")
        .arg(headers)
        .arg("-I")
        .arg(bpf)
        .arg("-c")
        .arg(bpf.join("bee.bpf.c"))
        .arg("-o")
        .arg(&object)
        .status()
        .unwrap_or_else(|error| panic!("{clang} cannot be started ({error}): install clang-19 or set CLANG"));
    assert!(status.success(), "{clang} failed on bee.bpf.c");
    strip_debug_sections(&clang, &object);
}

/// BTF stays; DWARF would be nine tenths of the object. Without llvm-strip the object is only larger.
fn strip_debug_sections(clang: &str, object: &Path) {
    let strip = clang.replace("clang", "llvm-strip");
    let _ = Command::new(strip).arg("-g").arg(object).status();
}
