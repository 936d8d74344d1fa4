/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What made a program run that takes a sample. */
#ifndef BEE_TRIGGER_BPF_H
#define BEE_TRIGGER_BPF_H

struct trigger {
	/* The program's own, for helpers that ask for it. */
	void *context;
	/*
	 * Those of the interrupted code, where the program is given some. They lie in the context, and are read straight from
	 * there: see load_user_registers.
	 */
	struct bpf_user_pt_regs *registers;
	__u32 event; /* as in struct bee_stack */
	__u64 weight;
};

static __always_inline bool is_user_mode(const struct trigger *trigger)
{
	return trigger->registers->cs & 3;
}

#endif
