use bee_elf::ElfFile;

const PER_SEGMENT: u64 = 64;

/// Spread over the code of a file, sorted.
pub fn code_addresses(elf: &ElfFile<'_>) -> Vec<u64> {
    let segments = elf.executable_segments().take(4);
    let spread = segments.flat_map(|segment| {
        let step = (segment.memory_size / PER_SEGMENT).max(1);
        (0..PER_SEGMENT).map(move |index| segment.vaddr.wrapping_add(index.wrapping_mul(step)))
    });
    let mut addresses: Vec<u64> = spread.collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}
