import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ElfCrate, ElfFacts } from '../../../../src/ffi/elf-facts.js';
import { type SymbolTarget, symbolWarning } from '../../../../src/run/targets/warnings/symbol-warning.js';

const COMPLETE: ElfFacts = {
  buildId: '',
  debugLink: '',
  debugFile: '',
  hasSymbols: true,
  hasDynamicSymbols: false,
  hasMiniDebugInfo: false,
  hasDebugInfo: true,
  hasDebugLines: true,
  areUnitsWhole: true,
  otherUnitCount: 0,
  crates: [],
};

const TARGET: SymbolTarget = {
  name: 'server',
  profile: 'release',
  debuginfo: '1',
  isDerived: false,
  isAsIs: true,
  sourcePath: '/home/me/web/src/main.rs',
};

function unit(directory: string, source: string, more: Partial<ElfCrate> = {}): ElfCrate {
  return { directory, source, isSplit: false, unitCount: 1, names: 'full', ...more };
}

const OWN = unit('/home/me/web', 'src/main.rs');

function codeOf(facts: Partial<ElfFacts>, target: Partial<SymbolTarget> = {}): string | undefined {
  return symbolWarning({ ...COMPLETE, ...facts }, { ...TARGET, ...target })?.code;
}

const STD_UNITS: Record<string, ElfCrate[]> = {
  'the project’s builds': [
    unit('/rustc/59807616e1fa', '/rustc/59807616e1fa/library/std/src/lib.rs'),
    unit('/rust/deps/memchr-2.7.6', '/rust/deps/memchr-2.7.6/src/lib.rs'),
  ],
  'older ones': [
    unit('/rustc/90b35a623', '/rustc/90b35a623/library/std/src/lib.rs'),
    unit('/cargo/registry/src/github.com-1ecc6299db9ec823/memchr-2.5.0', 'src/lib.rs'),
  ],
  'a distribution': [
    unit('/usr/src/rustc-1.63.0', '/usr/src/rustc-1.63.0/library/std/src/lib.rs'),
    unit('/usr/src/rustc-1.63.0/vendor/memchr', 'src/lib.rs'),
  ],
  'build-std': [
    unit('/root/.rustup/toolchains/n/lib/rustlib/src/rust', 'library/core/src/lib.rs'),
    unit('/root/.rustup/toolchains/n/lib/rustlib/src/rust/library', 'std/src/lib.rs'),
  ],
};
for (const [origin, crates] of Object.entries(STD_UNITS)) {
  test(`std of ${origin} is not the program’s own code`, () => {
    assert.equal(codeOf({ crates }), 'no-debuginfo');
    assert.equal(codeOf({ crates: [...crates, OWN] }), undefined);
  });
}

test('a program that has a library folder of its own is not taken for std', () => {
  assert.equal(codeOf({ crates: [unit('/home/me/web', 'library/std/src/lib.rs')] }), undefined);
});

test('what is not understood raises no warning', () => {
  assert.equal(codeOf({ areUnitsWhole: false }), undefined);
  assert.equal(codeOf({ areUnitsWhole: false, hasSymbols: false }), undefined);
  assert.equal(codeOf({ areUnitsWhole: false, crates: [OWN] }, { debuginfo: '0' }), undefined);
  assert.equal(codeOf({ crates: [{ ...OWN, names: 'unknown' }] }), undefined);
});

test('names may also come from the compressed symbol table', () => {
  assert.equal(codeOf({ hasSymbols: false, hasDebugInfo: false }), 'no-symbols');
  assert.equal(codeOf({ hasSymbols: false, hasDebugInfo: false, hasMiniDebugInfo: true }), 'no-debuginfo');
});

test('RUSTFLAGS that add what the profile lacks raise no warning', () => {
  assert.equal(codeOf({ crates: [OWN] }, { debuginfo: '0' }), undefined);
});

test('a path that was remapped is no sign that the program’s units are missing', () => {
  const crates = [unit('/remapped', 'src/main.rs')];
  assert.equal(codeOf({ crates }), undefined);
  assert.equal(codeOf({ crates }, { sourcePath: undefined, debuginfo: '0' }), undefined);
});

test('a dependency with short names is not the program', () => {
  const dependency = unit('/home/me/.cargo/registry/src/index/one-1.0.0', 'src/lib.rs', { names: 'short' });
  assert.equal(codeOf({ crates: [OWN, dependency] }), undefined);
  assert.equal(
    codeOf({
      crates: [
        { ...OWN, names: 'short' },
        { ...dependency, names: 'full' },
      ],
    }),
    'short-names',
  );
});

test('split units are read where they are, and their names are what the profile asked for', () => {
  const crates = [{ ...OWN, source: '', isSplit: true, names: 'unknown' } as const];
  assert.equal(codeOf({ crates }), undefined);
  const short = symbolWarning({ ...COMPLETE, crates }, { ...TARGET, debuginfo: 'line-tables-only' });
  assert.equal(short?.code, 'short-names');
});

test('the advice names the profile that was built, and not --as-is where that was not typed', () => {
  const facts = { ...COMPLETE, hasSymbols: false, hasDebugInfo: false };
  const adviceFor = (target: Partial<SymbolTarget>) =>
    symbolWarning(facts, { ...TARGET, ...target })?.message.split('; ')[1];
  assert.equal(
    adviceFor({ profile: 'dist' }),
    `leave out --as-is, or add --config profile.dist.debug=1 --config 'profile.dist.strip="none"' to cargo's arguments`,
  );
  assert.match(adviceFor({ isAsIs: false }) ?? '', /^add --config profile\.release\.debug=1 /);
  assert.match(adviceFor({ isDerived: true }) ?? '', /RUSTFLAGS/);
});
