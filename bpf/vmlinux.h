/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel types in use, and of each only the fields in use. CO-RE relocates every access by name against the
 * running kernel's BTF, so neither order nor the missing fields matter. A generated vmlinux.h would be 2.8 MB.
 */
#ifndef BEE_VMLINUX_H
#define BEE_VMLINUX_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

enum {
	false = 0,
	true = 1,
};
typedef _Bool bool;

/* UAPI values that BPF programs pass to helpers. */
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_MMAPABLE = 1 << 10,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
};
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long ip;
	unsigned long cs;
	unsigned long sp;
};

struct mm_struct;

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct signal_struct {
	int group_exit_code;
	struct {
		int counter;
	} live;
};

typedef struct {
	unsigned int val;
} kuid_t;
typedef struct {
	unsigned int val;
} kgid_t;

struct ns_common {
	unsigned int inum;
};

struct user_namespace {
	struct ns_common ns;
};

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	struct user_namespace *user_ns;
};

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	int exit_code;
	struct mm_struct *mm;
	const struct cred *real_cred;
	struct signal_struct *signal;
	struct sched_entity se;
	struct task_struct *group_leader;
	unsigned long nvcsw;
	unsigned long nivcsw;
};

#pragma clang attribute pop

/* Context of a perf_event program: a fixed UAPI layout, not relocated. */
struct bpf_user_pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};
struct bpf_perf_event_data {
	struct bpf_user_pt_regs regs;
	__u64 sample_period;
	__u64 addr;
};
struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

#endif
