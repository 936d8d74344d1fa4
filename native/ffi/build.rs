use std::env;

fn main() {
    println!("cargo:rerun-if-changed=../../bpf/layout.c");
    println!("cargo:rerun-if-changed=../../bpf/layout.h");
    println!("cargo:rerun-if-changed=../../bpf/record.h");
    println!("cargo:rerun-if-changed=../../bpf/engine.h");
    println!("cargo:rerun-if-changed=../../bpf/unwind.h");
    cc::Build::new().file("../../bpf/layout.c").include("../../bpf").warnings(true).compile("bee_layout");
    stay_loaded();
    link_for_older_glibc();
}

/// koffi closes the library when the host ends; a thread of the host that once called it still ends after that, and would
/// run the destructors of its thread-local values in code that is gone.
fn stay_loaded() {
    println!("cargo:rustc-link-arg-cdylib=-Wl,-z,nodelete");
}

/// Only the library that is shipped: tests run where they are built.
fn link_for_older_glibc() {
    println!("cargo:rerun-if-changed=glibc-2.28.S");
    if env::var("TARGET").as_deref() != Ok("x86_64-unknown-linux-gnu") {
        return;
    }
    for object in cc::Build::new().file("glibc-2.28.S").compile_intermediates() {
        println!("cargo:rustc-link-arg-cdylib={}", object.display());
    }
    // Where these functions were until glibc 2.34; empty since, and always installed. No name here is bound to them.
    println!(
        "cargo:rustc-link-arg-cdylib=-Wl,--push-state,--no-as-needed,-l:libpthread.so.0,-l:libdl.so.2,--pop-state"
    );
}
