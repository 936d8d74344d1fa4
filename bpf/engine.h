/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the sampler and the BPF programs say to each other, apart from records: configuration, processes, mappings,
 * counters. Rust's mirror is the sampler's record.rs; layout.c states sizes and offsets for its test.
 */
#ifndef BEE_ENGINE_H
#define BEE_ENGINE_H

#include "record.h"
#include "unwind.h"

#define BEE_MAX_MAPPINGS_PER_SPACE 4096
#define BEE_SNAPSHOT_STACK_BYTES 32768
#define BEE_SNAPSHOT_PAGES 8
/* A caller's rbp may lie below rsp: just popped, or saved by a leaf that does not move rsp (the ABI's red zone). */
#define BEE_RED_ZONE_BYTES 128
/*
 * Samples that can be at work on a CPU at a time: of a task, of a softirq, of an interrupt or NMI, and of a probe inside one
 * of them.
 */
#define BEE_WALK_SLOTS 4 /* a power of two */
#define BEE_TIMED_HITS 64 /* a power of two */

/* .rodata.cfg: constants of one run. */
struct bee_config {
	__u32 frame_pointers_only;
	__u32 max_depth;
	__u32 snapshots_per_second; /* per CPU; 0 turns the fallback off */
	__u32 wakeup_bytes; /* the sampler is woken when more than this waits in the ring */
	__u32 is_restricted; /* to processes of uid, gid and user_namespace (its inode number): access.bpf.h */
	__u32 uid;
	__u32 gid;
	__u32 user_namespace;
	__u32 has_kernel_frames;
	__u32 times_itself; /* where the kernel keeps no statistics of our programs */
	__u32 checks_unwinding; /* sends a struct bee_check with every walk */
};

/*
 * .data.live: what the sampler changes while the programs run, through mmap. A sample belongs to the epoch that it reads at
 * its begin. When the epoch turns and the walks of the old one have ended, nothing changes any more of what was counted
 * in it.
 */
struct bee_live {
	__u64 epoch;
	__u64 zero; /* of which the verifier does not know that it is 0 */
};

/* The bit of a key's second word, and the index of counters, that two epochs in a row do not share. */
#define BEE_EPOCH_BIT 1

/*
 * A process under observation. `generation` counts its execs: a space that was published for another generation
 * describes an image that is gone. `is_held`: it waits at the gate, and observation begins with its exec. `root` is the
 * number of the request that began the observation; children inherit it, so that a sample tells where it belongs even
 * when pids are used again. `is_alone`: its children are not observed. `is_awaited`: the client wants to know how it
 * ends; children do not inherit this.
 */
struct bee_process {
	__u32 generation;
	__u32 is_held;
	__u32 root;
	__u32 is_alone;
	__u32 is_awaited;
};

/* The mappings of a process: `count` entries of the mappings array from `first`, sorted by begin. */
struct bee_space {
	__u32 first;
	__u32 count;
	__u32 log2_step; /* largest power of two below count, as exponent */
	__u32 generation;
};

enum bee_mapping_flags {
	BEE_MAPPING_TABLE = 1, /* dir_first names its object, the `pages` words behind it describe its text */
	BEE_MAPPING_JIT = 2, /* anonymous executable memory */
};

struct bee_mapping {
	__u64 begin;
	__u64 end;
	__u64 bias; /* process address - bias = address in the ELF */
	__u64 first_page; /* ELF page number of the first of `pages` */
	__u32 dir_first;
	__u32 pages;
	__u32 object; /* its number, and above BEE_OBJECT_BITS how often that has been given to another file */
	__u32 flags; /* enum bee_mapping_flags */
};

/* Per CPU and by BEE_EPOCH_BIT; none is ever set back. */
struct bee_counters {
	__u64 fired;
	__u64 lost[BEE_LOSS_COUNT];
	__u64 snapshots;
	__u64 snapshots_over_budget;
	__u64 exited_cpu_ns; /* sum_exec_runtime of tasks that ended */
	__u64 starters_full; /* tasks whose starter found no room */
	__u64 processes_full; /* forked processes that found no room: they are not observed, nor what they start */
	__u64 spaces_full; /* forked processes that found no room for their parent's mappings */
	__u64 ends_full; /* awaited processes whose end found no room */
	__u64 runtime_bases_full; /* times that the CPU time of a task found no room: what is counted of it is not exact */
	__u64 foreign_execs; /* processes that became another user's by exec, and were left out from then on */
	__u64 foreign_samples; /* hits in observed processes that the caller may not see; they have not fired */
	__u64 timed_ns; /* what timed_hits took, one in BEE_TIMED_HITS, the first of each CPU among them */
	__u64 timed_hits;
	/*
	 * Over all pairs of samples between which a task kept its CPU: the time from one to the next, and the number of
	 * pairs. Where the time holds more ticks than there are pairs, the kernel has skipped them or the host has
	 * stolen them.
	 */
	__u64 stint_ns;
	__u64 stint_samples;
	__u64 checks_lost; /* found no room in the ring; the samples themselves are not lost by that */
};

/* How a process ended: wait status as wait4 would give it. */
struct bee_process_end {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__s32 wait_status;
	__u32 reserved;
};

/* A sample whose mappings or tables were not ready: registers and a slice of stack, unwound by the sampler. */
struct bee_snapshot {
	struct bee_stack head; /* user_frames and outcome: of the walk that ended early; no frames follow */
	__u64 kernel[BEE_MAX_KERNEL_FRAMES];
	__u64 ip;
	__u64 registers[BEE_REGISTER_COUNT]; /* by enum bee_unwind_register */
	__u32 stack_bytes;
	__u32 generation;
	__u8 stack[BEE_SNAPSHOT_STACK_BYTES]; /* from BEE_RED_ZONE_BYTES below sp */
};

/*
 * A walk for the sampler to repeat and compare: what it began with, the mappings that it used, and the head.user_frames
 * frames that it found.
 */
struct bee_check {
	struct bee_snapshot snapshot;
	struct bee_space space;
	__u64 frames[BEE_MAX_USER_FRAMES];
};

#endif
