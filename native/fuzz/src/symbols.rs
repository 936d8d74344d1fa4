//! What the symbol tables, notes, links and root entries of a file say.
#![no_main]

mod code_addresses;

use bee_elf::{functions_at, symbols_at, CodeWalk, DebugUnits, ElfFile};
use code_addresses::code_addresses;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(elf) = ElfFile::parse(data) else { return };
    let addresses = code_addresses(&elf);
    for (symbol, address) in symbols_at(&elf, &addresses).iter().zip(&addresses) {
        assert!(symbol.is_none_or(|symbol| symbol.start <= *address));
    }
    for (symbol, &address) in functions_at(&[&elf, &elf], &addresses).iter().zip(&addresses) {
        let Some(symbol) = symbol else { continue };
        assert!(symbol.start <= address && (symbol.size == 0 || address - symbol.start < symbol.size));
        CodeWalk::from(symbol.start).reaches(elf.code_from(symbol.start).unwrap_or_default(), address);
    }
    let _ = (elf.has_function_symbols(false), elf.has_function_symbols(true), elf.build_id(), elf.interpreter());
    let _ = (elf.debug_link(), elf.supplement_link(), elf.supplement_id());
    let units = DebugUnits::find(&elf);
    for unit in units.iter() {
        units.function_names(&unit);
    }
});
