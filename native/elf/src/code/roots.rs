//! Outermost frames that call frame information does not mark.
use super::plt::ENDBR64;
use crate::file::elf_file::ElfFile;
use crate::file::sections::{SHT_DYNSYM, SHT_SYMTAB};
use crate::file::symbol_table::SymbolTable;
use crate::rows::region::{Region, Source};
use crate::rows::rule::{Rule, KNOWN_ROOT, UNWIND_END, UNWIND_UNSUPPORTED};

/// `mov %rbx, %rsp; mov (%rsp), %rdi; test %rdi, %rdi; je`: what glibc's makecontext makes a context's function return to.
const START_CONTEXT: [u8; 11] = [0x48, 0x89, 0xdc, 0x48, 0x8b, 0x3c, 0x24, 0x48, 0x85, 0xff, 0x74];
const KNOWN: Rule = Rule { kind: UNWIND_END, by: KNOWN_ROOT, ..Rule::rsp_plus(8) };
/// Of the whole function, without and with `endbr64`. Looking at the code of every function costs more than its CFI.
const START_CONTEXT_BYTES: [u64; 2] = [26, 30];
/// Go's assembly names the calling convention.
const GO_ABI: &[u8] = b".abi0";
/// Each name once or twice.
const MAX_GO_ROOTS: usize = 32;

/// Gives these regions their rules, which are added to `rules`; of Go's functions those without a region get one. The
/// regions are to be sorted again.
pub(crate) fn mark_roots(elf: &ElfFile<'_>, regions: &mut Vec<Region>, rules: &mut Vec<Rule>) {
    mark_start_context(elf, regions, rules);
    if elf.has_section(".go.buildinfo") || elf.has_section(".gopclntab") {
        mark_go_roots(elf, regions, rules);
    }
}

/// The return address is the function's first byte, and those are looked up one byte before.
fn mark_start_context(elf: &ElfFile<'_>, regions: &mut [Region], rules: &mut Vec<Rule>) {
    let is_start_context = |region: &&mut Region| {
        START_CONTEXT_BYTES.contains(&(region.end - region.start))
            && is_start_context(elf.bytes_from_address(region.start).unwrap_or_default())
    };
    if let Some(region) = regions.iter_mut().find(is_start_context) {
        region.start = region.start.saturating_sub(1);
        region.source = Source::Fixed(rules.len() as u32);
        rules.push(KNOWN);
    }
}

fn is_start_context(code: &[u8]) -> bool {
    code.strip_prefix(&ENDBR64).unwrap_or(code).starts_with(&START_CONTEXT)
}

/// Go's .debug_frame gives them a caller like all others.
fn mark_go_roots(elf: &ElfFile<'_>, regions: &mut Vec<Region>, rules: &mut Vec<Rule>) {
    let Some(table) = [SHT_SYMTAB, SHT_DYNSYM].into_iter().find_map(|kind| SymbolTable::find(elf, kind)) else {
        return;
    };
    let code = table.defined().filter(|symbol| !symbol.is_data());
    let named = code.filter_map(|symbol| Some((go_root(table.text(symbol.name)?)?, symbol)));
    let found: Vec<_> = named.take(MAX_GO_ROOTS).collect();
    // Of two with one name the other only calls the assembly.
    let is_wrapper =
        |root: &GoRoot| !root.is_assembly && found.iter().any(|(it, _)| it.is_assembly && it.name == root.name);
    for (root, symbol) in found.iter().filter(|(root, _)| !is_wrapper(root)) {
        let source = Source::Fixed(rules.len() as u32);
        rules.push(root.rule);
        match regions.binary_search_by_key(&symbol.start, |region| region.start) {
            Ok(index) => regions[index].source = source,
            Err(index) => {
                let end = symbol.start.saturating_add(symbol.size);
                regions.insert(index, Region { start: symbol.start, end, source });
            }
        }
    }
}

struct GoRoot<'data> {
    name: &'data [u8],
    /// By the suffix of its calling convention.
    is_assembly: bool,
    rule: Rule,
}

/// Functions at the end of a stack. Goroutines return to `goexit`; threads begin in `mstart` and `rt0_go`. `mcall` and
/// `morestack` leave the goroutine's stack for good, and what is left on the thread's own above them has no meaning.
/// The others of that kind come back, to a caller on the goroutine's stack that nothing on this one leads to.
fn go_root(symbol: &[u8]) -> Option<GoRoot<'_>> {
    let symbol = symbol.strip_prefix(b"runtime.")?;
    let name = symbol.strip_suffix(GO_ABI).unwrap_or(symbol);
    let rule = match name {
        b"goexit" | b"mstart" | b"rt0_go" | b"mcall" | b"morestack" => KNOWN,
        b"systemstack" | b"asmcgocall" => Rule::of_kind(UNWIND_UNSUPPORTED),
        _ => return None,
    };
    Some(GoRoot { name, is_assembly: name.len() < symbol.len(), rule })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(symbol: &str) -> Option<(u8, bool)> {
        go_root(symbol.as_bytes()).map(|root| (root.rule.kind, root.is_assembly))
    }

    #[test]
    fn names_of_gos_roots() {
        assert_eq!(kind("runtime.goexit.abi0"), Some((UNWIND_END, true)));
        assert_eq!(kind("runtime.mcall"), Some((UNWIND_END, false)));
        assert_eq!(kind("runtime.systemstack.abi0"), Some((UNWIND_UNSUPPORTED, true)));
        assert_eq!(kind("runtime.goexit1"), None);
        assert_eq!(kind("main.mstart"), None);
    }
}
