/** A demangled C++ function ends with its parameters, a Rust function with a path. */
const CPP_SIGNATURE = /\)( const)?( volatile)?( &&?)?( \[clone [^\]]*\])*$/;
const PATH_START = /(?:^|[<(&*[ ,])([A-Za-z_][A-Za-z0-9_]*)(?:\[[0-9a-f]+\])?::/;

/**
 * The first crate in a demangled Rust name: `alloc` in `<alloc::vec::Vec<T> as core::clone::Clone>::clone`. Undefined if it
 * is not a Rust path (C, C++, unresolved).
 */
export function firstCrateSegment(name: string): string | undefined {
  if (CPP_SIGNATURE.test(name)) return undefined;
  return PATH_START.exec(name)?.[1];
}
