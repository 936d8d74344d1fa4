fn main() {
    println!("cargo:rerun-if-changed=../../bpf/layout.c");
    println!("cargo:rerun-if-changed=../../bpf/layout.h");
    println!("cargo:rerun-if-changed=../../bpf/record.h");
    cc::Build::new().file("../../bpf/layout.c").include("../../bpf").warnings(true).compile("bee_layout");
}
