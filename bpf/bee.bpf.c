// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* CPU samples of observed processes: one perf event per CPU, filtered here, stacks unwound and counted here. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#define NULL ((void *)0)
#include "walk.bpf.h"
#include "access.bpf.h"

#define PF_EXITING 0x4
#define USER32_CS 0x23 /* the kernel's segment for 32-bit code */

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* task_struct.in_execve where the kernel has it. */
struct task_struct___execve {
	unsigned in_execve : 1;
} __attribute__((preserve_access_index));

static __always_inline struct bee_counters *this_cpu_counters(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&counters, &zero);
}

/* Atomically: on some kernels the program of another tracepoint may interrupt this one on its CPU. */
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

static __always_inline bool is_in_execve(struct task_struct *task)
{
	struct task_struct___execve *execing = (void *)task;
	if (!bpf_core_field_exists(execing->in_execve))
		return false;
	return BPF_CORE_READ_BITFIELD_PROBED(execing, in_execve);
}

static __always_inline bool is_user_mode(struct bpf_perf_event_data *context)
{
	return context->regs.cs & 3;
}

#define SAVE_REGISTERS(walk, regs) do { \
	(walk)->ip = (regs)->ip; \
	(walk)->cs = (regs)->cs; \
	(walk)->registers[BEE_REGISTER_RSP] = (regs)->sp; \
	(walk)->registers[BEE_REGISTER_RBP] = (regs)->bp; \
	(walk)->registers[BEE_REGISTER_RBX] = (regs)->bx; \
	(walk)->registers[BEE_REGISTER_RAX] = (regs)->ax; \
	(walk)->registers[BEE_REGISTER_RCX] = (regs)->cx; \
	(walk)->registers[BEE_REGISTER_RDX] = (regs)->dx; \
	(walk)->registers[BEE_REGISTER_RSI] = (regs)->si; \
	(walk)->registers[BEE_REGISTER_RDI] = (regs)->di; \
	(walk)->registers[BEE_REGISTER_R8] = (regs)->r8; \
	(walk)->registers[BEE_REGISTER_R9] = (regs)->r9; \
	(walk)->registers[BEE_REGISTER_R10] = (regs)->r10; \
	(walk)->registers[BEE_REGISTER_R11] = (regs)->r11; \
	(walk)->registers[BEE_REGISTER_R12] = (regs)->r12; \
	(walk)->registers[BEE_REGISTER_R13] = (regs)->r13; \
	(walk)->registers[BEE_REGISTER_R14] = (regs)->r14; \
	(walk)->registers[BEE_REGISTER_R15] = (regs)->r15; \
} while (0)

/*
 * The registers with which the task left user space. The context is read without a branch, and the reads are kept apart:
 * the compiler would join the two behind one computed pointer, and the verifier refuses a computed pointer into the
 * context.
 */
static __always_inline void load_user_registers(struct walk *walk, struct bpf_perf_event_data *context,
						struct task_struct *task)
{
	SAVE_REGISTERS(walk, &context->regs);
	asm volatile("" ::: "memory");
	if (!is_user_mode(context)) {
		struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
		SAVE_REGISTERS(walk, regs);
	}
}

static __always_inline void note_starter(struct bee_stack *stack)
{
	__u32 tid = stack->tid;
	struct bee_starter none = {};
	struct bee_starter *starter = bpf_map_lookup_elem(&starters, &tid);
	stack->starter = starter ? *starter : none;
}

static __always_inline void begin_stack(struct walk *walk, __u64 pid_tgid, __u32 root)
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
	bpf_get_current_comm(walk->stack.comm, sizeof(walk->stack.comm));
	note_starter(&walk->stack);
	walk->length = 0;
	walk->unmapped = 0;
	walk->hash[0] = pid_tgid;
	walk->hash[1] = 0x165667b19e3779f9ULL;
}

/* Whether the task has run on since the last sample; see struct bee_counters. */
static __always_inline void note_stint(struct walk *walk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bee_counters *counter = this_cpu_counters();
	__u64 switches = task->nvcsw + task->nivcsw;
	if (counter && walk->last_tid == walk->stack.tid && walk->last_switches == switches) {
		counter->stint_ns += walk->stack.time_ns - walk->last_ns;
		counter->stint_samples++;
	}
	walk->last_ns = walk->stack.time_ns;
	walk->last_tid = walk->stack.tid;
	walk->last_switches = switches;
}

/* A sample inside execve, of a task without memory or of 32-bit code has no user stack to speak of. */
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

static __always_inline void unwind_user(struct walk *walk, struct bpf_perf_event_data *context,
					struct bee_process *process)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (!task->mm) {
		drop_user_stack(walk, task->flags & PF_EXITING ? BEE_OUTCOME_EXITING : BEE_OUTCOME_KERNEL_ONLY);
		return;
	}
	load_user_registers(walk, context, task);
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

/* Kernel frames behind the user frames; returns their number. */
static __always_inline __u32 append_kernel_stack(struct walk *walk, struct bpf_perf_event_data *context)
{
	if (!config.has_kernel_frames || is_user_mode(context) || walk->length > BEE_MAX_USER_FRAMES)
		return 0;
	long bytes = bpf_get_stack(context, &walk->frames[walk->length], BEE_MAX_KERNEL_FRAMES * sizeof(__u64), 0);
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
	/* Not left to the number, which is 0 then: of a loop that never runs, 6.18 removes the body and keeps the call. */
	if (config.has_kernel_frames)
		bpf_loop(walk->stack.kernel_frames, hash_kernel_frame, &walk, 0);
	__u64 *comm = (__u64 *)walk->stack.comm;
	hash_word(walk, comm[0]);
	hash_word(walk, comm[1]);
	hash_word(walk, walk->outcome);
	hash_word(walk, (__u64)walk->stack.root << 32 | walk->stack.starter.tid); /* pids are used again */
	walk->stack.key[0] = walk->hash[0];
	walk->stack.key[1] = walk->hash[1];
}

/* The sampler empties the ring ten times a second; it is woken earlier only when the ring fills up. */
static __always_inline __u64 wakeup_flags(void)
{
	bool is_filling = bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > config.wakeup_bytes;
	return is_filling ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/*
 * Counts a known stack, sends a new one. The thread is part of the key and runs on one CPU at a time, so nobody
 * counts the same key between the lookup and the insertion. Where the map is full (or locked by the interrupted
 * context), the record stands for this sample alone and the next one sends it again.
 */
static __always_inline void deliver_stack(struct walk *walk)
{
	struct stack_key key = { .hash = { walk->hash[0], walk->hash[1] } };
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
		count_loss(BEE_LOSS_RINGBUF_FULL);
		return;
	}
	__u64 none = 0;
	bpf_map_update_elem(&counts, &key, &none, BPF_NOEXIST);
}

/*
 * The budget bounds what a process that jumps into nowhere all the time can cost; a sampler that cannot keep up gets no
 * more of them, so that their 33 KiB leave room for stacks.
 */
static __always_inline bool spend_snapshot(struct walk *walk)
{
	__u64 second = walk->stack.time_ns / 1000000000;
	if (walk->budget_second != second) {
		walk->budget_second = second;
		walk->budget_left = config.snapshots_per_second;
	}
	struct bee_counters *counter = this_cpu_counters();
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

/* Page by page, since a read that touches an absent page gives nothing at all. */
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

/* The moment of the sample: the task cannot have run on. */
static __always_inline void fill_snapshot(struct bee_snapshot *snapshot, struct walk *walk,
					  struct bpf_perf_event_data *context, __u32 generation)
{
	snapshot->head = walk->stack;
	snapshot->head.outcome = walk->outcome;
	snapshot->head.user_frames = walk->length;
	load_user_registers(walk, context, bpf_get_current_task_btf());
	snapshot->ip = walk->ip;
	__builtin_memcpy(snapshot->registers, walk->registers, sizeof(snapshot->registers));
	snapshot->generation = generation;
	copy_stack(snapshot);
}

static __always_inline void deliver_snapshot(struct walk *walk, struct bpf_perf_event_data *context,
					     __u32 generation)
{
	struct bee_snapshot *snapshot = bpf_ringbuf_reserve(&records, sizeof(*snapshot), 0);
	if (!snapshot) {
		count_loss(BEE_LOSS_RINGBUF_FULL);
		return;
	}
	fill_snapshot(snapshot, walk, context, generation);
	snapshot->head.kind = BEE_RECORD_SNAPSHOT;
	if (config.has_kernel_frames && !is_user_mode(context)) {
		long bytes = bpf_get_stack(context, snapshot->kernel, sizeof(snapshot->kernel), 0);
		snapshot->head.kernel_frames = bytes > 0 ? bytes / sizeof(__u64) : 0;
	}
	bpf_ringbuf_submit(snapshot, BPF_RB_FORCE_WAKEUP); /* to be unwound before the mappings change again */
}

/* For the second unwinder. Every walk finds a frame: without one there was none. */
static __always_inline void send_check(struct walk *walk, struct bpf_perf_event_data *context, __u32 generation)
{
	if (!config.checks_unwinding || walk->length == 0)
		return;
	struct bee_check *check = bpf_ringbuf_reserve(&records, sizeof(*check), 0);
	if (!check) {
		COUNT(checks_lost);
		return;
	}
	fill_snapshot(&check->snapshot, walk, context, generation);
	check->snapshot.head.kind = BEE_RECORD_CHECK;
	check->space = walk->space;
	__u32 bytes = walk->length * sizeof(__u64);
	if (bytes > sizeof(check->frames))
		bytes = sizeof(check->frames);
	bpf_probe_read_kernel(check->frames, bytes, walk->frames);
	bpf_ringbuf_submit(check, wakeup_flags());
}

static __always_inline void take_sample(struct walk *walk, struct bpf_perf_event_data *context, __u64 pid_tgid,
					struct bee_process *process)
{
	begin_stack(walk, pid_tgid, process->root);
	note_stint(walk);
	unwind_user(walk, context, process);
	send_check(walk, context, process->generation);
	if (walk->unmapped && spend_snapshot(walk)) {
		deliver_snapshot(walk, context, process->generation);
		return;
	}
	walk->stack.kernel_frames = append_kernel_stack(walk, context);
	finish_hash(walk);
	deliver_stack(walk);
}

static __always_inline void take_timed_sample(struct walk *walk, struct bpf_perf_event_data *context,
					      __u64 pid_tgid, struct bee_process *process,
					      struct bee_counters *counter)
{
	bool is_timed = config.times_itself && (counter->fired & (BEE_TIMED_HITS - 1)) == 1;
	__u64 begin_ns = is_timed ? bpf_ktime_get_ns() : 0;
	take_sample(walk, context, pid_tgid, process);
	if (is_timed) {
		counter->timed_ns += bpf_ktime_get_ns() - begin_ns;
		counter->timed_hits++;
	}
}

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *context)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tgid = pid_tgid >> 32, zero = 0;
	struct bee_process *process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process || process->is_held)
		return 0;
	struct bee_counters *counter = this_cpu_counters();
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);
	if (!counter || !walk)
		return 0;
	if (!may_observe()) {
		counter->foreign_samples++;
		return 0;
	}
	counter->fired++;
	if (walk->busy) {
		count_loss(BEE_LOSS_NESTED);
		return 0;
	}
	walk->busy = 1;
	take_timed_sample(walk, context, pid_tgid, process, counter);
	walk->busy = 0;
	return 0;
}

/* What `child` is started for: see struct bee_starter. The current task is the one that starts it. */
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

/* Without them the child's first stacks travel as snapshots. */
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

/* The part of a task's CPU time that is not to be counted (again). */
static __always_inline void set_runtime_base(__u32 tid, __u64 runtime_ns)
{
	if (bpf_map_update_elem(&runtime_bases, &tid, &runtime_ns, BPF_ANY))
		COUNT(runtime_bases_full);
}

/* What the gate itself has used is not the program's. */
static __always_inline void release_held(struct bee_process *process, struct task_struct *task)
{
	set_runtime_base(BPF_CORE_READ(task, pid), BPF_CORE_READ(task, se.sum_exec_runtime));
	process->is_held = 0;
}

/* For good, with all that it starts, whatever it becomes later. */
static __always_inline void leave_out(__u32 tgid)
{
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
		leave_out(tgid);
		return 0;
	}
	process->generation++;
	if (process->is_held)
		release_held(process, (void *)context->args[0]);
	return 0;
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
