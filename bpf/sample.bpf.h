/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* CPU samples of observed processes: one perf event per CPU, filtered here. */
#ifndef BEE_SAMPLE_BPF_H
#define BEE_SAMPLE_BPF_H

#include "access.bpf.h"
#include "snapshot.bpf.h"
#include "stack.bpf.h"

/* Notes whether the task has kept its CPU since the last sample; see struct bee_counters. */
static __always_inline void note_stint(struct walk *walk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bee_counters *counter = counters_of(walk->epoch);
	__u64 switches = task->nvcsw + task->nivcsw;
	if (counter && walk->last_tid == walk->stack.tid && walk->last_switches == switches) {
		counter->stint_ns += walk->stack.time_ns - walk->last_ns;
		counter->stint_samples++;
	}
	walk->last_ns = walk->stack.time_ns;
	walk->last_tid = walk->stack.tid;
	walk->last_switches = switches;
}

static __always_inline void take_sample(struct walk *walk, const struct trigger *trigger, __u64 pid_tgid,
					struct bee_process *process)
{
	begin_stack(walk, trigger, pid_tgid, process->root);
	note_stint(walk);
	unwind_user(walk, trigger, process);
	send_check(walk, trigger, process->generation);
	if (walk->unmapped && spend_snapshot(walk)) {
		deliver_snapshot(walk, trigger, process->generation);
		return;
	}
	walk->stack.kernel_frames = append_kernel_stack(walk, trigger);
	finish_hash(walk);
	deliver_stack(walk);
}

static __always_inline void take_timed_sample(struct walk *walk, const struct trigger *trigger,
					      __u64 pid_tgid, struct bee_process *process,
					      struct bee_counters *counter)
{
	bool is_timed = config.times_itself && (counter->fired & (BEE_TIMED_HITS - 1)) == 1;
	__u64 begin_ns = is_timed ? bpf_ktime_get_ns() : 0;
	take_sample(walk, trigger, pid_tgid, process);
	if (is_timed) {
		counter->timed_ns += bpf_ktime_get_ns() - begin_ns;
		counter->timed_hits++;
	}
}

/* From the trigger to the ring: whoever is current, if it is observed. */
static __always_inline int on_trigger(const struct trigger *trigger)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tgid = pid_tgid >> 32;
	struct bee_process *process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process || process->is_held)
		return 0;
	__u32 epoch = current_epoch();
	struct bee_counters *counter = counters_of(epoch);
	if (!counter)
		return 0;
	if (!may_observe()) {
		counter->foreign_samples++;
		return 0;
	}
	counter->fired++;
	struct walk *walk = take_walk();
	if (!walk) {
		count_loss(epoch, BEE_LOSS_NESTED);
		return 0;
	}
	walk->epoch = epoch;
	take_timed_sample(walk, trigger, pid_tgid, process, counter);
	give_back_walk(walk);
	return 0;
}

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *context)
{
	struct trigger trigger = { .context = context, .registers = &context->regs, .event = 0, .weight = 1 };
	return on_trigger(&trigger);
}

#endif
