/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Reads the code around a return address: whether a call lies before it, and whether anybody returns to it. */
#ifndef BEE_CALLER_CODE_BPF_H
#define BEE_CALLER_CODE_BPF_H

#include "walk_state.bpf.h"

static __always_inline __u64 code_byte(__u64 code, int index)
{
	return code >> (8 * index) & 0xff;
}

/* Whether eight bytes end in a call: E8, or FF /2 with each form of operand. */
static __always_inline bool ends_in_call(__u64 code)
{
	__u64 b1 = code_byte(code, 1), b2 = code_byte(code, 2), b3 = code_byte(code, 3), b4 = code_byte(code, 4);
	__u64 b5 = code_byte(code, 5), b6 = code_byte(code, 6), b7 = code_byte(code, 7);
	if (b3 == 0xe8)
		return true;
	if (b6 == 0xff && ((b7 & 0xf8) == 0xd0 || ((b7 & 0xf8) == 0x10 && (b7 & 6) != 4)))
		return true;
	if (b5 == 0xff && (((b6 & 0xf8) == 0x50 && b6 != 0x54) || (b6 == 0x14 && (b7 & 7) != 5)))
		return true;
	if (b4 == 0xff && b5 == 0x54)
		return true;
	if (b2 == 0xff && (b3 == 0x15 || ((b3 & 0xf8) == 0x90 && b3 != 0x94)))
		return true;
	return b1 == 0xff && (b2 == 0x94 || (b2 == 0x14 && (b3 & 7) == 5));
}

/* Whether the instruction is ud2, int3 or hlt: a call that stands before it never returns. */
static __always_inline bool traps(__u64 address)
{
	__u16 code = 0;
	if (bpf_probe_read_user(&code, sizeof(code), (void *)address))
		return false;
	return code == 0x0b0f || (code & 0xff) == 0xcc || (code & 0xff) == 0xf4;
}

/*
 * Whether a call lies before the address, or a trap lies at it: coroutines put an address below their first function to
 * which nobody is meant to return (corosensei's is an int3). `if_unread` is the answer where the code cannot be read: a
 * caller's code is in memory, but a child that was forked may not have touched it yet. Asked where a step may be wrong:
 * what lies on a stack is not always a return address, and an old one leads to a stack that is false and looks right.
 */
static __always_inline bool follows_call(struct walk *walk, __u64 return_address, bool if_unread)
{
	__u32 walk_slot = walk->slot;
	struct known_rules *known = bpf_map_lookup_elem(&known_rules, &walk_slot);
	if (!known)
		return false;
	__u64 slot = (return_address * 0x9e3779b97f4a7c15ULL >> (64 - BEE_KNOWN_RULES_BITS)) & (BEE_KNOWN_RULES - 1);
	if (known->at[slot].frame == return_address)
		return true;
	__u64 code = 0;
	if (bpf_probe_read_user(&code, sizeof(code), (void *)(return_address - sizeof(code))))
		return if_unread;
	if (!ends_in_call(code) && !traps(return_address))
		return false;
	known->at[slot].frame = return_address;
	return true;
}

#endif
