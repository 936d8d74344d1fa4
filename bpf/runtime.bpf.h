/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* CPU time of tasks that have ended. */
#ifndef BEE_RUNTIME_BPF_H
#define BEE_RUNTIME_BPF_H

#include "counters.bpf.h"

/* The part of a task's CPU time that is not to be counted (again). */
static __always_inline void set_runtime_base(__u32 tid, __u64 runtime_ns)
{
	if (bpf_map_update_elem(&runtime_bases, &tid, &runtime_ns, BPF_ANY))
		COUNT(runtime_bases_full);
}

/*
 * CPU time of a task that ends, without what it had used when observation began. The scheduler brings
 * sum_exec_runtime up to date at ticks and switches only, so that at the exit tracepoint up to a tick (4 ms) of it
 * is missing, which is most of a short process: the rest is added when the task is freed.
 */
static __always_inline void count_exit_runtime(struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	__u64 runtime_ns = BPF_CORE_READ(task, se.sum_exec_runtime);
	__u64 *base = bpf_map_lookup_elem(&runtime_bases, &tid);
	struct bee_counters *counter = this_cpu_counters();
	if (counter)
		__sync_fetch_and_add(&counter->exited_cpu_ns, runtime_ns - (base ? *base : 0));
	set_runtime_base(tid, runtime_ns);
}

static __always_inline void count_final_runtime(struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	__u64 *counted_ns = bpf_map_lookup_elem(&runtime_bases, &tid);
	struct bee_counters *counter = this_cpu_counters();
	if (!counted_ns || !counter)
		return;
	__sync_fetch_and_add(&counter->exited_cpu_ns, BPF_CORE_READ(task, se.sum_exec_runtime) - *counted_ns);
	bpf_map_delete_elem(&runtime_bases, &tid);
}

#endif
