/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Sends registers and a slice of stack to the sampler, which unwinds what could not be walked here, and repeats walks
 * that are to be checked.
 */
#ifndef BEE_SNAPSHOT_BPF_H
#define BEE_SNAPSHOT_BPF_H

#include "registers.bpf.h"
#include "ring.bpf.h"

/*
 * Takes a snapshot out of the budget, which bounds the cost of a process that jumps into nowhere all the time. A
 * sampler that cannot keep up gets no more of them, so that their 33 KiB leave room for stacks.
 */
static __always_inline bool spend_snapshot(struct walk *walk)
{
	__u64 second = walk->stack.time_ns / 1000000000;
	if (walk->budget_second != second) {
		walk->budget_second = second;
		walk->budget_left = config.snapshots_per_second;
	}
	struct bee_counters *counter = counters_of(walk->epoch);
	if (!counter)
		return false;
	bool is_behind = bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > 2ULL * config.wakeup_bytes;
	if (walk->budget_left == 0 || is_behind) {
		counter->snapshots_over_budget++;
		return false;
	}
	walk->budget_left--;
	counter->snapshots++;
	return true;
}

/* Copies page by page, since a read that touches an absent page gives nothing at all. */
static __always_inline void copy_stack(struct bee_snapshot *snapshot)
{
	__u32 copied = 0;
	for (int page = 0; page < BEE_SNAPSHOT_PAGES; page++) {
		__u64 address = snapshot->registers[BEE_REGISTER_RSP] - BEE_RED_ZONE_BYTES + copied;
		__u32 size = 4096 - (address & 4095);
		if (copied > BEE_SNAPSHOT_STACK_BYTES - 4096)
			break;
		if (bpf_probe_read_user(snapshot->stack + copied, size, (void *)address))
			break;
		copied += size;
	}
	snapshot->stack_bytes = copied;
}

/* Describes the moment of the sample: the task cannot have run on since. */
static __always_inline void fill_snapshot(struct bee_snapshot *snapshot, struct walk *walk,
					  const struct trigger *trigger, __u32 generation)
{
	snapshot->head = walk->stack;
	snapshot->head.outcome = walk->outcome;
	snapshot->head.user_frames = walk->length;
	load_user_registers(walk, trigger, bpf_get_current_task_btf());
	snapshot->ip = walk->ip;
	__builtin_memcpy(snapshot->registers, walk->registers, sizeof(snapshot->registers));
	snapshot->generation = generation;
	copy_stack(snapshot);
}

static __always_inline void deliver_snapshot(struct walk *walk, const struct trigger *trigger,
					     __u32 generation)
{
	struct bee_snapshot *snapshot = bpf_ringbuf_reserve(&records, sizeof(*snapshot), 0);
	if (!snapshot) {
		count_loss(walk->epoch, BEE_LOSS_RINGBUF_FULL);
		return;
	}
	fill_snapshot(snapshot, walk, trigger, generation);
	snapshot->head.kind = BEE_RECORD_SNAPSHOT;
	if (config.has_kernel_frames && !is_user_mode(trigger)) {
		long bytes = bpf_get_stack(trigger->context, snapshot->kernel, sizeof(snapshot->kernel), 0);
		snapshot->head.kernel_frames = bytes > 0 ? bytes / sizeof(__u64) : 0;
	}
	bpf_ringbuf_submit(snapshot, BPF_RB_FORCE_WAKEUP); /* to be unwound before the mappings change again */
}

/* Sends a walk to the second unwinder. Every walk finds at least one frame; where there is none, there was no walk. */
static __always_inline void send_check(struct walk *walk, const struct trigger *trigger, __u32 generation)
{
	if (!config.checks_unwinding || walk->length == 0)
		return;
	struct bee_check *check = bpf_ringbuf_reserve(&records, sizeof(*check), 0);
	if (!check) {
		COUNT(checks_lost);
		return;
	}
	fill_snapshot(&check->snapshot, walk, trigger, generation);
	check->snapshot.head.kind = BEE_RECORD_CHECK;
	check->space = walk->space;
	__u32 bytes = walk->length * sizeof(__u64);
	if (bytes > sizeof(check->frames))
		bytes = sizeof(check->frames);
	bpf_probe_read_kernel(check->frames, bytes, walk->frames);
	bpf_ringbuf_submit(check, wakeup_flags());
}

#endif
