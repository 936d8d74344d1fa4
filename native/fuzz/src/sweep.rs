//! Names and lines of a file that is also its own .dwo file, package of them, and supplementary file.
#![no_main]

mod code_addresses;

use bee_elf::{DebugSections, ElfFile, PackageIndex, SplitFile, SweepPlan, UnitSweeper, Work, DEBUG_SECTION_NAMES};
use code_addresses::code_addresses;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(elf) = ElfFile::parse(data) else { return };
    let supplement = sections(&elf, "");
    sweep(&elf, &supplement.supplemented_by(&supplement), &code_addresses(&elf));
});

fn sections<'data>(elf: &ElfFile<'data>, suffix: &str) -> DebugSections<'data> {
    let bytes = |name: &str| elf.section(&format!("{name}{suffix}")).map_or(&[][..], |section| section.bytes);
    DebugSections::new(DEBUG_SECTION_NAMES.map(bytes))
}

fn sweep(elf: &ElfFile<'_>, sections: &DebugSections<'_>, addresses: &[u64]) {
    let split = self::sections(elf, ".dwo");
    let work = Work::for_bytes(sections.byte_length() + split.byte_length());
    let Some(mut plan) = SweepPlan::new(sections, addresses, &work) else { return };
    let skeletons = plan.skeletons(sections, &work);
    let index = elf.section(".debug_cu_index").and_then(|section| PackageIndex::read(section.bytes));
    let parse = |id: u64| {
        let packed = index.as_ref().and_then(|index| index.sections_of(id, &split));
        SplitFile::read(packed.unwrap_or(split), sections, &work)
    };
    let files: Vec<_> = skeletons.iter().map(|skeleton| parse(skeleton.id)).collect();
    for (skeleton, file) in skeletons.iter().zip(&files) {
        file.iter().filter(|file| file.has_unit(skeleton.id)).for_each(|file| plan.attach(skeleton, file));
    }
    let mut sweeper = UnitSweeper::new(sections, &plan, &work);
    for planned in &plan.planned {
        sweeper.sweep(planned, addresses);
    }
    check(&sweeper, addresses.len());
}

/// What the symbolizer relies on without looking.
fn check(sweeper: &UnitSweeper<'_, '_>, addresses: usize) {
    let (names, files) = (sweeper.names().len(), sweeper.files().len());
    for address in sweeper.addresses() {
        assert!((address.index as usize) < addresses);
        for frame in sweeper.frames(address) {
            assert!((frame.name as usize) < names && (frame.file as usize) < files);
        }
    }
}
