/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Sends a stack when it is new, and counts it from then on. */
#ifndef BEE_RING_BPF_H
#define BEE_RING_BPF_H

#include "counters.bpf.h"
#include "walk_state.bpf.h"

/* The sampler empties the ring ten times a second; it is woken earlier only when the ring fills up. */
static __always_inline __u64 wakeup_flags(void)
{
	bool is_filling = bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > config.wakeup_bytes;
	return is_filling ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/*
 * Counts a known stack, sends a new one. The thread is part of the key and runs on one CPU at a time, so that nobody
 * counts the same key between the lookup and the insertion. Where the map is full (or locked by the interrupted
 * context), nothing is lost and nothing counted as lost: the record stands for this sample alone, and the next one
 * sends it again.
 */
static __always_inline void deliver_stack(struct walk *walk)
{
	struct stack_key key = { .hash = { walk->stack.key[0], walk->stack.key[1] } };
	__u64 *repetitions = bpf_map_lookup_elem(&counts, &key);
	if (repetitions) {
		__sync_fetch_and_add(repetitions, 1);
		return;
	}
	walk->stack.user_frames = walk->length;
	walk->stack.outcome = walk->outcome;
	__u64 words = walk->length + walk->stack.kernel_frames;
	__u64 bytes = sizeof(walk->stack) + words * sizeof(__u64);
	if (bytes > sizeof(walk->stack) + sizeof(walk->frames))
		bytes = sizeof(walk->stack) + sizeof(walk->frames);
	if (bpf_ringbuf_output(&records, &walk->stack, bytes, wakeup_flags())) {
		count_loss(walk->epoch, BEE_LOSS_RINGBUF_FULL);
		return;
	}
	__u64 none = 0;
	bpf_map_update_elem(&counts, &key, &none, BPF_NOEXIST);
}

#endif
