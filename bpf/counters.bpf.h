/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Counts what happens and what is lost. */
#ifndef BEE_COUNTERS_BPF_H
#define BEE_COUNTERS_BPF_H

#include "maps.bpf.h"

static __always_inline struct bee_counters *this_cpu_counters(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&counters, &zero);
}

/* Adds atomically: where the kernel can preempt the program of a tracepoint, another one may count on the same CPU. */
#define COUNT(field) do { \
	struct bee_counters *counter_of_cpu = this_cpu_counters(); \
	if (counter_of_cpu) \
		__sync_fetch_and_add(&counter_of_cpu->field, 1); \
} while (0)

static __always_inline void count_loss(enum bee_loss cause)
{
	struct bee_counters *counter = this_cpu_counters();
	if (counter)
		counter->lost[cause]++;
}

#endif
