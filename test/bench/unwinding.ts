import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtRipgrep } from '../full/built-ripgrep.js';
import { builtTokioServer } from '../full/built-tokio-server.js';
import { completePercent, type Summary } from '../kernel/results/summary.js';
import { builtProgram } from '../kernel/running/fixture-programs.js';
import { commandPath } from '../kernel/running/repository.js';
import { scratchDirectory } from '../kernel/running/scratch-directory.js';
import { type Figure, megabytes, milliseconds } from './figure.js';
import { deepWithFramePointers, kernelWalkNsPerFrame } from './kernel-walk.js';
import { outputFlags, readSummary } from './profiled-command.js';

const PROFILE_BEE = [process.execPath, commandPath('profile-bee'), '--frequency', '997'];

interface Workload {
  name: string;
  command: string[];
  /** Of a frame in BPF, where one is aimed at. */
  aim: string;
}

/** What a frame costs in the kernel, how many stacks are whole, and how fast tables are built. */
export function unwinding(): Figure[] {
  return [...workloads().map(costAndCompleteness), besideTheKernelsWalk(), ...tables()];
}

/** Programs of some seconds each, one kind of stack after the other. */
function workloads(): Workload[] {
  const sources = scratchDirectory();
  const [cpp, rust] = [join(sources, 'program.cpp'), join(sources, 'program.rs')];
  writeFileSync(cpp, CPP_SOURCE);
  writeFileSync(rust, rustSource(60));
  return [
    {
      name: 'recursion, 900 small frames',
      command: [builtProgram('deep'), '--seconds', '5'],
      aim: '≤ 100 ns',
    },
    { name: 'rustc -O', command: rustc(rust), aim: '≤ 250 ns' },
    { name: 'cc1plus -O2', command: ['g++', '-O2', '-S', cpp, '-o', `${cpp}.s`], aim: '' },
    {
      name: 'ripgrep',
      command: [builtRipgrep('1'), '--no-messages', '-c', SEARCHED, ...SEARCHED_IN],
      aim: '',
    },
    { name: 'a tokio server', command: [builtTokioServer(), '200000'], aim: '' },
    { name: 'CPython', command: ['/usr/bin/env', 'python3', '-c', PYTHON_SOURCE], aim: '' },
    { name: 'node', command: [process.execPath, '-e', NODE_SOURCE], aim: '' },
  ];
}

function rustc(source: string): string[] {
  const toolchain = execFileSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' }).trim();
  const args = ['-O', '--crate-type=lib', '--emit=obj', '-o', `${source}.o`, source];
  return [join(toolchain, 'bin', 'rustc'), ...args];
}

function costAndCompleteness({ name, command, aim }: Workload): Figure {
  const whole = profiled(command);
  const leaf = profiled(command, '--max-depth', '1');
  const framePointers = profiled(command, '--unwind', 'fp');
  const { frameNs, sampleNs } = costs(whole, leaf);
  const perStack = (whole.frames.user / Math.max(whole.stacks.user, 1)).toFixed(0);
  return {
    name: `${name}: a frame in BPF, ${perStack} frames a stack; complete stacks`,
    measured: `${frameNs.toFixed(0)} ns, and ${(sampleNs / 1000).toFixed(1)} µs a sample (together ${nsPerFrame(whole)} a frame); ${completePercent(whole).toFixed(2)} % of ${whole.stacks.user}`,
    aim: `${aim}${aim === '' ? '' : '; '}≥ 99.9 %`,
    compared: `by frame pointers ${nsPerFrame(framePointers)} a frame in all, ${completePercent(framePointers).toFixed(2)} % complete`,
  };
}

/** Two points of a line: samples with all of their frames, and with the first alone. */
function costs(whole: Summary, leaf: Summary): { frameNs: number; sampleNs: number } {
  const [all, one] = [whole, leaf].map(({ cost, frames, samples }) => ({
    ns: cost.bpfRunNs / samples.fired,
    frames: frames.user / samples.fired,
  })) as [{ ns: number; frames: number }, { ns: number; frames: number }];
  const frameNs = (all.ns - one.ns) / (all.frames - one.frames);
  return { frameNs, sampleNs: one.ns - one.frames * frameNs };
}

function nsPerFrame({ cost, frames }: Summary): string {
  return `${(cost.bpfRunNs / (frames.user + frames.kernel)).toFixed(0)} ns`;
}

/** Both walk the same stacks at the same ticks, and both figures are all of a sample over its frames. */
function besideTheKernelsWalk(): Figure {
  const { profiler, summaryPath } = profilerCommand([deepWithFramePointers(), '--seconds', '5']);
  const kernelNs = kernelWalkNsPerFrame(profiler);
  return {
    name: 'recursion with frame pointers: a frame in BPF by DWARF',
    measured: nsPerFrame(readSummary(summaryPath)),
    aim: '',
    compared: `the kernel's own walk by frame pointers: ${kernelNs.toFixed(0)} ns, of 127 frames at most`,
  };
}

/** Of a compiler with two million rows: the first process of a session, and fifty more whose files are known. */
function tables(): Figure[] {
  const [compiler = ''] = rustc('');
  const once = profiled([compiler, '--version']);
  const often = profiled(['bash', '-c', `for i in {1..51}; do '${compiler}' --version; done`]);
  const rows = once.cost.tableBytes / 4;
  const coldNs = once.phasesNs.tables!;
  return [
    {
      name: `tables of a rustc process, ${(rows / 1e6).toFixed(1)} M rows, read and loaded`,
      measured: `${milliseconds(coldNs)} (${(rows / (coldNs / 1e3)).toFixed(1)} M rows/s)`,
      aim: '≤ 200 ms; ≥ 15 M rows/s',
      compared: `${megabytes(once.cost.tableBytes)} in the kernel`,
    },
    {
      name: '… CPU of the sampler for each of fifty more, their files known',
      measured: milliseconds((often.cost.samplerCpuNs - once.cost.samplerCpuNs) / 50),
      aim: '≤ 5 ms',
      compared: '',
    },
  ];
}

function profiled(command: readonly string[], ...flags: string[]): Summary {
  const { profiler, summaryPath } = profilerCommand(command, ...flags);
  const [node = '', ...args] = profiler;
  execFileSync(node, args, { stdio: 'ignore' });
  return readSummary(summaryPath);
}

function profilerCommand(command: readonly string[], ...flags: string[]) {
  const output = outputFlags();
  const profiler = [...PROFILE_BEE, ...flags, ...output.flags, '--', ...command];
  return { profiler, summaryPath: output.summaryPath };
}

const SEARCHED_IN = Array<string>(6).fill('/usr/include');
const SEARCHED = '\\w+\\s+\\w+\\s+\\w+';

const CPP_SOURCE = `#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>
template <int N> struct Chain { static int run(std::map<int, std::vector<std::string>> &m) {
  std::regex r("a*b" + std::to_string(N)); auto &v = m[N]; v.push_back("x"); std::sort(v.begin(), v.end());
  return std::regex_match(v[0], r) + Chain<N - 1>::run(m); } };
template <> struct Chain<0> { static int run(std::map<int, std::vector<std::string>> &) { return 0; } };
int main() { std::map<int, std::vector<std::string>> m; std::cout << Chain<300>::run(m); }
`;

const PYTHON_SOURCE = `import json, re, time
def parse(depth):
    return json.loads(json.dumps({'a': list(range(50))})) if depth == 0 else parse(depth - 1)
end = time.time() + 5
while time.time() < end:
    parse(20); re.sub('[a-z]+', lambda m: m.group().upper(), 'some words ' * 50); sorted(range(2000), key=lambda x: -x)
`;

const NODE_SOURCE = `const end = Date.now() + 5000;
const parse = (depth) => depth === 0 ? JSON.parse(JSON.stringify({ a: [...Array(50).keys()] })) : parse(depth - 1);
while (Date.now() < end) { parse(20); [...Array(2000).keys()].sort((a, b) => b - a); 'some words '.repeat(50).replace(/[a-z]+/g, (m) => m.toUpperCase()); }
`;

function rustSource(functions: number): string {
  const one = (index: number): string =>
    `pub fn f${index}(v: &mut Vec<u64>) -> u64 { v.sort_by_key(|x| x ^ ${index}); v.iter().filter(|x| **x % ${index + 2} == 0).map(|x| x * ${index}).sum() }`;
  return Array.from({ length: functions }, (_, index) => one(index)).join('\n');
}
