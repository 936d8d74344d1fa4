/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The state of a walk: registers, frames, their hash and the outcome. */
#ifndef BEE_WALK_STATE_BPF_H
#define BEE_WALK_STATE_BPF_H

#include "maps.bpf.h"

#define BEE_WINDOW_WORDS 64
#define BEE_SIGFRAME_REGISTERS 17 /* ucontext's gregs up to rip */

/* State of one walk; too large for the 512-byte BPF stack. */
struct walk {
	__u32 busy; /* taken by a sample that is at work on this CPU */
	__u32 length; /* user frames so far */
	__u64 epoch; /* see BEE_EPOCH_BIT */
	__u64 slot; /* of the walks on this CPU, and of what they remember */
	__u64 hash[2];
	__u64 ip;
	__u64 registers[BEE_REGISTER_COUNT]; /* by enum bee_unwind_register */
	__u32 known_registers; /* a bit for each: of an interrupted frame all */
	__u32 descents; /* steps to a stack below, see may_descend */
	__u64 cs;
	__u64 is_doubtful; /* the step to the next caller may be wrong, and is asked for evidence */
	__u64 is_caller; /* 1: ip is a return address, look up ip - 1 */
	__u64 signal_registers[BEE_SIGFRAME_REGISTERS];
	__u64 window_begin;
	__u64 window[BEE_WINDOW_WORDS];
	struct bee_mapping mapping; /* the one that held the last frame */
	struct bee_space space;
	__u32 outcome;
	__u32 unmapped; /* stopped at an address that no known mapping holds, reached by a trusted rule */
	__u32 last_rule;
	__u32 budget_left;
	__u64 budget_second;
	__u64 last_ns; /* of the last sample on this CPU, of last_tid when it had been switched to last_switches times */
	__u64 last_switches;
	__u32 last_tid;
	struct bee_stack stack;
	__u64 frames[BEE_MAX_USER_FRAMES + BEE_MAX_KERNEL_FRAMES + 1];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BEE_WALK_SLOTS);
	__type(key, __u32);
	__type(value, struct walk);
} walks SEC(".maps");

/*
 * Takes a slot that no other sample on this CPU has: a probe may hit inside a sample, and where the kernel can preempt a
 * probe's program, others come and go in any order. NULL when all are taken. The slot's number is made unknown to the
 * verifier: it would follow the whole walk once for each.
 */
static __always_inline struct walk *take_walk(void)
{
	for (__u32 slot = 0; slot < BEE_WALK_SLOTS; slot++) {
		__u32 index = slot;
		struct walk *walk = bpf_map_lookup_elem(&walks, &index);
		if (!walk)
			return NULL;
		if (__sync_lock_test_and_set(&walk->busy, 1) == 0) {
			index = (slot + live.zero) & (BEE_WALK_SLOTS - 1);
			walk = bpf_map_lookup_elem(&walks, &index);
			if (walk)
				walk->slot = index;
			return walk;
		}
	}
	return NULL;
}

static __always_inline void give_back_walk(struct walk *walk)
{
	*(volatile __u32 *)&walk->busy = 0;
}

enum walk_step { WALK_ON = 0, WALK_STOP = 1 };

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

#endif
