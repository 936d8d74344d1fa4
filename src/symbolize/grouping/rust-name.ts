/** A demangled C++ function ends with its parameters, a Rust one with a path. */
const CPP_SIGNATURE = /\)( const)?( volatile)?( &&?)?( \[clone [^\]]*\])*$/;
const PATH_START = /(?:^|[<(&*[ ,])([A-Za-z_][A-Za-z0-9_]*)(?:\[[0-9a-f]+\])?::/;

/**
 * The first crate that a demangled Rust name mentions: `alloc` in `<alloc::vec::Vec<T> as core::clone::Clone>::clone`.
 * undefined for what is no Rust path (C, C++, unresolved).
 */
export function firstCrateSegment(name: string): string | undefined {
  if (CPP_SIGNATURE.test(name)) return undefined;
  return PATH_START.exec(name)?.[1];
}
