//! What the file's headers say, and which files are refused.
mod elf_image;

use std::os::unix::fs::FileExt;

use bee_elf::{unwind_table, ElfError, ElfFile};
use elf_image::{Image, TEXT, TEXT_BYTES, TEXT_OFFSET};

fn error_of(data: &[u8]) -> ElfError {
    ElfFile::parse(data).err().unwrap()
}

#[test]
fn each_refusal_has_its_name() {
    let with = |position: usize, value: u8| {
        let mut data = Image::default().bytes();
        data[position] = value;
        error_of(&data)
    };
    assert_eq!(with(0, 0), ElfError::NotElf);
    assert_eq!(with(4, 1), ElfError::Not64Bit);
    assert_eq!(with(5, 2), ElfError::NotLittleEndian);
    assert_eq!(with(18, 183), ElfError::WrongMachine(183));
    assert_eq!(with(16, 1), ElfError::WrongType(1));
    let data = Image::default().bytes();
    assert_eq!(error_of(&data[..3]), ElfError::NotElf);
    assert_eq!(error_of(&data[..63]), ElfError::Truncated("file header"));
    assert_eq!(error_of(&data[..100]), ElfError::Truncated("program headers"));
}

#[test]
fn entry_interpreter_and_segments() {
    let image = Image { entry: TEXT + 5, interpreter: b"/lib64/ld-linux-x86-64.so.2\0".to_vec(), ..Image::default() };
    let data = image.bytes();
    let elf = ElfFile::parse(&data).unwrap();
    assert_eq!(elf.entry(), TEXT + 5);
    assert_eq!(elf.interpreter(), Some(&b"/lib64/ld-linux-x86-64.so.2"[..]));
    let segments: Vec<_> = elf.executable_segments().collect();
    assert_eq!(segments.len(), 1);
    assert_eq!((segments[0].vaddr, segments[0].offset), (TEXT, TEXT_OFFSET));
}

#[test]
fn addresses_of_file_offsets_are_not_the_offsets() {
    let data = Image::default().bytes();
    let elf = ElfFile::parse(&data).unwrap();
    assert_eq!(elf.address_of_file_offset(TEXT_OFFSET + 7), Some(TEXT + 7));
    assert_eq!(elf.address_of_file_offset(TEXT_OFFSET - 1), None);
    assert_eq!(elf.address_of_file_offset(TEXT_OFFSET + TEXT_BYTES as u64), None);
}

#[test]
fn a_mapping_begins_at_the_page_below_the_segment() {
    let data = Image::default().bytes();
    let elf = ElfFile::parse(&data).unwrap();
    let page = TEXT_OFFSET & !0xfff;
    // The byte at TEXT_OFFSET is mapped at 0x7000_0040 and has the address TEXT.
    assert_eq!(elf.bias(0x7000_0000, page), Some(0x7000_0040 - TEXT));
    assert_eq!(elf.bias(0x1000, page), Some(0x1040u64.wrapping_sub(TEXT)));
    assert_eq!(elf.bias(0x7000_0000, page - 0x1000), None);
    assert_eq!(elf.bias(0x7000_0000, 0x8000), None);
}

#[test]
fn build_id_behind_other_notes_of_both_alignments() {
    for align in [4, 8] {
        let mut notes = note(b"GNU\0", 5, &[1, 2, 3, 4, 5], align);
        notes.extend(note(b"stapsdt\0", 3, &[9; 7], align));
        notes.extend(note(b"GNU\0", 3, &[0xab; 20], align));
        let image = Image { notes: (notes, align as u64), ..Image::default() };
        let data = image.bytes();
        assert_eq!(ElfFile::parse(&data).unwrap().build_id(), Some(&[0xab; 20][..]), "{align}");
    }
    let data = Image::default().bytes();
    assert_eq!(ElfFile::parse(&data).unwrap().build_id(), None);
}

fn note(name: &[u8], kind: u32, content: &[u8], align: usize) -> Vec<u8> {
    let mut note = [name.len() as u32, content.len() as u32, kind].map(u32::to_le_bytes).concat();
    note.extend(name);
    note.resize(note.len().next_multiple_of(align), 0);
    note.extend(content);
    note.resize(note.len().next_multiple_of(align), 0);
    note
}

/// The mapping of the file's first byte shows the true bias, as this executable's first segment begins at address 0.
#[test]
fn bias_of_this_process_is_its_load_address() {
    let path = std::env::current_exe().unwrap();
    let data = std::fs::read(&path).unwrap();
    let elf = ElfFile::parse(&data).unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut load_address = None;
    let mut checked = 0;
    for line in maps.lines().filter(|line| line.ends_with(path.to_str().unwrap())) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let hex = |text| u64::from_str_radix(text, 16).unwrap();
        let start = hex(fields[0].split('-').next().unwrap());
        let offset = hex(fields[2]);
        if offset == 0 {
            load_address = Some(start);
        }
        if fields[1].contains('x') {
            assert_eq!(elf.bias(start, offset), load_address, "{line}");
            checked += 1;
        }
    }
    assert!(checked > 0, "{maps}");
}

#[test]
fn the_vdso_is_such_a_file() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|line| line.ends_with("[vdso]")).unwrap();
    let (start, rest) = line.split_once('-').unwrap();
    let hex = |text| u64::from_str_radix(text, 16).unwrap();
    let (start, end) = (hex(start), hex(rest.split(' ').next().unwrap()));
    let mut data = vec![0; (end - start) as usize];
    let memory = std::fs::File::open("/proc/self/mem").unwrap();
    memory.read_exact_at(&mut data, start).unwrap();
    let elf = ElfFile::parse(&data).unwrap();
    assert!(elf.build_id().is_some());
    assert_eq!(elf.bias(start, 0), Some(start));
    assert!(unwind_table(&elf).unwrap().rows.len() > 10);
}
