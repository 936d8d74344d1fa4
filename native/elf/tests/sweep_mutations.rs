//! Damaged debug information is swept without panics, in bounded work. Deterministic: a failure prints its seed.

use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;

use bee_elf::{
    functions_at, symbols_at, CodeWalk, DebugSections, ElfFile, SweepPlan, UnitOutcome, UnitSweeper, Work,
    DEBUG_SECTION_NAMES,
};

const MUTATIONS: u64 = 8_000;
/// With all programs together more than five million.
const MANY_MUTATIONS: u64 = 850_000;

const FIRST: &str = "namespace shop { template <class T> struct Cart { T total; inline T add(T n) { return total += n * 3; } };
    static inline int twice(int n) { { int m = n * 2; if (n > 3) return m + n; } return n; }
    struct Base { virtual int price(int); }; int Base::price(int n) { return twice(n) + Cart<int>{n}.add(twice(n + 1)); } }
    int elsewhere(int); extern \"C\" int shown(int n) { shop::Cart<long> cart{n}; for (int i = 0; i < n; i++) cart.add(elsewhere(i));
    auto closure = [&](int m) { return shop::twice(m) + (int)cart.total; }; return closure(n) + shop::Base().price(n); }\n";
const SECOND: &str = "static inline int square(int n) { return n * n; }
    int elsewhere(int n) { return n > 7 ? square(n) + 1 : square(n + square(2)); }\n";

/// xorshift64*
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// A program's debug sections back to back, so that damage may strike any of them.
struct Program {
    bytes: Vec<u8>,
    sections: Vec<Range<usize>>,
    addresses: Vec<u64>,
}

impl Program {
    fn compiled(compiler: &str, flags: &[&str]) -> Program {
        let folder = Scratch::new();
        std::fs::write(folder.0.join("first.cpp"), FIRST).unwrap();
        std::fs::write(folder.0.join("second.cpp"), SECOND).unwrap();
        let mut command = Command::new(compiler);
        command.current_dir(&folder.0).args(["-shared", "-fPIC", "-nostdlib", "-o", "code.so"]).args(flags);
        assert!(command.args(["first.cpp", "second.cpp"]).status().unwrap().success());
        Program::read(&std::fs::read(folder.0.join("code.so")).unwrap())
    }

    fn read(data: &[u8]) -> Program {
        let elf = ElfFile::parse(data).unwrap();
        let mut program = Program { bytes: Vec::new(), sections: Vec::new(), addresses: Vec::new() };
        for name in DEBUG_SECTION_NAMES {
            let start = program.bytes.len();
            program.bytes.extend_from_slice(elf.section(name).map_or(&[], |section| section.bytes));
            program.sections.push(start..program.bytes.len());
        }
        let code = elf.executable_segments().next().unwrap();
        program.addresses = (code.vaddr..code.vaddr + code.memory_size).step_by(3).collect();
        program
    }

    /// The outcomes of its units, and how many frames have a name.
    fn sweep(&self, bytes: &[u8], length_of_info: usize) -> (Vec<UnitOutcome>, usize) {
        let mut slices: Vec<&[u8]> = self.sections.iter().map(|range| &bytes[range.clone()]).collect();
        slices[0] = &slices[0][..length_of_info];
        let sections = DebugSections::new(std::array::from_fn(|index| slices[index]));
        let work = Work::for_bytes(sections.byte_length());
        let Some(plan) = SweepPlan::new(&sections, &self.addresses, &work) else { return (Vec::new(), 0) };
        let mut sweeper = UnitSweeper::new(&sections, &plan, &work);
        let outcomes = plan.planned.iter().map(|planned| sweeper.sweep(planned, &self.addresses)).collect();
        let names = sweeper.names().len();
        let frames = sweeper.addresses().iter().flat_map(|address| sweeper.frames(address));
        let named = frames.filter(|frame| frame.name != 0).inspect(|frame| assert!((frame.name as usize) < names));
        (outcomes, named.count())
    }
}

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("bee-sweep-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const PROGRAMS: [&[&str]; 6] = [
    &["-O2", "-g", "-gdwarf-5"],
    &["-O2", "-g", "-gdwarf-4"],
    &["-O2", "-g", "-gdwarf-3", "-gstrict-dwarf"],
    &["-O2", "-g", "-gdwarf-2", "-gstrict-dwarf"],
    &["-O0", "-g", "-gdwarf-5", "-gdwarf64"],
    &["-O2", "-g", "-gdwarf-5", "-gsplit-dwarf"],
];

fn mutate(program: &Program, mutations: u64) {
    let info_bytes = program.sections[0].len();
    let filled: Vec<&Range<usize>> = program.sections.iter().filter(|range| !range.is_empty()).collect();
    let mut bytes = program.bytes.clone();
    for seed in 1..=mutations {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let changed: Vec<usize> = (0..=random.below(5))
            .map(|_| {
                let range = filled[random.below(filled.len())];
                let position = range.start + random.below(range.len());
                bytes[position] = match random.below(3) {
                    0 => bytes[position] ^ (1 << random.below(8)),
                    1 => [0, 0xff, 0x7f, 0x80][random.below(4)],
                    _ => random.next() as u8,
                };
                position
            })
            .collect();
        let length = if random.below(8) == 0 { random.below(info_bytes) } else { info_bytes };
        let swept = std::panic::catch_unwind(|| program.sweep(&bytes, length));
        assert!(swept.is_ok(), "seed {seed} panics");
        changed.iter().for_each(|&position| bytes[position] = program.bytes[position]);
    }
}

#[test]
fn what_is_not_damaged_is_read() {
    for flags in &PROGRAMS[..5] {
        let program = Program::compiled("g++", flags);
        let (outcomes, named) = program.sweep(&program.bytes, program.sections[0].len());
        assert_eq!(outcomes, [UnitOutcome::Read, UnitOutcome::Read], "{flags:?}");
        assert!(named > 50, "{flags:?}: {named}");
    }
    let split = Program::compiled("g++", PROGRAMS[5]);
    let (outcomes, _) = split.sweep(&split.bytes, split.sections[0].len());
    assert_eq!(outcomes, [UnitOutcome::WithoutSplitFile, UnitOutcome::WithoutSplitFile]);
}

#[test]
fn damaged_debug_information() {
    PROGRAMS.iter().for_each(|flags| mutate(&Program::compiled("g++", flags), MUTATIONS));
}

#[test]
#[ignore = "minutes"]
fn much_damaged_debug_information() {
    PROGRAMS.iter().for_each(|flags| mutate(&Program::compiled("g++", flags), MANY_MUTATIONS));
}

/// However often a unit is read, the steps of its file come to an end.
#[test]
fn work_is_bounded() {
    let program = Program::compiled("g++", PROGRAMS[0]);
    let slices: Vec<&[u8]> = program.sections.iter().map(|range| &program.bytes[range.clone()]).collect();
    let sections = DebugSections::new(std::array::from_fn(|index| slices[index]));
    let work = Work::for_bytes(0);
    let plan = SweepPlan::new(&sections, &program.addresses, &work).unwrap();
    let mut sweeper = UnitSweeper::new(&sections, &plan, &work);
    let mut sweeps = 0u64;
    while sweeper.sweep(&plan.planned[0], &program.addresses) != UnitOutcome::Unreadable {
        sweeps += 1;
        assert!(sweeps < 4_000_000, "a sweep costs nothing");
    }
    assert!(sweeps > 0);
}

#[test]
fn symbols_of_damaged_tables() {
    let original = std::fs::read("/bin/true").unwrap();
    let header_start = original.len() - 64 * 32;
    let addresses: Vec<u64> = (0..0x8000).step_by(64).collect();
    let mut data = original.clone();
    for seed in 1..=MUTATIONS {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let changed: Vec<usize> = (0..4)
            .map(|_| {
                let start = if random.below(2) == 0 { header_start } else { 0x300 };
                let position = start + random.below(64 * 32);
                data[position] = random.next() as u8;
                position
            })
            .collect();
        let found =
            ElfFile::parse(&data).map(|elf| (symbols_at(&elf, &addresses).len(), check_functions(&elf, &addresses)));
        assert!(found.is_err() || found == Ok((addresses.len(), addresses.len())), "seed {seed}");
        changed.iter().for_each(|&position| data[position] = original[position]);
    }
}

/// Their number. Each holds its address, and those without a size are walked.
fn check_functions(elf: &ElfFile<'_>, addresses: &[u64]) -> usize {
    let functions = functions_at(&[elf, elf], addresses);
    for (function, &address) in functions.iter().zip(addresses) {
        let Some(function) = function else { continue };
        assert!(function.start <= address && (function.size == 0 || address - function.start < function.size));
        CodeWalk::from(function.start).reaches(elf.code_from(function.start).unwrap_or_default(), address);
    }
    functions.len()
}
