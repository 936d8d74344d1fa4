/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Decides at every sample who may be observed: a child of the caller can exec a setuid program or change its user at
 * any moment, and a check made earlier would be too early. The rule is the kernel's for reading a process's memory map
 * (kernel/ptrace.c, __ptrace_may_access), with the caller's rights; the sampler's access.rs asks it there.
 */
#ifndef BEE_ACCESS_BPF_H
#define BEE_ACCESS_BPF_H

#include "maps.bpf.h"

#define MMF_DUMPABLE_MASK 3
#define SUID_DUMP_USER 1

/* mm_struct.flags: a word until 6.17, a bitmap (mm_flags_t) since. */
struct mm_struct___word {
	unsigned long flags;
} __attribute__((preserve_access_index));
struct mm_flags {
	unsigned long __mm_flags[1];
} __attribute__((preserve_access_index));
struct mm_struct___bitmap {
	struct mm_flags flags;
} __attribute__((preserve_access_index));

static __always_inline bool is_dumpable(struct mm_struct *mm)
{
	struct mm_struct___word *with_word = (void *)mm;
	struct mm_struct___bitmap *with_bitmap = (void *)mm;
	unsigned long flags = 0;
	if (bpf_core_field_exists(with_word->flags))
		flags = BPF_CORE_READ(with_word, flags);
	else if (bpf_core_field_exists(with_bitmap->flags.__mm_flags))
		flags = BPF_CORE_READ(with_bitmap, flags.__mm_flags[0]);
	return (flags & MMF_DUMPABLE_MASK) == SUID_DUMP_USER;
}

static __always_inline bool is_of_caller(const struct cred *cred)
{
	__u32 uid = config.uid, gid = config.gid;
	return cred->uid.val == uid && cred->euid.val == uid && cred->suid.val == uid && cred->gid.val == gid &&
	       cred->egid.val == gid && cred->sgid.val == gid && cred->user_ns->ns.inum == config.user_namespace;
}

/* Asks of the current task. One without memory is ending, and is judged by its credentials alone. */
static __always_inline bool may_observe(void)
{
	if (!config.is_restricted)
		return true;
	struct task_struct *task = bpf_get_current_task_btf();
	if (!is_of_caller(task->real_cred))
		return false;
	return !task->mm || is_dumpable(task->mm);
}

#endif
