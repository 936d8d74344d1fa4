/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Counts the CPU time of tasks that end. */
#ifndef BEE_RUNTIME_BPF_H
#define BEE_RUNTIME_BPF_H

#include "counters.bpf.h"

/* Sets the part of a task's CPU time that does not count; see the map. */
static __always_inline void set_runtime_base(__u32 tid, __u64 runtime_ns)
{
	if (bpf_map_update_elem(&runtime_bases, &tid, &runtime_ns, BPF_ANY))
		COUNT(runtime_bases_full);
}

/*
 * Counts the CPU time of a task that ends, without what it had used before observation began. The scheduler brings
 * sum_exec_runtime up to date only at ticks and switches, so that up to a tick (4 ms) is missing at the exit
 * tracepoint, which is most of a short process: the rest is counted when the task is freed.
 */
static __always_inline void count_exit_runtime(struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	__u64 runtime_ns = BPF_CORE_READ(task, se.sum_exec_runtime);
	__u64 *base = bpf_map_lookup_elem(&runtime_bases, &tid);
	struct bee_counters *counter = counters_of(current_epoch());
	if (counter)
		__sync_fetch_and_add(&counter->exited_cpu_ns, runtime_ns - (base ? *base : 0));
	set_runtime_base(tid, runtime_ns);
}

static __always_inline void count_final_runtime(struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	__u64 *counted_ns = bpf_map_lookup_elem(&runtime_bases, &tid);
	struct bee_counters *counter = counters_of(current_epoch());
	if (!counted_ns || !counter)
		return;
	__sync_fetch_and_add(&counter->exited_cpu_ns, BPF_CORE_READ(task, se.sum_exec_runtime) - *counted_ns);
	bpf_map_delete_elem(&runtime_bases, &tid);
}

#endif
