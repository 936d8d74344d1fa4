//! Damaged files neither panic nor break what a table promises. Deterministic: a failure prints its seed.
mod elf_image;

use bee_elf::{unwind_table, DebugUnits, ElfFile, FunctionRanges};
use elf_image::{Cfi, DebugFrame, Image, TEXT};

const MUTATIONS: u64 = 300_000;

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
        (self.next() % limit as u64) as usize
    }
}

fn check(data: &[u8], seed: u64) {
    let Ok(elf) = ElfFile::parse(data) else {
        return;
    };
    let _ = (elf.build_id(), elf.interpreter(), elf.has_section(".plt"));
    let _ = (elf.address_of_file_offset(0x1000), elf.bias(1 << 40, 0x1000));
    let _ = (elf.debug_link(), elf.has_function_symbols(false), elf.has_function_symbols(true));
    check_units(&DebugUnits::find(&elf), data.len(), seed);
    check_functions(&FunctionRanges::read(&elf), seed);
    let Ok(table) = unwind_table(&elf) else {
        return;
    };
    let ascends = table.rows.windows(2).all(|rows| rows[0].address < rows[1].address);
    assert!(ascends, "seed {seed}: rows do not ascend");
    let differs = table.rows.windows(2).all(|rows| rows[0].rule != rows[1].rule);
    assert!(differs, "seed {seed}: neighbours alike");
    let mut segments: Vec<_> = elf.executable_segments().collect();
    segments.sort_by_key(|segment| segment.vaddr);
    for row in &table.rows {
        let is_inside = segments.iter().any(|s| s.vaddr <= row.address && row.address < s.end());
        assert!(is_inside, "seed {seed}: {:#x} in no segment", row.address);
        assert!((row.rule as usize) < table.rules.len(), "seed {seed}: no such rule");
    }
}

fn check_units(units: &DebugUnits<'_>, file_bytes: usize, seed: u64) {
    let mut count = 0;
    for unit in units.iter() {
        let _ = units.function_names(&unit);
        let texts = [Some(unit.name), Some(unit.directory), unit.split_file];
        let is_inside = texts.into_iter().flatten().all(|text| text.len() < file_bytes && !text.contains(&0));
        assert!(is_inside, "seed {seed}: a text that is none");
        count += 1;
    }
    assert!(count <= file_bytes / 12, "seed {seed}: more units than have place");
}

fn check_functions(functions: &FunctionRanges, seed: u64) {
    let ranges = functions.as_slice();
    assert!(ranges.iter().all(|range| range.start < range.end), "seed {seed}: an empty function");
    assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "seed {seed}: functions overlap");
    for range in ranges.iter().take(100) {
        assert_eq!(functions.start_of(range.end - 1), Some(range.start), "seed {seed}");
    }
}

/// Changes a few bytes in one of the ranges, a few hundred thousand times.
fn mutate(original: &[u8], ranges: &[std::ops::Range<usize>], mutations: u64) {
    check(original, 0);
    let mut data = original.to_vec();
    for seed in 1..=mutations {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut changed = Vec::new();
        for _ in 0..=random.below(6) {
            let range = &ranges[random.below(ranges.len())];
            let position = range.start + random.below(range.len());
            changed.push(position);
            data[position] = match random.below(4) {
                0 => data[position] ^ (1 << random.below(8)),
                1 => [0, 0xff, 0x7f, 0x80][random.below(4)],
                _ => random.next() as u8,
            };
        }
        let length = match random.below(8) {
            0 => random.below(data.len()),
            _ => data.len(),
        };
        check(&data[..length], seed);
        for position in changed {
            data[position] = original[position];
        }
    }
}

#[test]
fn damaged_program_of_the_system() {
    let data = std::fs::read("/bin/true").unwrap();
    let section = |name: &str| {
        use object::{Object, ObjectSection};
        let file = object::File::parse(&data[..]).unwrap();
        let range = file.section_by_name(name).unwrap().file_range().unwrap();
        range.0 as usize..(range.0 + range.1) as usize
    };
    let section_headers = data.len() - 0x700..data.len();
    let ranges = [
        0..0x40,
        0x40..0x300,
        section_headers,
        section(".eh_frame"),
        section(".eh_frame"),
        section(".eh_frame_hdr"),
        section(".plt.got"),
        section(".init"),
        section(".fini"),
    ];
    mutate(&data, &ranges, MUTATIONS / 3);
}

#[test]
fn damaged_file_with_every_instruction() {
    let instructions = [
        0x41, 0x0e, 16, 0x86, 2, 0x02, 3, 0x0a, 0x13, 0x7e, 0x41, 0x12, 6, 0x7d, 0x41, 0x11, 6, 2, 0x41, 0x05, 6, 3,
        0x41, 0x2f, 6, 4, 0x03, 1, 0, 0x06, 6, 0x2e, 32, 0x41, 0x0f, 3, 0x76, 0x78, 6, 0x10, 6, 2, 0x76, 0, 0x04, 1, 0,
        0, 0, 0x07, 16, 0x41, 0x0b, 0x16, 3, 1, 0x50,
    ];
    let slot = [0xff, 0x25, 0, 0, 0, 0, 0x68, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0];
    let mut image = Image::with_cfi(
        Cfi::new()
            .fde(0x40, 0x80, &instructions)
            .fde(0x90, 0x80, &instructions)
            .cie(b"zPLRS\0", &[0x9b, 1, 2, 3, 4, 0x1b, 0x1b], &[0x0c, 7, 8, 0x90, 1])
            .fde(0x200, 9, &[0x0f, 1, 0x50]),
    );
    image.text = [slot, slot].concat();
    image.text.resize(0x110, 0x90);
    image.text.extend([0x0f, 0x05]);
    image.text_section = Some(".plt");
    image.symbols = vec![(TEXT + 0x300, 0x20)];
    image.entry = TEXT + 0x300;
    let data = image.bytes();
    let ranges = [0..64, 64..0x158, 0x2000..data.len(), 0x2000..data.len(), 0x1040..0x1060];
    mutate(&data, &ranges, MUTATIONS);
}

/// A Rust program's units in every version and place, std's left out of the bytes that change.
#[test]
fn damaged_debug_frame() {
    let debug_frame = DebugFrame::new(true).fde(0x40, 0x20, &[0x41, 0x0e, 16]).fde(0x80, 0x40, &[0x44, 0x0a, 0x0b]);
    let short = DebugFrame::new(false).fde(0x200, 0x20, &[0x41, 0x0e, 32]).bytes;
    let image = Image { debug_frame: debug_frame.bytes, text_section: Some(".text"), ..Image::default() };
    for image in [image, Image { debug_frame: short, text_section: Some(".text"), ..Image::default() }] {
        let data = image.bytes();
        let start = data.windows(image.debug_frame.len()).position(|part| part == image.debug_frame).unwrap();
        mutate(&data, &[start..start + image.debug_frame.len()], MUTATIONS / 10);
    }
}

#[test]
fn damaged_debug_information() {
    use object::{Object, ObjectSection};
    for version in ["4", "5"] {
        for split in ["off", "unpacked"] {
            let data = compiled(version, split);
            let file = object::File::parse(&data[..]).unwrap();
            let start = |name: &str, bytes: usize| {
                let Some(section) = file.section_by_name(name) else { return 0..0x40 };
                let (start, size) = section.file_range().unwrap();
                start as usize..start as usize + bytes.min(size as usize)
            };
            let section_headers = data.len() - 64 * 45..data.len();
            let ranges = [
                start(".debug_info", 0x60),
                start(".debug_info", 0x400),
                start(".debug_abbrev", 0x60),
                start(".debug_abbrev", 0x200),
                start(".debug_str_offsets", 0x40),
                section_headers,
            ];
            mutate_units(&data, &ranges);
        }
    }
}

/// The file is megabytes of std: its units only, and not the tables, for each damage.
fn mutate_units(original: &[u8], ranges: &[std::ops::Range<usize>]) {
    let mut data = original.to_vec();
    for seed in 1..=MUTATIONS / 10 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let changed: Vec<usize> = (0..=random.below(6))
            .map(|_| {
                let range = &ranges[random.below(ranges.len())];
                let position = range.start + random.below(range.len());
                data[position] = [0, 0xff, 0x7f, 0x80, random.next() as u8, data[position] ^ 1][random.below(6)];
                position
            })
            .collect();
        if let Ok(elf) = ElfFile::parse(&data) {
            check_units(&DebugUnits::find(&elf), data.len(), seed);
        }
        changed.iter().for_each(|&position| data[position] = original[position]);
    }
}

fn compiled(dwarf_version: &str, split: &str) -> Vec<u8> {
    let directory = std::env::temp_dir().join(format!("bee-mutations-{}-{dwarf_version}-{split}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("main.rs"), "fn main() { println!(\"{}\", std::env::args().count()) }").unwrap();
    let flags = [format!("-Cdwarf-version={dwarf_version}"), format!("-Csplit-debuginfo={split}")];
    let mut compiler = std::process::Command::new("rustc");
    compiler.current_dir(&directory).args(["-O", "-Cdebuginfo=1", "-oprogram", "main.rs"]).args(flags);
    assert!(compiler.status().unwrap().success());
    let data = std::fs::read(directory.join("program")).unwrap();
    std::fs::remove_dir_all(directory).unwrap();
    data
}

/// Code without call frame information: its own bytes, the symbols' and the headers'.
#[test]
fn damaged_code() {
    let code: Vec<u8> = CODE.iter().flat_map(|part| part.iter().copied()).collect();
    for text_section in [Some(".text"), None] {
        let mut image = Image::with_cfi(Cfi::new().fde(0x3e0, 0x10, &[]));
        image.text = code.clone();
        image.text_section = text_section;
        image.symbols = vec![(TEXT, 0x30), (TEXT + 0x40, 0)];
        image.entry = TEXT + 0x80;
        let data = image.bytes();
        let text = 0x1040..0x1040 + code.len();
        mutate(&data, &[text.clone(), text, 0..0x158, 0x2000..data.len()], MUTATIONS / 3);
    }
}

/// Frames of all kinds, a table of jumps, a system call of clone, and calls among them.
const CODE: [&[u8]; 8] = [
    &[0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xe4, 0xc0, 0x48, 0x89, 0x6c, 0x24, 0x08, 0xe8, 0x2d, 0, 0, 0],
    &[0x48, 0x8b, 0x64, 0x24, 0x08, 0xc9, 0xc3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90],
    &[0x41, 0x54, 0x83, 0xff, 0x03, 0x77, 0x12, 0x48, 0x8d, 0x15, 0x30, 0, 0, 0, 0x48, 0x63, 0x04, 0xba],
    &[0x48, 0x01, 0xd0, 0xff, 0xe0, 0x41, 0x5c, 0xc3, 0x0f, 0x0b, 0x66, 0x90, 0xcc, 0xcc, 0xcc, 0xcc],
    &[0x31, 0xc0, 0xb0, 0x38, 0x0f, 0x05, 0x85, 0xc0, 0x75, 0x0a, 0x5f, 0x41, 0xff, 0xd1, 0xb0, 0x3c, 0x0f, 0x05],
    &[0xf4, 0xc3, 0xc8, 0x20, 0, 0, 0xff, 0x74, 0x24, 0x10, 0x9c, 0x9d, 0x5c, 0xc2, 0x08, 0],
    &[0x4c, 0x8d, 0x9c, 0x24, 0, 0, 0xff, 0xff, 0x48, 0x81, 0xec, 0, 0x10, 0, 0, 0x4c, 0x39, 0xdc, 0x75, 0xf4],
    &[0x48, 0x87, 0xe0, 0x50, 0xff, 0xd6, 0x5c, 0xe2, 0xfe, 0xe3, 0xfc, 0xeb, 0xa0, 0x0f, 0xae, 0x24, 0x24, 0xc3],
];

#[test]
fn every_truncation() {
    let data = std::fs::read("/bin/true").unwrap();
    for length in (0..data.len()).step_by(7) {
        check(&data[..length], length as u64);
    }
}
