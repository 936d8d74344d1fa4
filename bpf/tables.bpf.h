/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Lookups: address -> mapping -> row -> rule.
 * Both searches are branch-free and take their first step from data. The verifier then sees one path of unknown
 * scalars; with a constant first step, or with if/else, it follows every combination (measured: 177,000
 * instructions instead of about 1,400, and 170 ms of loading instead of 40).
 */
#ifndef BEE_TABLES_BPF_H
#define BEE_TABLES_BPF_H

#include "walk_state.bpf.h"

#define NO_RULE (~0ULL)
#define keep_scalar(value) asm volatile("" : "+r"(value))

/* All ones when a < b; for values below 2^63. */
static __always_inline __u64 mask_if_less(__u64 a, __u64 b)
{
	__u64 difference = a - b;
	keep_scalar(difference);
	return (__u64)((__s64)difference >> 63);
}

/*
 * Whether the directory is still this mapping's. Tables make room for others, and a space may be older than that:
 * without this check a walk could find another file's rules. The sampler clears the word, waits for the walks under
 * way, and only then gives the memory to others (its table_room.rs).
 */
static __always_inline bool owns_table(struct bee_mapping *mapping)
{
	__u32 index = mapping->dir_first;
	__u64 *owner = bpf_map_lookup_elem(&directory, &index);
	return owner && *(volatile __u64 *)owner == mapping->object;
}

/* Copies the mapping that holds the address into walk->mapping. */
static __always_inline bool find_mapping(struct walk *walk, __u64 address)
{
	if (address - walk->mapping.begin < walk->mapping.end - walk->mapping.begin)
		return true;
	__u64 position = 0;
	__u64 step = 1ULL << (walk->space.log2_step & 15);
	for (int i = 0; i < 12; i++) {
		__u64 candidate = position + step;
		__u32 index = walk->space.first + candidate;
		struct bee_mapping *mapping = bpf_map_lookup_elem(&mappings, &index);
		if (!mapping)
			return false;
		__u64 take = mask_if_less(candidate, walk->space.count) & mask_if_less(mapping->begin, address + 1);
		keep_scalar(take);
		position += step & take;
		step >>= 1;
	}
	__u32 index = walk->space.first + position;
	struct bee_mapping *mapping = bpf_map_lookup_elem(&mappings, &index);
	if (!mapping || walk->space.count == 0 || address - mapping->begin >= mapping->end - mapping->begin)
		return false;
	walk->mapping = *mapping;
	if (!owns_table(&walk->mapping))
		walk->mapping.flags &= ~BEE_MAPPING_TABLE;
	return true;
}

/*
 * A page has about 65 rows, and they are cold. Touching their lines before the search lets the processor load them
 * together; the reads of the search each wait for the one before.
 */
#define LINE_ROWS 16
#define TOUCHED_LINES 8

/* The number of the rule in force at an address of walk->mapping; NO_RULE where its text has no table. */
static __always_inline __u64 search_rule(struct walk *walk, __u64 virtual_address)
{
	__u64 page = (virtual_address >> 12) - walk->mapping.first_page;
	if (page >= walk->mapping.pages)
		return NO_RULE;
	__u32 index = walk->mapping.dir_first + 1 + page;
	__u64 *word = bpf_map_lookup_elem(&directory, &index);
	if (!word)
		return NO_RULE;
	__u64 entry = *word;
	__u64 count = entry & 0xffff;
	if (count == 0)
		return NO_RULE;
	__u64 first = entry >> 32;
	index = first / BEE_CHUNK_ROWS;
	struct row_chunk *chunk = bpf_map_lookup_elem(&rows, &index);
	if (!chunk)
		return NO_RULE;
	__u64 limit = ((virtual_address & 0xfff) + 1) << BEE_ROW_RULE_BITS;
	__u64 position = 0;
	__u64 step = 1ULL << ((entry >> 16) & 15);
	for (__u64 line = 1; line < TOUCHED_LINES; line++) {
		__u64 row = chunk->rows[(first + LINE_ROWS * line) & (BEE_CHUNK_ROWS - 1)];
		keep_scalar(row);
	}
	for (int i = 0; i < 13; i++) {
		__u64 candidate = position + step;
		__u64 row = chunk->rows[(first + candidate) & (BEE_CHUNK_ROWS - 1)];
		__u64 take = mask_if_less(candidate, count) & mask_if_less(row, limit);
		keep_scalar(take);
		position += step & take;
		step >>= 1;
	}
	return chunk->rows[(first + position) & (BEE_CHUNK_ROWS - 1)] & ((1 << BEE_ROW_RULE_BITS) - 1);
}

/*
 * The rule in force at an address of walk->mapping, which has a table; NULL where no page of it has rows. Nine of ten
 * frames have been seen before, and a search in a large table waits for memory at most of its steps. What is known stays
 * true: the rules of an object never change, nor do the numbers of rules, and a number of an object that was given to
 * another file is not taken for the same.
 */
static __always_inline struct bee_unwind_rule *find_rule(struct walk *walk, __u64 address)
{
	__u32 walk_slot = walk->slot;
	struct known_rules *known = bpf_map_lookup_elem(&known_rules, &walk_slot);
	if (!known)
		return NULL;
	__u64 virtual_address = address - walk->mapping.bias;
	__u64 frame = virtual_address | (__u64)walk->mapping.object << BEE_FRAME_OBJECT_SHIFT;
	__u64 slot = (frame * 0x9e3779b97f4a7c15ULL >> (64 - BEE_KNOWN_RULES_BITS)) & (BEE_KNOWN_RULES - 1);
	__u64 reuse = (__u64)(walk->mapping.object >> BEE_OBJECT_BITS) << 32;
	if (known->at[slot].frame != frame || (known->at[slot].rule ^ reuse) >> 32) {
		__u64 found = search_rule(walk, virtual_address);
		if (found == NO_RULE)
			return NULL;
		known->at[slot].frame = frame;
		known->at[slot].rule = found | reuse;
	}
	__u32 index = known->at[slot].rule;
	return bpf_map_lookup_elem(&rules, &index);
}

#endif
