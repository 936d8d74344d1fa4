/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Counts what happens and what is lost. */
#ifndef BEE_COUNTERS_BPF_H
#define BEE_COUNTERS_BPF_H

#include "maps.bpf.h"

static __always_inline __u32 current_epoch(void)
{
	return live.epoch & BEE_EPOCH_BIT;
}

static __always_inline struct bee_counters *counters_of(__u32 epoch)
{
	return bpf_map_lookup_elem(&counters, &epoch);
}

/* Adds atomically: where the kernel can preempt the program of a tracepoint, another one may count on the same CPU. */
#define COUNT(field) do { \
	struct bee_counters *counter_of_cpu = counters_of(current_epoch()); \
	if (counter_of_cpu) \
		__sync_fetch_and_add(&counter_of_cpu->field, 1); \
} while (0)

/* Of a sample that has fired in that epoch. */
static __always_inline void count_loss(__u32 epoch, enum bee_loss cause)
{
	struct bee_counters *counter = counters_of(epoch);
	if (counter)
		counter->lost[cause]++;
}

#endif
