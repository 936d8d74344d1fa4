/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The walk over a user stack, DWARF first. The sampler's walk.rs does the same in user space for snapshots; a
 * change here belongs there too.
 */
#ifndef BEE_WALK_BPF_H
#define BEE_WALK_BPF_H

#include "tables.bpf.h"

#define MAX_FRAME_POINTER_DISTANCE (1 << 20)
/* Offsets in the rt_sigframe that rsp points to when the handler has returned: ucontext's gregs. */
#define SIGFRAME_R10 56
#define SIGFRAME_R11 64
#define SIGFRAME_RBP 120
#define SIGFRAME_RBX 128
#define SIGFRAME_RAX 144
#define SIGFRAME_RSP 160
#define SIGFRAME_RIP 168

enum walk_step { WALK_ON = 0, WALK_STOP = 1 };

/*
 * Stack words come from a 512-byte window that is read at once: a read of 512 bytes costs about as much as one of
 * eight, and small frames then need one read for several steps.
 */
static __always_inline bool read_stack_word(struct walk *walk, __u64 address, __u64 *word)
{
	__u64 offset = address - walk->window_begin;
	if (offset >= sizeof(walk->window) || (offset & 7)) {
		if (bpf_probe_read_user(walk->window, sizeof(walk->window), (void *)address)) {
			walk->window_begin = -1ULL << 63; /* a failed read has cleared the window */
			return bpf_probe_read_user(word, sizeof(*word), (void *)address) == 0;
		}
		walk->window_begin = address;
		offset = 0;
	}
	__u64 slot = offset >> 3;
	keep_scalar(slot); /* or clang drops the mask that the verifier needs */
	*word = walk->window[slot & (BEE_WINDOW_WORDS - 1)];
	return true;
}

static __always_inline void hash_word(struct walk *walk, __u64 word)
{
	__u64 a = (walk->hash[0] ^ word) * 0x9e3779b97f4a7c15ULL;
	__u64 b = (walk->hash[1] + word) * 0xc2b2ae3d27d4eb4fULL;
	walk->hash[0] = (a << 29 | a >> 35) + walk->hash[1];
	walk->hash[1] = (b << 31 | b >> 33) ^ a;
}

static __always_inline void push_frame(struct walk *walk, __u64 address, __u32 object, __u32 rule)
{
	__u64 word = address & ((1ULL << BEE_FRAME_ADDRESS_BITS) - 1);
	word |= (__u64)rule << BEE_FRAME_RULE_SHIFT | (__u64)object << BEE_FRAME_OBJECT_SHIFT;
	hash_word(walk, word);
	walk->frames[walk->length & (BEE_MAX_USER_FRAMES - 1)] = word;
	walk->length++;
	walk->last_rule = rule;
}

static __always_inline int stop_walk(struct walk *walk, __u32 outcome)
{
	walk->outcome = outcome;
	return WALK_STOP;
}

/* A frame-pointer step, where there is no CFI. What it finds is not trusted to be an address of code. */
static __always_inline int step_frame_pointer(struct walk *walk, __u32 failure)
{
	__u64 fp = walk->bp;
	if (fp - walk->sp >= MAX_FRAME_POINTER_DISTANCE || (fp & 7))
		return stop_walk(walk, failure);
	__u64 return_address, saved;
	if (!read_stack_word(walk, fp, &saved) || !read_stack_word(walk, fp + 8, &return_address))
		return stop_walk(walk, BEE_OUTCOME_READ_FAULT);
	if (return_address == 0)
		return stop_walk(walk, failure);
	walk->ip = return_address;
	walk->bp = saved;
	walk->bx = 0;
	walk->sp = fp + 16;
	walk->is_caller = 1;
	return WALK_ON;
}

static __always_inline int step_signal(struct walk *walk)
{
	__u64 sp = walk->sp, ip;
	if (!read_stack_word(walk, sp + SIGFRAME_R10, &walk->r10) ||
	    !read_stack_word(walk, sp + SIGFRAME_R11, &walk->r11) ||
	    !read_stack_word(walk, sp + SIGFRAME_RBP, &walk->bp) ||
	    !read_stack_word(walk, sp + SIGFRAME_RBX, &walk->bx) ||
	    !read_stack_word(walk, sp + SIGFRAME_RAX, &walk->ax) ||
	    !read_stack_word(walk, sp + SIGFRAME_RSP, &walk->sp) || !read_stack_word(walk, sp + SIGFRAME_RIP, &ip))
		return stop_walk(walk, BEE_OUTCOME_READ_FAULT);
	walk->ip = ip;
	walk->is_caller = 0;
	return WALK_ON;
}

static __always_inline bool compute_cfa(struct walk *walk, struct bee_unwind_rule *rule, __u64 *cfa)
{
	__u64 base = rule->cfa_register == BEE_REGISTER_RSP ? walk->sp : walk->bp;
	if (rule->cfa_register == BEE_REGISTER_R10)
		base = walk->is_caller ? 0 : walk->r10; /* 0: lies below sp, which ends the walk */
	if (rule->cfa_register == BEE_REGISTER_R11)
		base = walk->is_caller ? 0 : walk->r11;
	if (rule->cfa_register == BEE_REGISTER_RBX)
		base = walk->bx;
	if (rule->kind == BEE_UNWIND_PLT) {
		*cfa = walk->sp + 8 + (((walk->ip & 15) >= (__u64)rule->cfa_offset) << 3);
		return true;
	}
	*cfa = base + (__s64)rule->cfa_offset;
	if (rule->kind == BEE_UNWIND_CFA || rule->kind == BEE_UNWIND_CLONE)
		return true;
	if (!read_stack_word(walk, *cfa, cfa))
		return false;
	*cfa += (__s64)rule->cfa_add;
	return true;
}

static __always_inline bool restore_frame_pointer(struct walk *walk, struct bee_unwind_rule *rule, __u64 cfa)
{
	if (rule->fp_kind == BEE_FP_SAME)
		return true;
	__u64 base = rule->fp_kind == BEE_FP_CFA ? cfa : walk->bp;
	return read_stack_word(walk, base + (__s64)rule->fp_offset, &walk->bp);
}

static __always_inline bool restore_bx(struct walk *walk, struct bee_unwind_rule *rule, __u64 cfa)
{
	__u64 kind = rule->bx;
	if (kind == BEE_BX_SAME)
		return true;
	if (kind != BEE_BX_UNKNOWN)
		return read_stack_word(walk, cfa - (kind << 3), &walk->bx);
	walk->bx = 0;
	return true;
}

static __always_inline int step_cfa(struct walk *walk, struct bee_unwind_rule *rule)
{
	__u64 cfa, return_address;
	if (!compute_cfa(walk, rule, &cfa))
		return stop_walk(walk, BEE_OUTCOME_READ_FAULT);
	if (cfa <= walk->sp) /* a stack only shrinks towards its root: wrong CFI must not loop */
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	if (!restore_frame_pointer(walk, rule, cfa) || !restore_bx(walk, rule, cfa) ||
	    !read_stack_word(walk, cfa - 8, &return_address))
		return stop_walk(walk, BEE_OUTCOME_READ_FAULT);
	if (return_address == 0)
		return stop_walk(walk, BEE_OUTCOME_COMPLETE);
	walk->ip = return_address;
	walk->sp = cfa;
	walk->is_caller = 1;
	return WALK_ON;
}

/* An address outside every known mapping: news that has not arrived, unless a frame-pointer step invented it. */
static __always_inline int stop_unmapped(struct walk *walk, __u64 address)
{
	bool trusted = walk->last_rule != BEE_RULE_FRAME_POINTER && walk->last_rule != BEE_RULE_JIT;
	if (!trusted)
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	walk->unmapped = 1;
	push_frame(walk, address, 0, BEE_RULE_CFI);
	return stop_walk(walk, BEE_OUTCOME_NO_TABLE);
}

static __always_inline int step_without_cfi(struct walk *walk, __u64 address, bool has_table)
{
	bool is_jit = walk->mapping.flags & BEE_MAPPING_JIT;
	push_frame(walk, is_jit ? address : address - walk->mapping.bias, walk->mapping.object,
		   is_jit ? BEE_RULE_JIT : BEE_RULE_FRAME_POINTER);
	return step_frame_pointer(walk, has_table ? BEE_OUTCOME_NO_CFI : BEE_OUTCOME_NO_TABLE);
}

static long walk_frame(__u32 index, void *context)
{
	struct walk *walk = *(struct walk **)context;
	if (index >= config.max_depth || walk->length >= BEE_MAX_USER_FRAMES)
		return stop_walk(walk, BEE_OUTCOME_DEPTH);
	__u64 address = walk->ip - walk->is_caller;
	if (!find_mapping(walk, address))
		return stop_unmapped(walk, address);
	struct bee_unwind_rule *rule = find_rule(walk, address);
	__u32 kind = rule ? rule->kind : BEE_UNWIND_GAP;
	bool skip_cfi = config.frame_pointers_only && kind != BEE_UNWIND_END;
	if (!rule || kind == BEE_UNWIND_GAP || skip_cfi)
		return step_without_cfi(walk, address, walk->mapping.flags & BEE_MAPPING_TABLE);
	__u32 by = kind == BEE_UNWIND_PLT ? BEE_RULE_PLT : kind == BEE_UNWIND_SIGNAL ? BEE_RULE_SIGNAL : BEE_RULE_CFI;
	/* A signal trampoline is not called: the return address is its first instruction. */
	__u64 shown = kind == BEE_UNWIND_SIGNAL ? walk->ip : address;
	push_frame(walk, shown - walk->mapping.bias, walk->mapping.object, by);
	bool is_new_thread = kind == BEE_UNWIND_CLONE && !walk->is_caller && walk->ax == 0;
	if (kind == BEE_UNWIND_END || is_new_thread)
		return stop_walk(walk, BEE_OUTCOME_COMPLETE);
	if (kind == BEE_UNWIND_SIGNAL)
		return step_signal(walk);
	if (kind == BEE_UNWIND_UNSUPPORTED) /* rbp is the caller's: a frame-pointer step would leave the caller out */
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	return step_cfa(walk, rule);
}

/* Walks from walk->ip/sp/bp; leaves frames, their number and the outcome in *walk. */
static __always_inline void walk_user_stack(struct walk *walk)
{
	walk->window_begin = -1ULL << 63;
	walk->mapping.begin = walk->mapping.end = 0;
	walk->is_caller = 0;
	walk->last_rule = BEE_RULE_CFI;
	walk->outcome = BEE_OUTCOME_DEPTH;
	bpf_loop(BEE_MAX_USER_FRAMES + 1, walk_frame, &walk, 0);
}

#endif
