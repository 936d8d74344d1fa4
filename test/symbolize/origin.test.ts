import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyFrame, type FrameFacts, type PackageRoot } from '../../src/symbolize/origin.js';

const CARGO_HOME = '/home/u/.cargo';
const REGISTRY = `${CARGO_HOME}/registry/src/index.crates.io-1949cf8c6b5b557f`;
const PACKAGES: PackageRoot[] = [
  { name: 'shop', version: '0.1.0', directory: '/ws', isWorkspaceMember: true },
  { name: 'shop-core', version: '0.1.0', directory: '/ws/crates/core', isWorkspaceMember: true },
  { name: 'local-dep', version: '1.0.0', directory: '/elsewhere/local-dep', isWorkspaceMember: false },
  { name: 'serde', version: '1.0.2', directory: `${REGISTRY}/serde-1.0.2`, isWorkspaceMember: false },
  {
    name: 'inner',
    version: '0.3.0',
    directory: `${CARGO_HOME}/git/checkouts/outer-0a1b2c3d4e5f6071/abc1234/inner`,
    isWorkspaceMember: false,
  },
  { name: 'vendored', version: '2.0.0', directory: '/ws/vendor/vendored', isWorkspaceMember: false },
];

/** `workspace shop-core`, from a frame of which only the given facts are known. */
function classified(facts: Partial<FrameFacts>, packages = PACKAGES): string {
  const { origin, crate } = classifyFrame(
    { file: '', name: '', objectPath: '/ws/target/release/shop', kind: 'user', ...facts },
    packages,
  );
  return `${origin} ${crate}`.trim();
}

const ofFile = (file: string, packages = PACKAGES): string => classified({ file, name: 'x::y' }, packages);

test('below a remapped path the crate tells the package, of whatever target', () => {
  const packages = PACKAGES.map((found) =>
    found.name === 'shop' ? { ...found, crateNames: ['shop', 'till-server', 'serde'] } : found,
  );
  const remapped = (name: string) => classified({ file: '/src/main.rs', name }, packages);
  assert.equal(remapped('shop_core::sum'), 'workspace shop-core');
  assert.equal(remapped('till_server::main'), 'workspace shop');
  assert.equal(remapped('serde::de::next'), 'dependency serde');
});

test('a package has its version, an unknown one of the registry that of its folder, std none', () => {
  const version = (file: string, packages = PACKAGES): string =>
    classifyFrame({ file, name: 'x::y', objectPath: '', kind: 'user' }, packages).crateVersion;
  assert.equal(version('/ws/src/main.rs'), '0.1.0');
  assert.equal(version(`${REGISTRY}/serde-1.0.2/src/de.rs`), '1.0.2');
  assert.equal(version(`${REGISTRY}/rand_core-0.9.0-rc.1+x/src/lib.rs`, []), '0.9.0-rc.1+x');
  assert.equal(version(`${REGISTRY}/serde-1.0.2/src/native.c`), '1.0.2');
  assert.equal(version('/rustc/abc/library/core/src/lib.rs'), '');
});

test('a source file belongs to the package with the deepest directory above it', () => {
  assert.equal(ofFile('/ws/src/main.rs'), 'workspace shop');
  assert.equal(ofFile('/ws/crates/core/src/lib.rs'), 'workspace shop-core');
  assert.equal(ofFile('/ws/crates/core/../core/src/lib.rs'), 'workspace shop-core');
  assert.equal(ofFile('/ws/crates/core-extra/src/lib.rs'), 'workspace shop');
  assert.equal(ofFile('/elsewhere/local-dep/src/lib.rs'), 'dependency local-dep');
  assert.equal(ofFile('/ws/vendor/vendored/src/lib.rs'), 'dependency vendored');
  assert.equal(ofFile(`${REGISTRY}/serde-1.0.2/src/de.rs`), 'dependency serde');
});

test('registry and git sources are dependencies also without metadata', () => {
  assert.equal(ofFile(`${REGISTRY}/http-body-util-0.1.3/src/lib.rs`, []), 'dependency http-body-util');
  assert.equal(ofFile(`${REGISTRY}/rand-0.9.0-alpha.1/src/lib.rs`), 'dependency rand');
  const checkout = `${CARGO_HOME}/git/checkouts/outer-0a1b2c3d4e5f6071/abc1234`;
  assert.equal(ofFile(`${checkout}/inner/src/lib.rs`), 'dependency inner');
  assert.equal(ofFile(`${checkout}/src/lib.rs`, []), 'dependency outer');
});

test('a registry below the workspace is no workspace code', () => {
  const cached = '/ws/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/bytes-1.9.0/src/lib.rs';
  assert.equal(ofFile(cached), 'dependency bytes');
});

test('generated code belongs to the package whose build script wrote it', () => {
  assert.equal(ofFile('/ws/target/release/build/serde-0123456789abcdef/out/gen.rs'), 'dependency serde');
  assert.equal(
    ofFile('/ws/target/release/build/shop-core-0123456789abcdef/out/gen.rs'),
    'workspace shop-core',
  );
});

test('std is std wherever the toolchain says that it is', () => {
  const hash = '59807616e1fa2540724bfbac14d7976d7e4a3860';
  assert.equal(ofFile(`/rustc/${hash}/library/core/src/fmt/mod.rs`), 'std core');
  assert.equal(ofFile(`/rustc/${hash}/library/stdarch/crates/core_arch/src/x86/sse2.rs`), 'std core');
  const component = '/home/u/.rustup/toolchains/stable/lib/rustlib/src/rust/library';
  assert.equal(ofFile(`${component}/alloc/src/vec/mod.rs`), 'std alloc');
  assert.equal(ofFile('/rust/deps/hashbrown-0.16.1/src/raw.rs'), 'std hashbrown');
});

test('C is native, with its crate when a build script compiled it', () => {
  assert.equal(ofFile('/usr/src/glibc/malloc/malloc.c'), 'native');
  assert.equal(ofFile(`${REGISTRY}/zstd-sys-2.0.1/zstd/lib/compress.c`), 'native zstd-sys');
  assert.equal(ofFile('/ws/csrc/fast.S'), 'native shop');
});

test('without cargo, local Rust code is the workspace', () => {
  assert.equal(classified({ file: '/tmp/hello.rs', name: 'hello::main' }, []), 'workspace hello');
  assert.equal(classified({ file: 'src/main.rs', name: 'hello::main' }, []), 'workspace hello');
  assert.equal(classified({ file: '/tmp/other.rs', name: 'other::main' }), 'unknown');
});

test('without debug information the name decides, as far as it can', () => {
  assert.equal(classified({ name: 'core::fmt::write' }), 'std core');
  assert.equal(classified({ name: '<alloc::vec::Vec<T> as core::clone::Clone>::clone' }), 'std alloc');
  assert.equal(classified({ name: '__rustc::rust_begin_unwind' }), 'std std');
  assert.equal(classified({ name: 'shop_core::parse::{closure}' }), 'workspace shop-core');
  assert.equal(classified({ name: '<shop_core::Line as core::fmt::Display>::fmt' }), 'workspace shop-core');
  assert.equal(classified({ name: '<&shop_core::Line as core::fmt::Display>::fmt' }), 'workspace shop-core');
  assert.equal(classified({ name: '<rustc_demangle::v0::Parser>::backref' }), 'std rustc_demangle');
  assert.equal(classified({ name: 'hashbrown::raw::probe' }, []), 'unknown');
  assert.equal(classified({ name: 'mystery::run' }), 'unknown');
  assert.equal(classified({ name: '_start' }), 'native');
  assert.equal(
    classified({ name: 'std::vector<int, std::allocator<int> >::push_back(int const&)' }),
    'native',
  );
});

test('objects and kinds decide what has no name', () => {
  assert.equal(classified({ objectPath: '/lib/x86_64-linux-gnu/libc.so.6' }), 'native');
  assert.equal(classified({ name: 'malloc', objectPath: '/lib/x86_64-linux-gnu/libc.so.6' }), 'native');
  assert.equal(classified({ objectPath: '[vdso]' }), 'native');
  assert.equal(classified({}), 'unknown');
  assert.equal(classified({ objectPath: '' }), 'unknown');
  assert.equal(classified({ name: 'vfs_read', kind: 'kernel' }), 'kernel');
  assert.equal(classified({ name: 'loop', kind: 'jit', objectPath: '' }), 'unknown');
});
