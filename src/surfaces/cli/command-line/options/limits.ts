/** The BPF program's limit: BEE_MAX_USER_FRAMES of bpf/record.h. */
export const MAX_DEPTH = 1024;
/** In MiB. Default: ten million rows, those of eight compilers; the kernel allocates all of it at once. */
export const TABLE_MEMORY_MB = { least: 2, usual: 40, most: 1024 } as const;

/** The symbols of a hundred programs of ripgrep's size. */
export const DEFAULT_SYMBOL_CACHE_MB = 256;

export const DEFAULT_HZ = { 'cargo-profile-bee': 997, 'profile-bee': 99 } as const;

/** Default: a longer wait for the flamegraph feels like a hang. */
export const DEBUGINFOD_WAIT_SECONDS = { usual: 2, most: 86_400 } as const;

/** Shorter intervals are mostly the writing of files. */
export const MIN_INTERVAL_SECONDS = 0.1;

/**
 * Per user, for all their runs together. The sampler has the same default and reports what it means on this machine
 * (`--bounds`).
 */
export const USUAL_FREQUENCY_HZ = 10_000;
