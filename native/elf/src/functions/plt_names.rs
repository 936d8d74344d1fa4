use std::collections::HashMap;

use crate::code::plt::{ENDBR64, PLT_SECTIONS};
use crate::file::elf_file::{ElfFile, MAX_TABLES_READ, SYMBOL_SIZE};
use crate::file::reader::Reader;
use crate::file::sections::{Section, SHT_DYNSYM};

const SHT_RELA: u32 = 4;
const RELOCATION_BYTES: usize = 24;
const R_X86_64_GLOB_DAT: u32 = 6;
const R_X86_64_JUMP_SLOT: u32 = 7;
/// `.plt.got` has slots of eight bytes where they are a jump alone.
const SLOT_BYTES: [u64; 2] = [16, 8];

/// Where a stub finds its function's address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Target {
    /// In the word at this address, of the GOT.
    Word(u64),
    /// By this relocation of .rela.plt.
    Relocation(u64),
}

/// For each address the function to which the PLT stub around it jumps, by the dynamic symbols. `None` outside of
/// stubs, for their common header, and for IFUNCs of the file's own, which have no name there.
pub fn plt_functions<'data>(elf: &ElfFile<'data>, addresses: &[u64]) -> Vec<Option<&'data [u8]>> {
    let sections: Vec<Section> = PLT_SECTIONS.iter().filter_map(|name| elf.sections.find(name)).collect();
    let targets: Vec<Option<Target>> =
        addresses.iter().map(|&address| sections.iter().find_map(|section| target_at(elf, section, address))).collect();
    if targets.iter().all(Option::is_none) {
        return vec![None; addresses.len()];
    }
    let mut names: HashMap<Target, Option<&[u8]>> = targets.iter().flatten().map(|&target| (target, None)).collect();
    read_names(elf, &mut names);
    targets.iter().map(|target| names[target.as_ref()?]).collect()
}

fn target_at(elf: &ElfFile<'_>, section: &Section, address: u64) -> Option<Target> {
    let offset = address.checked_sub(section.address).filter(|&offset| offset < section.size)?;
    let slot_bytes = SLOT_BYTES.into_iter().find(|&bytes| bytes == section.entry_size).unwrap_or(SLOT_BYTES[0]);
    let start = offset - offset % slot_bytes;
    let bytes = elf.sections.bytes(section)?.get(start as usize..)?;
    target_of(section.address.wrapping_add(start), &bytes[..bytes.len().min(slot_bytes as usize)])
}

/// `[endbr64;] [bnd] jmp *GOT(%rip)`, or of a lazy stub with a second one behind it `push $n`.
fn target_of(address: u64, slot: &[u8]) -> Option<Target> {
    let body = slot.strip_prefix(&ENDBR64).unwrap_or(slot);
    let jump = body.strip_prefix(&[0xf2]).unwrap_or(body);
    let mut operand = Reader::new(jump.get(2..).unwrap_or_default());
    if jump.starts_with(&[0xff, 0x25]) {
        let distance = i64::from(operand.u32()? as i32);
        let end = address.wrapping_add((slot.len() - jump.len() + 6) as u64);
        return Some(Target::Word(end.wrapping_add_signed(distance)));
    }
    let number = Reader::new(body.strip_prefix(&[0x68])?).u32()?;
    Some(Target::Relocation(u64::from(number)))
}

fn read_names<'data>(elf: &ElfFile<'data>, names: &mut HashMap<Target, Option<&'data [u8]>>) {
    let of_plt = elf.sections.find(".rela.plt").map(|section| section.offset);
    let tables = elf.sections.iter().filter(|section| section.kind == SHT_RELA).take(MAX_TABLES_READ);
    for table in tables {
        let relocations = elf.sections.bytes(&table).unwrap_or_default().chunks_exact(RELOCATION_BYTES);
        for (number, relocation) in relocations.enumerate() {
            let Some((word, symbol)) = named_word(relocation) else { continue };
            let by_number = Target::Relocation(number as u64);
            let wanted = [Some(Target::Word(word)), (of_plt == Some(table.offset)).then_some(by_number)];
            for target in wanted.into_iter().flatten() {
                if let Some(name) = names.get_mut(&target) {
                    *name = symbol_name(elf, symbol);
                }
            }
        }
    }
}

/// The word that the loader fills with a symbol's address, and the symbol's number.
fn named_word(relocation: &[u8]) -> Option<(u64, usize)> {
    let mut reader = Reader::new(relocation);
    let (word, kind, symbol) = (reader.u64()?, reader.u32()?, reader.u32()?);
    matches!(kind, R_X86_64_GLOB_DAT | R_X86_64_JUMP_SLOT).then_some((word, symbol as usize))
}

fn symbol_name<'data>(elf: &ElfFile<'data>, number: usize) -> Option<&'data [u8]> {
    let table = elf.sections.iter().find(|section| section.kind == SHT_DYNSYM)?;
    let strings = elf.sections.iter().nth(table.link as usize).and_then(|section| elf.sections.bytes(&section))?;
    let symbol = elf.sections.bytes(&table)?.get(number.checked_mul(SYMBOL_SIZE)?..)?;
    let name = Reader::new(symbol).u32()?;
    Reader::new(strings.get(name as usize..)?).c_string().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stubs_of_each_linker_say_where_they_jump_to() {
        let lazy = [0xff, 0x25, 0xca, 0x2f, 0, 0, 0x68, 1, 0, 0, 0, 0xe9, 0xe0, 0xff, 0xff, 0xff];
        assert_eq!(target_of(0x1030, &lazy), Some(Target::Word(0x4000)));
        let with_endbr = [0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0xca, 0x2f, 0, 0, 0x0f, 0x1f, 0x44, 0, 0];
        assert_eq!(target_of(0x1030, &with_endbr), Some(Target::Word(0x4005)));
        let second_of_lazy = [0xf3, 0x0f, 0x1e, 0xfa, 0x68, 7, 0, 0, 0, 0xf2, 0xe9, 0, 0, 0, 0, 0x90];
        assert_eq!(target_of(0x1030, &second_of_lazy), Some(Target::Relocation(7)));
        let backwards = [0xff, 0x25, 0xf0, 0xff, 0xff, 0xff, 0x66, 0x90];
        assert_eq!(target_of(0x1000, &backwards), Some(Target::Word(0xff6)));
    }

    #[test]
    fn headers_and_torn_slots_are_no_stubs() {
        let header = [0xff, 0x35, 0xca, 0x2f, 0, 0, 0xff, 0x25, 0xcc, 0x2f, 0, 0, 0x0f, 0x1f, 0x40, 0];
        for slot in [&header[..], &[0xff, 0x25, 1], &[0x68, 1, 0], &[0xf3, 0x0f, 0x1e, 0xfa], &[]] {
            assert_eq!(target_of(0x1020, slot), None);
        }
    }
}
