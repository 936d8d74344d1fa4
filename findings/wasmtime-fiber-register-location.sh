#!/usr/bin/env bash
# wasmtime-internal-fiber 48.0.8 (crates.io), x86-64 Linux: the CFI of wasmtime_fiber_start gives its CFA with DW_OP_reg7,
# a location where DWARF wants a value (DW_OP_breg7). libgcc takes the register's value and unwinds; gdb 13.1 stops its
# backtrace there with "`DW_OP_reg' operations must be used either alone or in conjunction with ...".
# Seen:
#   DW_CFA_def_cfa_expression (DW_OP_reg7 (rsp); DW_OP_deref; DW_OP_plus_uconst: 56)
# Exits 1 when the expression is another one. Needs cargo, a C compiler and readelf.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "fiber"
version = "0.1.0"
edition = "2021"
[dependencies]
wasmtime-internal-fiber = { version = "=48.0.8", features = ["std"] }
TOML
cat > src/main.rs <<'RUST'
use wasmtime_internal_fiber::{Fiber, FiberStack};
fn main() {
    let stack = FiberStack::new(1 << 20, false).unwrap();
    let fiber = Fiber::<u64, u64, u64>::new(stack, |value, _| value + 1).map_err(|_| "no fiber").unwrap();
    println!("{:?}", fiber.resume(1));
}
RUST
cargo build --quiet --release
found=$(readelf --debug-dump=frames target/release/fiber 2>/dev/null | grep 'DW_OP_reg7' || true)
echo "wasmtime-internal-fiber 48.0.8: ${found:-no DW_OP_reg7}"
grep -q 'def_cfa_expression (DW_OP_reg7 (rsp); DW_OP_deref; DW_OP_plus_uconst: 56)' <<< "$found"
