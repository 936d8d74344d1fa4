/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Words of the stack that is walked. */
#ifndef BEE_STACK_MEMORY_BPF_H
#define BEE_STACK_MEMORY_BPF_H

#include "tables.bpf.h"

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

#endif
