//! Names of D: no panic, and what they mean is bounded.
#![no_main]

#[path = "../../ffi/src/symbolize/names/demangle_d/mod.rs"]
mod demangle_d;

use demangle_d::{demangle_d, is_d_name};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let name = format!("_D{text}");
    let (full, simple) = (demangle_d(&name, false), demangle_d(&name, true));
    if let (Some(full), Some(_)) = (&full, &simple) {
        assert!(is_d_name(name.as_bytes()) || full == "D main");
    }
});
