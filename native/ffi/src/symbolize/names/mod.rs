//! Mangled names → names as people read them.
//!
//! Takes texts, gives texts. Uses no other room.

pub mod closures;
pub mod demangle;
pub mod demangle_d;
pub mod style;
