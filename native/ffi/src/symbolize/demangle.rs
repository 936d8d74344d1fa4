//! Linkage names → names as people write them.

use cpp_demangle::DemangleOptions;

/// Rust (v0, and legacy without its hash), else C++ with parameters as c++filt prints it, else the name itself.
/// Rust first: a legacy Rust name is also a valid C++ one.
pub fn demangle(name: &str) -> String {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        return format!("{rust:#}");
    }
    if !name.starts_with("_Z") && !name.starts_with("__Z") {
        return name.to_string();
    }
    let cpp = cpp_demangle::Symbol::new(name).ok();
    cpp.and_then(|symbol| symbol.demangle_with_options(&DemangleOptions::new()).ok())
        .unwrap_or_else(|| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::demangle;

    #[test]
    fn rust_v0_and_legacy_lose_their_hashes_and_cpp_keeps_its_parameters() {
        assert_eq!(demangle("_RNvNtCs1234_7mycrate3foo3bar"), "mycrate::foo::bar");
        assert_eq!(demangle("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE"), "core::fmt::Write::write_fmt");
        assert_eq!(demangle("_ZN2ns3addEii"), "ns::add(int, int)");
        assert_eq!(demangle("main"), "main");
        assert_eq!(demangle("_Znonsense"), "_Znonsense");
    }
}
