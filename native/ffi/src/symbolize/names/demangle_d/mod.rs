//! Linkage names of D → names as `c++filt -s dlang` writes them: `std.stdio.File.~this()`, without the types of results
//! and variables and without attributes. The grammar is that of <https://dlang.org/spec/abi.html#name_mangling>.
//!
//! No crate demangles D (searched in November 2026). References back into the name may repeat one another, so that what
//! a name of some bytes means grows exponentially: steps and bytes are bounded, and a name beyond them stays as it is.

mod demangler;
mod names;
mod types;
mod values;

use demangler::Demangler;

/// `None` for what is no name of D. `is_simple`: without arguments of functions and templates.
pub fn demangle_d(name: &str, is_simple: bool) -> Option<String> {
    if name == "_Dmain" {
        return Some("D main".to_string());
    }
    let bytes = name.as_bytes();
    if !name.is_ascii() || !is_d_name(bytes) {
        return None;
    }
    let mut demangler = Demangler::new(name, is_simple);
    demangler.mangled_name()?;
    (demangler.at == bytes.len()).then_some(demangler.out)
}

/// Whether a name begins as those of D do.
pub fn is_d_name(name: &[u8]) -> bool {
    name.strip_prefix(b"_D").and_then(<[u8]>::first).is_some_and(|first| first.is_ascii_digit() || *first == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of Phobos and druntime, by ldc and gdc; with each what `c++filt -s dlang` of binutils 2.40 says.
    const NAMES: [(&str, &str); 22] = [
        ("_Dmain", "D main"),
        ("_D3std5stdio4File6__dtorMFZv", "std.stdio.File.~this()"),
        ("_D8demangle4testFiZv", "demangle.test(int)"),
        ("_D3std5stdio4File8opAssignMFNcNjNfSQBhQBgQBdZQl", "std.stdio.File.opAssign(std.stdio.File)"),
        (
            "_D3std8encoding19EncodingSchemeASCII10safeDecodeMxFNaNbNiNfKAxhZw",
            "std.encoding.EncodingSchemeASCII.safeDecode(ref const(ubyte)[]) const",
        ),
        ("_D36TypeInfo_E3etc1c4curl13CurlIpResolve6__initZ", "initializer for TypeInfo_E3etc1c4curl13CurlIpResolve"),
        ("_D11TypeInfo_Aa6__vtblZ", "vtable for TypeInfo_Aa"),
        (
            "_D3std12experimental9allocator15building_blocks6region12__ModuleInfoZ",
            "ModuleInfo for std.experimental.allocator.building_blocks.region",
        ),
        (
            "_D4core8internal2gc4impl12conservativeQw3Gcx__T11markPreciseVbi0ZQsMFNbNiNlPvQcZv",
            "core.internal.gc.impl.conservative.gc.Gcx.markPrecise!(false).markPrecise(void*, void*)",
        ),
        ("_D4core8internal2gc4impl12conservativeQw10mallocTimel", "core.internal.gc.impl.conservative.gc.mallocTime"),
        (
            "_D3std11parallelism__T4TaskSQBaQz3runTDFZvZQv11enforcePoolMFNaNfZv",
            "std.parallelism.Task!(std.parallelism.run, void() delegate).Task.enforcePool()",
        ),
        (
            "_D3std12experimental9allocator15building_blocks14allocator_list__T13AllocatorListTSQDdQDcQCr8showcase14\
             mmapRegionListFmZ7FactoryTSQEyQExQEmQEf14null_allocator13NullAllocatorZQEe4Node6__initZ",
            "initializer for std.experimental.allocator.building_blocks.allocator_list.AllocatorList!(\
             std.experimental.allocator.showcase.mmapRegionList(ulong).Factory, \
             std.experimental.allocator.building_blocks.null_allocator.NullAllocator).AllocatorList.Node",
        ),
        (
            "_D3std12experimental9allocator12RCIAllocator__T6__ctorTSQCcQCbQBqQBjZQwMFNaNbNcNiNfCQDeQDdQCs10IAllocatorZQBz",
            "std.experimental.allocator.RCIAllocator.this!(std.experimental.allocator.RCIAllocator).this(\
             std.experimental.allocator.IAllocator)",
        ),
        ("_D8demangle4testFHAbaZv", "demangle.test(char[bool[]])"),
        ("_D8demangle4testFG42aZv", "demangle.test(char[42])"),
        ("_D8demangle4testFPFNaNbZaZv", "demangle.test(char() pure nothrow function)"),
        ("_D8demangle4testFAiXv", "demangle.test(int[]...)"),
        ("_D8demangle4testFaYv", "demangle.test(char, ...)"),
        ("_D8demangle4testFLPmJiKlMdZv", "demangle.test(lazy ulong*, out int, ref long, scope double)"),
        ("_D8demangle__T4testVAyaa3_616263Vde0A8P6Va97Z1fFZv", r#"demangle.test!("abc", 0x0.A8p6, 'a').f()"#),
        ("_D8demangle10__postblitMFZv", "demangle.this(this)"),
        ("_D8demangle3fooMFZ3barFZv", "demangle.foo().bar()"),
    ];

    #[test]
    fn names_are_those_of_binutils() {
        for (name, expected) in NAMES {
            assert_eq!(demangle_d(name, false).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn simple_names_have_no_arguments() {
        let simple = |name| demangle_d(name, true);
        assert_eq!(
            simple("_D3std11parallelism__T4TaskSQBaQz3runTDFZvZQv11enforcePoolMFNaNfZv").as_deref(),
            Some("std.parallelism.Task.Task.enforcePool")
        );
        assert_eq!(simple("_D3std5stdio4File6__dtorMFZv").as_deref(), Some("std.stdio.File.~this"));
    }

    #[test]
    fn what_is_no_name_of_d_stays_and_costs_little() {
        let doubling = format!("_D1a__T1b{}Z1cFZv", "TSQcQe".repeat(400));
        let nested = format!("_D1aF{}vZv", "A".repeat(5000));
        let pairs = format!("_D1aFS1b__T1xTiZ{}Zv", "TB9QiQiQiQiQiQiQiQiQi".repeat(20));
        let torn = ["", "_D", "_D9", "_D1a", "_D99a", "_DQb", "_D1aQa", "_D1aFQbZv", "_D__T", "_D1aFé", "_Dtest"];
        for name in torn.into_iter().chain([&doubling[..], &nested, &pairs]) {
            let begin = std::time::Instant::now();
            assert_eq!(demangle_d(name, false), None, "{name}");
            assert!(begin.elapsed().as_millis() < 500, "{name}");
        }
    }

    #[test]
    fn every_change_of_a_letter_is_survived() {
        for (name, _) in NAMES {
            for at in 2..name.len() {
                for letter in ["", "Q", "Z", "9", "0", "T", "_", "a", "M", "F", "N"] {
                    demangle_d(&format!("{}{letter}{}", &name[..at], &name[at + 1..]), false);
                    demangle_d(&name[..at], true);
                }
            }
        }
    }
}
