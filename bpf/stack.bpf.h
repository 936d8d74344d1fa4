/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The stack of a sample: from the trigger to the walk, and from the walk to a key. */
#ifndef BEE_STACK_BPF_H
#define BEE_STACK_BPF_H

#include "registers.bpf.h"
#include "walk.bpf.h"

#define PF_EXITING 0x4
#define USER32_CS 0x23 /* the kernel's segment for 32-bit code */

/* task_struct.in_execve where the kernel has it. */
struct task_struct___execve {
	unsigned in_execve : 1;
} __attribute__((preserve_access_index));

static __always_inline bool is_in_execve(struct task_struct *task)
{
	struct task_struct___execve *execing = (void *)task;
	if (!bpf_core_field_exists(execing->in_execve))
		return false;
	return BPF_CORE_READ_BITFIELD_PROBED(execing, in_execve);
}

static __always_inline void note_starter(struct bee_stack *stack)
{
	__u32 tid = stack->tid;
	struct bee_starter none = {};
	struct bee_starter *starter = bpf_map_lookup_elem(&starters, &tid);
	stack->starter = starter ? *starter : none;
}

static __always_inline void begin_stack(struct walk *walk, const struct trigger *trigger, __u64 pid_tgid, __u32 root)
{
	walk->stack.time_ns = bpf_ktime_get_ns();
	walk->stack.count = 1;
	walk->stack.pid = pid_tgid >> 32;
	walk->stack.tid = pid_tgid;
	walk->stack.cpu = bpf_get_smp_processor_id();
	walk->stack.user_frames = 0;
	walk->stack.kernel_frames = 0;
	walk->stack.kind = BEE_RECORD_STACK;
	walk->stack.root = root;
	walk->stack.key[1] = walk->epoch; /* of a snapshot, which has no key, it tells the epoch */
	walk->stack.event = trigger->event;
	walk->stack.weight = trigger->weight;
	bpf_get_current_comm(walk->stack.comm, sizeof(walk->stack.comm));
	note_starter(&walk->stack);
	walk->length = 0;
	walk->unmapped = 0;
	walk->hash[0] = pid_tgid;
	walk->hash[1] = 0x165667b19e3779f9ULL;
}

/*
 * Drops the user frames of a sample inside execve, of a task without memory, or of 32-bit code: none has a user stack
 * that can be walked.
 */
static __always_inline void drop_user_stack(struct walk *walk, enum bee_outcome outcome)
{
	walk->length = 0;
	walk->unmapped = 0;
	walk->outcome = outcome;
}

static __always_inline bool has_current_space(struct walk *walk, __u32 tgid, struct bee_process *process)
{
	struct bee_space *space = bpf_map_lookup_elem(&spaces, &tgid);
	if (!space || space->generation != process->generation)
		return false;
	walk->space = *space;
	return true;
}

static __always_inline void unwind_user(struct walk *walk, const struct trigger *trigger,
					struct bee_process *process)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (!task->mm) {
		drop_user_stack(walk, task->flags & PF_EXITING ? BEE_OUTCOME_EXITING : BEE_OUTCOME_KERNEL_ONLY);
		return;
	}
	load_user_registers(walk, trigger, task);
	if (walk->cs == USER32_CS) {
		drop_user_stack(walk, BEE_OUTCOME_THIRTY_TWO_BIT);
		return;
	}
	walk->outcome = BEE_OUTCOME_NO_TABLE;
	if (has_current_space(walk, walk->stack.pid, process))
		walk_user_stack(walk);
	else
		walk->unmapped = 1;
	if (walk->outcome != BEE_OUTCOME_COMPLETE && is_in_execve(task))
		drop_user_stack(walk, BEE_OUTCOME_KERNEL_ONLY);
}

/* Appends kernel frames to the user frames; returns their number. */
static __always_inline __u32 append_kernel_stack(struct walk *walk, const struct trigger *trigger)
{
	if (!config.has_kernel_frames || is_user_mode(trigger) || walk->length > BEE_MAX_USER_FRAMES)
		return 0;
	__u64 *frames = &walk->frames[walk->length];
	long bytes = bpf_get_stack(trigger->context, frames, BEE_MAX_KERNEL_FRAMES * sizeof(__u64), 0);
	return bytes > 0 ? bytes / sizeof(__u64) : 0;
}

static long hash_kernel_frame(__u32 index, void *context)
{
	struct walk *walk = *(struct walk **)context;
	__u32 position = walk->length + index;
	if (position >= BEE_MAX_USER_FRAMES + BEE_MAX_KERNEL_FRAMES)
		return WALK_STOP;
	hash_word(walk, walk->frames[position]);
	return WALK_ON;
}

static __always_inline void finish_hash(struct walk *walk)
{
	/*
	 * Without kernel frames the number is 0 anyway; but of a loop that never runs, Linux 6.18 removes the body and
	 * keeps the call.
	 */
	if (config.has_kernel_frames)
		bpf_loop(walk->stack.kernel_frames, hash_kernel_frame, &walk, 0);
	__u64 *comm = (__u64 *)walk->stack.comm;
	hash_word(walk, comm[0]);
	hash_word(walk, comm[1]);
	hash_word(walk, (__u64)walk->stack.event << 32 | walk->outcome);
	hash_word(walk, (__u64)walk->stack.root << 32 | walk->stack.starter.tid); /* pids are used again */
	walk->stack.key[0] = walk->hash[0];
	walk->stack.key[1] = (walk->hash[1] & ~(__u64)BEE_EPOCH_BIT) | walk->epoch;
}

#endif
