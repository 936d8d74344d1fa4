/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The walk over a user stack, DWARF first. The sampler's walk.rs does the same in user space for snapshots; a
 * change here belongs there too.
 */
#ifndef BEE_WALK_BPF_H
#define BEE_WALK_BPF_H

#include "steps.bpf.h"

/*
 * Stops at an address outside every known mapping: its news has not arrived yet, unless a guess has led here or it is
 * no code at all.
 */
static __always_inline int stop_unmapped(struct walk *walk, __u64 address)
{
	bool trusted = walk->last_rule != BEE_RULE_GUESSED && walk->last_rule != BEE_RULE_JIT;
	if (!trusted || (walk->is_caller && !follows_call(walk, walk->ip, false)))
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	walk->unmapped = 1;
	push_frame(walk, address, 0, BEE_RULE_CFI);
	return stop_walk(walk, BEE_OUTCOME_NO_TABLE);
}

/* Code of no file, or of a file without a table. What rbp leads to is the caller where it follows a call. */
static __always_inline int step_without_table(struct walk *walk, __u64 address)
{
	if (walk->mapping.flags & BEE_MAPPING_JIT) {
		push_frame(walk, address, walk->mapping.object, BEE_RULE_JIT);
		return step_generated_code(walk);
	}
	push_frame(walk, address - walk->mapping.bias, walk->mapping.object, BEE_RULE_GUESSED);
	return step_frame_pointer(walk, BEE_OUTCOME_NO_TABLE);
}

/* The table tells only what the step is worth: whether the function has a frame pointer here. */
static __always_inline int step_by_frame_pointer_alone(struct walk *walk, __u64 address, struct bee_unwind_rule *rule)
{
	bool is_proven = rule && rule->kind == BEE_UNWIND_CFA && rule->cfa_register == BEE_REGISTER_RBP && rule->cfa_offset == 16;
	push_frame(walk, address - walk->mapping.bias, walk->mapping.object,
		   is_proven ? BEE_RULE_FRAME_POINTER : BEE_RULE_GUESSED);
	return step_frame_pointer(walk, BEE_OUTCOME_NO_CFI);
}

/* Whether what a doubtful step has found, or what ends a stack, may be a caller. */
static __always_inline bool is_plausible(struct walk *walk, struct bee_unwind_rule *rule)
{
	if (!walk->is_caller)
		return true;
	walk->is_doubtful = 0;
	if (rule->kind == BEE_UNWIND_SIGNAL || rule->by & BEE_UNWIND_KNOWN_ROOT)
		return true;
	return follows_call(walk, walk->ip, true);
}

/* Stops in text of whose page the table knows nothing. */
static __always_inline int stop_in_gap(struct walk *walk, __u64 address)
{
	if (walk->is_doubtful && walk->is_caller && !follows_call(walk, walk->ip, true))
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	push_frame(walk, address - walk->mapping.bias, walk->mapping.object, BEE_RULE_CFI);
	return stop_walk(walk, BEE_OUTCOME_NO_CFI);
}

static long walk_frame(__u32 index, void *context)
{
	struct walk *walk = *(struct walk **)context;
	if (index >= config.max_depth || walk->length >= BEE_MAX_USER_FRAMES)
		return stop_walk(walk, BEE_OUTCOME_DEPTH);
	__u64 address = walk->ip - walk->is_caller;
	if (!find_mapping(walk, address))
		return stop_unmapped(walk, address);
	if (!(walk->mapping.flags & BEE_MAPPING_TABLE))
		return step_without_table(walk, address);
	struct bee_unwind_rule *rule = find_rule(walk, address);
	if (config.frame_pointers_only && (!rule || rule->kind != BEE_UNWIND_END))
		return step_by_frame_pointer_alone(walk, address, rule);
	if (!rule)
		return stop_in_gap(walk, address);
	__u32 kind = rule->kind;
	if ((walk->is_doubtful || kind == BEE_UNWIND_END) && !is_plausible(walk, rule))
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	/* A signal trampoline is not called: the return address is its first instruction. */
	__u64 shown = kind == BEE_UNWIND_SIGNAL ? walk->ip : address;
	push_frame(walk, shown - walk->mapping.bias, walk->mapping.object, rule->by & BEE_UNWIND_BY_MASK);
	if (kind == BEE_UNWIND_CFA) /* nearly always */
		return step_cfa(walk, rule);
	bool is_new_thread = kind == BEE_UNWIND_CLONE && walk->known_registers == ALL_REGISTERS &&
			     walk->registers[BEE_REGISTER_RAX] == 0;
	if (kind == BEE_UNWIND_END || is_new_thread)
		return stop_walk(walk, BEE_OUTCOME_COMPLETE);
	if (kind == BEE_UNWIND_GAP || kind == BEE_UNWIND_UNSUPPORTED) /* rbp may be anybody's */
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	if (kind == BEE_UNWIND_SIGNAL)
		return step_signal(walk);
	return step_cfa(walk, rule);
}

/* Walks from walk->ip and registers; leaves frames, their number and the outcome in *walk. */
static __always_inline void walk_user_stack(struct walk *walk)
{
	walk->window_begin = -1ULL << 63;
	walk->mapping.begin = walk->mapping.end = 0;
	walk->is_caller = 0;
	walk->known_registers = ALL_REGISTERS;
	walk->descents = 0;
	walk->is_doubtful = 1; /* CFI does not know what assembly inside of an interrupted function has pushed */
	walk->last_rule = BEE_RULE_CFI;
	walk->outcome = BEE_OUTCOME_DEPTH;
	bpf_loop(BEE_MAX_USER_FRAMES + 1, walk_frame, &walk, 0);
}

#endif
