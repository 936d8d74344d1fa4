/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Decides who is observed, from fork and exec to the end. */
#ifndef BEE_TARGETS_BPF_H
#define BEE_TARGETS_BPF_H

#include "access.bpf.h"
#include "runtime.bpf.h"

/* Notes whose work `child` does; see struct bee_starter. The current task is the one that starts it. */
static __always_inline void inherit_starter(__u32 child_tid)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct bee_starter self = { .tid = pid_tgid };
	struct bee_starter *starter = bpf_map_lookup_elem(&starters, &self.tid);
	if (starter) {
		self = *starter;
	} else {
		if (self.tid == pid_tgid >> 32) /* by the first thread */
			return;
		bpf_get_current_comm(self.comm, sizeof(self.comm));
	}
	if (bpf_map_update_elem(&starters, &child_tid, &self, BPF_ANY))
		COUNT(starters_full);
}

/* Gives the child the mappings of its parent. Without them its first stacks travel as snapshots. */
static __always_inline void inherit_space(__u32 parent_tgid, __u32 child_tgid)
{
	struct bee_space *space = bpf_map_lookup_elem(&spaces, &parent_tgid);
	if (!space) {
		bpf_map_delete_elem(&spaces, &child_tgid);
		return;
	}
	struct bee_space copy = *space;
	if (bpf_map_update_elem(&spaces, &child_tgid, &copy, BPF_ANY))
		COUNT(spaces_full);
}

/* raw_tp sched_process_fork(parent, child): a child process is observed from its first instruction. */
SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *context)
{
	struct task_struct *child = (void *)context->args[1];
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct bee_process *process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process)
		return 0;
	inherit_starter(BPF_CORE_READ(child, pid));
	__u32 child_tgid = BPF_CORE_READ(child, tgid);
	if (child_tgid == tgid || process->is_alone) /* a thread, or nobody's to observe */
		return 0;
	struct bee_process inherited = *process;
	inherited.is_awaited = 0;
	if (bpf_map_update_elem(&processes, &child_tgid, &inherited, BPF_ANY)) {
		COUNT(processes_full);
		return 0;
	}
	inherit_space(tgid, child_tgid);
	return 0;
}

/* Begins the observation of a held process. The CPU time that the gate has used is not the program's. */
static __always_inline void release_held(struct bee_process *process, struct task_struct *task)
{
	set_runtime_base(BPF_CORE_READ(task, pid), BPF_CORE_READ(task, se.sum_exec_runtime));
	process->is_held = 0;
}

/*
 * Leaves a process out for good, with all that it starts, whatever it becomes later. Its CPU time up to now was that of an
 * observed one, unless it was the gate's.
 */
static __always_inline void leave_out(__u32 tgid, struct bee_process *process, struct task_struct *task)
{
	if (!process->is_held)
		count_exit_runtime(task);
	bpf_map_delete_elem(&runtime_bases, &tgid);
	bpf_map_delete_elem(&processes, &tgid);
	bpf_map_delete_elem(&spaces, &tgid);
	COUNT(foreign_execs);
}

/* raw_tp sched_process_exec(task, old_pid, bprm): the old image and its mappings are gone. */
SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *context)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct bee_process *process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process)
		return 0;
	if (!may_observe()) {
		leave_out(tgid, process, (void *)context->args[0]);
		return 0;
	}
	process->generation++;
	if (process->is_held)
		release_held(process, (void *)context->args[0]);
	return 0;
}

static __always_inline void note_end(struct task_struct *task, __u32 tgid)
{
	struct bee_process_end end = { .time_ns = bpf_ktime_get_ns() };
	end.wait_status = BPF_CORE_READ(task, signal, group_exit_code);
	if (end.wait_status == 0)
		end.wait_status = BPF_CORE_READ(task, group_leader, exit_code);
	if (bpf_map_update_elem(&ends, &tgid, &end, BPF_ANY))
		COUNT(ends_full);
}

/* raw_tp sched_process_exit(task): the last thread takes the process with it. */
SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *context)
{
	struct task_struct *task = (void *)context->args[0];
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct bee_process *process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process)
		return 0;
	if (may_observe())
		count_exit_runtime(task);
	if (process->is_awaited && BPF_CORE_READ(task, signal, live.counter) == 0)
		note_end(task, tgid);
	return 0;
}

/*
 * raw_tp sched_process_free(task): only now is the pid free for another. Taking memory apart after the exit
 * tracepoint is work of the target too, so the process stays observed until here.
 */
SEC("raw_tp/sched_process_free")
int on_free(struct bpf_raw_tracepoint_args *context)
{
	struct task_struct *task = (void *)context->args[0];
	__u32 tgid = BPF_CORE_READ(task, tgid);
	__u32 tid = BPF_CORE_READ(task, pid);
	count_final_runtime(task);
	bpf_map_delete_elem(&starters, &tid);
	if (tid != tgid)
		return 0;
	bpf_map_delete_elem(&processes, &tgid);
	bpf_map_delete_elem(&spaces, &tgid);
	return 0;
}

#endif
