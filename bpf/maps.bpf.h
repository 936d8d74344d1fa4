/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The maps. Those marked (sampler) are written by the sampler through mmap, without a system call per entry. */
#ifndef BEE_MAPS_BPF_H
#define BEE_MAPS_BPF_H

#include "engine.h"
#include "unwind.h"

/* In a section of its own: the order of variables inside .rodata is the compiler's. */
const volatile struct bee_config config SEC(".rodata.cfg") = { .max_depth = BEE_MAX_USER_FRAMES };

volatile struct bee_live live SEC(".data.live") = {};

/* New stacks and snapshots. The sampler may shrink or grow it before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} records SEC(".maps");

struct stack_key {
	__u64 hash[2];
};

/*
 * 128-bit hash of thread, name, event and frames, with the epoch's bit -> hits after the first in that epoch. The
 * sampler takes entries of an epoch away when it is over. Hits of an event whose weight is not 1 will have
 * the sum of their weights in a map of its own under the same key: samples of CPU time then pay nothing for it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct stack_key);
	__type(value, __u64);
} counts SEC(".maps");

/* tgid -> process under observation. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct bee_process);
} processes SEC(".maps");

/* tgid -> its mappings, as the sampler last published them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct bee_space);
} spaces SEC(".maps");

/* tgid -> how it ended. Only awaited processes have an entry, until the sampler has told how they ended. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct bee_process_end);
} ends SEC(".maps");

/*
 * tid -> the part of sum_exec_runtime that does not count: what the task had used before observation began (there is no
 * entry for tasks that started later), and after its exit what has been counted already.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} runtime_bases SEC(".maps");

/* tid -> the thread from which it was started; see struct bee_starter. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct bee_starter);
} starters SEC(".maps");

/* (sampler) mappings of all spaces. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct bee_mapping);
} mappings SEC(".maps");

/* (sampler) one word per 4 KiB of text: see unwind.h. The size of this and of rows is the sampler's to choose. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 524288);
	__type(key, __u32);
	__type(value, __u64);
} directory SEC(".maps");

struct row_chunk {
	__u32 rows[BEE_CHUNK_ROWS];
};

/* (sampler) rows in chunks of 16 KiB: an array entry is padded to 8 bytes, so rows of 4 must be packed. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, struct row_chunk);
} rows SEC(".maps");

/* (sampler) the rules that all tables share. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct bee_unwind_rule);
} rules SEC(".maps");

#define BEE_KNOWN_RULES_BITS 11 /* 32 KiB, which is what a value per CPU may have */
#define BEE_KNOWN_RULES (1 << BEE_KNOWN_RULES_BITS)

/*
 * Rules that were found before: a frame's object and address as in record.h, and the number of its rule; in the upper half
 * of that how often the object's number had been given to another file. An entry with object 0 is a return address that
 * follows a call.
 */
struct known_rules {
	struct {
		__u64 frame;
		__u64 rule;
	} at[BEE_KNOWN_RULES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BEE_WALK_SLOTS); /* a walk inside another must not see half an entry */
	__type(key, __u32);
	__type(value, struct known_rules);
} known_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct bee_counters);
} counters SEC(".maps");

#endif
