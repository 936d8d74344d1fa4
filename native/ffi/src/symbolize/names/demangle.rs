//! Linkage names → names as people write them.

use std::borrow::Cow;
use std::fmt::Write;

use cpp_demangle::DemangleOptions;

use super::closures::{in_words, is_closure};
use super::demangle_d::{demangle_d, is_d_name};
use super::style::{Demangling, Style};

/// Rust (v0, and legacy without its hash), else C++ and D with parameters as c++filt prints them, else the name itself.
/// Rust first: a legacy Rust name is also a valid C++ one. `closures`: what rustc calls those in the path.
pub fn demangle<'a>(name: &'a str, style: Style, closures: &[&[u8]]) -> Cow<'a, str> {
    let demangled = match style.demangling {
        Demangling::None => return Cow::Borrowed(name),
        demangling => demangled(name, demangling == Demangling::Simple),
    };
    match demangled.contains('{') && !style.is_like_llvm {
        true => Cow::Owned(in_words(&demangled, closures)),
        false => demangled,
    }
}

fn demangled(name: &str, is_simple: bool) -> Cow<'_, str> {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        // A name is shorter than its linkage name; growing the text was a twentieth of a sweep.
        let mut full = String::with_capacity(name.len());
        let _ = write!(full, "{rust:#}");
        return Cow::Owned(if is_simple { without_arguments(&full) } else { full });
    }
    if name.starts_with("_D") {
        return demangle_d(name, is_simple).map_or(Cow::Borrowed(name), Cow::Owned);
    }
    if !name.starts_with("_Z") && !name.starts_with("__Z") {
        return Cow::Borrowed(name);
    }
    let options = match is_simple {
        true => DemangleOptions::new().no_params().no_return_type().hide_expression_literal_types(),
        false => DemangleOptions::new(),
    };
    let cpp = cpp_demangle::Symbol::new(name).ok().and_then(|symbol| symbol.demangle_with_options(&options).ok());
    cpp.map_or(Cow::Borrowed(name), |full| Cow::Owned(if is_simple { without_arguments(&full) } else { full }))
}

/// Whether a name says where its function belongs.
pub fn is_mangled(name: &[u8]) -> bool {
    name.starts_with(b"_Z") || name.starts_with(b"_R") || is_d_name(name)
}

/// Whether a linkage name is that of the Rust function whose plain name is `plain`: the linker may have kept another's.
/// C++ has plain names for its static functions, and symbols that add only parameters and `[clone .cold]`.
pub fn is_path_to(linkage_name: &[u8], plain: &[u8]) -> bool {
    let (Ok(linkage_name), Ok(plain)) = (std::str::from_utf8(linkage_name), std::str::from_utf8(plain)) else {
        return false;
    };
    if rustc_demangle::try_demangle(linkage_name).is_err() {
        return false;
    }
    let path = demangled(linkage_name, true);
    let last = path.rsplit("::").next().unwrap_or_default();
    let plain = plain.split('<').next().unwrap_or_default();
    last == plain || (is_closure(last) && is_closure(plain))
}

/// `a::b::<T>::c` → `a::b::c`, `shop::Cart<int>::total` → `shop::Cart::total`. What stands in `<…>` at the beginning
/// of a path is no argument, `<T as Trait>::method`; nor are `operator<` and `->`.
fn without_arguments(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut depth = 0usize;
    for (at, letter) in name.char_indices() {
        let is_arrow = letter == '>' && name[..at].ends_with(['-', '=']);
        let is_operator = out.ends_with("operator") || out.ends_with("operator<") || out.ends_with("operator>");
        match letter {
            '<' if depth > 0 => depth += 1,
            '<' if begins_arguments(&out) && !is_operator => {
                depth = 1;
                out.truncate(out.trim_end_matches("::").len());
            }
            '>' if depth > 0 && !is_arrow => depth -= 1,
            _ if depth == 0 => out.push(letter),
            _ => {}
        }
    }
    out
}

/// Behind a word, or behind `::` that follows one.
fn begins_arguments(before: &str) -> bool {
    let last = before.trim_end_matches("::").chars().next_back();
    last.is_some_and(|last| last.is_alphanumeric() || matches!(last, '_' | '}' | ')' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(demangling: Demangling) -> Style {
        Style { demangling, ..Style::default() }
    }

    #[test]
    fn rust_v0_and_legacy_lose_their_hashes_and_cpp_keeps_its_parameters() {
        let demangle = |name| demangle(name, style(Demangling::Full), &[]);
        assert_eq!(demangle("_RNvNtCs1234_7mycrate3foo3bar"), "mycrate::foo::bar");
        assert_eq!(demangle("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE"), "core::fmt::Write::write_fmt");
        assert_eq!(demangle("_ZN2ns3addEii"), "ns::add(int, int)");
        assert_eq!(demangle("main"), "main");
        assert_eq!(demangle("_Znonsense"), "_Znonsense");
    }

    #[test]
    fn closures_are_in_words_unless_llvm_is_asked_for() {
        let name = "_RNCNvC1a1f0";
        let (words, like_llvm) = (Style::default(), Style { is_like_llvm: true, ..Style::default() });
        assert_eq!(demangle(name, words, &[b"{async_fn#0}"]), "a::f::{async fn}");
        assert_eq!(demangle(name, like_llvm, &[b"{async_fn#0}"]), "a::f::{closure#0}");
        assert_eq!(demangle("poll<a::f::{async_fn_env#0}>", words, &[]), "poll<a::f::{async fn}>");
    }

    #[test]
    fn a_path_leads_to_its_own_function_only() {
        let is_path = |linkage: &str, plain: &str| is_path_to(linkage.as_bytes(), plain.as_bytes());
        assert!(is_path("_ZN7mycrate3foo4work17h0123456789abcdefE", "work<u8>"));
        assert!(is_path("_RNvNtCs1234_7mycrate3foo3bar", "bar"));
        assert!(is_path("_RNCNvC1a1f0", "{async_fn#0}"));
        assert!(!is_path("_ZN7mycrate3foo5other17h0123456789abcdefE", "work<u8>"));
        assert!(!is_path("_RNvNtCs1234_7mycrate3foo3bar", "{closure#0}"));
        assert!(!is_path("work.part.0", "work"));
        assert!(!is_path("_ZN2ns3addEii", "add"));
        assert!(!is_path("_ZL4workj", "work"));
    }

    #[test]
    fn simple_names_have_no_arguments_and_raw_ones_are_untouched() {
        let simple = |name| demangle(name, style(Demangling::Simple), &[]).into_owned();
        assert_eq!(simple("_ZN4shop4CartIiE5totalEi"), "shop::Cart::total");
        assert_eq!(simple("_ZlsRSoi"), "operator<<");
        assert_eq!(simple("_RINvNtC3std3mem8align_ofdE"), "std::mem::align_of");
        assert_eq!(simple("_RNvYjNtC3foo5Trait6method"), "<usize as foo::Trait>::method");
        assert_eq!(without_arguments("a<b<c>, fn(d) -> e>::f"), "a::f");
        assert_eq!(demangle("_ZN2ns3addEii", style(Demangling::None), &[]), "_ZN2ns3addEii");
    }
}
