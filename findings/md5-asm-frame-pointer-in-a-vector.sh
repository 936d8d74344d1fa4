#!/usr/bin/env bash
# md5-asm 0.5.2 (crates.io), x86-64 Linux: md5_compress has no call frame information, uses rbp as a pointer to data, and
# keeps the caller's rbp in xmm1 meanwhile. An unwinder that steps by frame pointer follows a pointer to data; one that has
# no vector registers (perf's copies, kernel programs) cannot restore rbp at all.
# Seen:
#   movq   %rbp,%xmm1
#   mov    %rsi,%rbp
#   and no FDE that covers md5_compress.
# Exits 1 when there is an FDE, or rbp is kept elsewhere. Needs cargo, a C compiler and binutils.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
printf '[package]\nname = "md5"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nmd5-asm = "=0.5.2"\n' > Cargo.toml
cat > src/main.rs <<'RUST'
fn main() {
    let mut state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
    md5_asm::compress(&mut state, &[[0; 64]]);
    println!("{state:x?}");
}
RUST
cargo build --quiet --release
code=$(objdump -d --no-show-raw-insn --disassemble=md5_compress target/release/md5 | awk '/%rbp/ && shown++ < 2')
echo "md5-asm 0.5.2:"
echo "$code"
start=$(nm target/release/md5 | awk '$3 == "md5_compress" { print $1 }')
if readelf --debug-dump=frames target/release/md5 2>/dev/null | grep -c "pc=$start" > /dev/null; then
	echo "and an FDE"
	exit 1
fi
grep -q 'movq *%rbp,%xmm1' <<< "$code" && grep -q 'mov *%rsi,%rbp' <<< "$code"
