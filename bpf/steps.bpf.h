/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Steps from a frame to its caller: by rule, by frame pointer, through a signal frame. */
#ifndef BEE_STEPS_BPF_H
#define BEE_STEPS_BPF_H

#include "caller_code.bpf.h"
#include "unwind_rules.bpf.h"

#define MAX_FRAME_POINTER_DISTANCE (1 << 20)
/* Offset of ucontext's gregs in the rt_sigframe that rsp points to when the handler has returned. */
#define SIGFRAME_GREGS 40

static __always_inline int enter_caller(struct walk *walk, __u64 return_address, __u64 sp)
{
	walk->ip = return_address;
	walk->registers[BEE_REGISTER_RSP] = sp;
	walk->is_caller = 1;
	return WALK_ON;
}

/* Takes a step that no rule of a table proves. */
static __always_inline int enter_doubtful_caller(struct walk *walk, __u64 return_address, __u64 sp, __u32 failure)
{
	if (return_address == 0 || !follows_call(walk, return_address, true))
		return stop_walk(walk, failure);
	walk->known_registers = FOLLOWED_REGISTERS;
	return enter_caller(walk, return_address, sp);
}

static __always_inline int step_frame_pointer(struct walk *walk, __u32 failure)
{
	__u64 fp = walk->registers[BEE_REGISTER_RBP];
	bool is_known = walk->known_registers & REGISTER_BIT(BEE_REGISTER_RBP);
	if (!is_known || fp - walk->registers[BEE_REGISTER_RSP] >= MAX_FRAME_POINTER_DISTANCE || (fp & 7))
		return stop_walk(walk, failure);
	__u64 return_address, saved;
	if (!read_stack_word(walk, fp, &saved) || !read_stack_word(walk, fp + 8, &return_address))
		return stop_walk(walk, BEE_OUTCOME_READ_FAULT);
	walk->registers[BEE_REGISTER_RBP] = saved;
	return enter_doubtful_caller(walk, return_address, fp + 16, failure);
}

/* Generated code has frame pointers, but not before the first instructions of a function have run, nor at its last. */
static __always_inline int step_generated_code(struct walk *walk)
{
	__u64 sp = walk->registers[BEE_REGISTER_RSP], code = 0, return_address;
	bool is_interrupted = walk->known_registers == ALL_REGISTERS;
	if (!is_interrupted || bpf_probe_read_user(&code, sizeof(code), (void *)walk->ip))
		return step_frame_pointer(walk, BEE_OUTCOME_NO_TABLE);
	__u64 first = code & 0xff;
	bool is_endbr = (__u32)code == 0xfa1e0ff3;
	if (first == 0x55 || first == 0xc2 || first == 0xc3 || is_endbr) { /* push %rbp, ret */
		if (!read_stack_word(walk, sp, &return_address))
			return stop_walk(walk, BEE_OUTCOME_READ_FAULT);
		return enter_doubtful_caller(walk, return_address, sp + 8, BEE_OUTCOME_NO_TABLE);
	}
	if ((code & 0xffffff) == 0xe58948 || (code & 0xffffff) == 0xec8b48) /* mov %rsp, %rbp */
		walk->registers[BEE_REGISTER_RBP] = sp;
	return step_frame_pointer(walk, BEE_OUTCOME_NO_TABLE);
}

static __always_inline int step_signal(struct walk *walk)
{
	__u64 sp = walk->registers[BEE_REGISTER_RSP], *saved = walk->signal_registers;
	if (bpf_probe_read_user(saved, sizeof(walk->signal_registers), (void *)(sp + SIGFRAME_GREGS)))
		return stop_walk(walk, BEE_OUTCOME_READ_FAULT);
	walk->registers[BEE_REGISTER_R8] = saved[0];
	walk->registers[BEE_REGISTER_R9] = saved[1];
	walk->registers[BEE_REGISTER_R10] = saved[2];
	walk->registers[BEE_REGISTER_R11] = saved[3];
	walk->registers[BEE_REGISTER_R12] = saved[4];
	walk->registers[BEE_REGISTER_R13] = saved[5];
	walk->registers[BEE_REGISTER_R14] = saved[6];
	walk->registers[BEE_REGISTER_R15] = saved[7];
	walk->registers[BEE_REGISTER_RDI] = saved[8];
	walk->registers[BEE_REGISTER_RSI] = saved[9];
	walk->registers[BEE_REGISTER_RBP] = saved[10];
	walk->registers[BEE_REGISTER_RBX] = saved[11];
	walk->registers[BEE_REGISTER_RDX] = saved[12];
	walk->registers[BEE_REGISTER_RAX] = saved[13];
	walk->registers[BEE_REGISTER_RCX] = saved[14];
	walk->registers[BEE_REGISTER_RSP] = saved[15];
	walk->ip = saved[16];
	walk->known_registers = ALL_REGISTERS;
	walk->is_caller = 0;
	walk->is_doubtful = 1;
	return WALK_ON;
}

/*
 * Stops at a return address of 0. By itself it is no end: wrong CFI finds it in empty stack. It is one where the code
 * cannot return either: in the first function of a fiber, which has called what never returns (generator's, libco's).
 */
static __always_inline int stop_at_zero(struct walk *walk)
{
	bool is_end = walk->is_caller && traps(walk->ip);
	return stop_walk(walk, is_end ? BEE_OUTCOME_COMPLETE : BEE_OUTCOME_NO_CFI);
}

static __always_inline int step_cfa(struct walk *walk, struct bee_unwind_rule *rule)
{
	__u64 cfa, return_address;
	__u32 failure = compute_cfa(walk, rule, &cfa);
	if (failure != BEE_OUTCOME_COMPLETE)
		return stop_walk(walk, failure);
	if (cfa <= walk->registers[BEE_REGISTER_RSP] && !may_descend(walk, rule))
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	if (!restore_frame_pointer(walk, rule, cfa) || !restore_bx(walk, rule, cfa) ||
	    !read_stack_word(walk, cfa - ((__u64)rule->ra_words << 3), &return_address))
		return stop_walk(walk, BEE_OUTCOME_READ_FAULT);
	if (return_address == 0)
		return stop_at_zero(walk);
	enter_caller(walk, return_address, cfa);
	if (rule->by != BEE_RULE_CFI) {
		walk->is_caller = !(rule->by & BEE_UNWIND_CALLER_INTERRUPTED);
		walk->is_doubtful |= (rule->by & BEE_UNWIND_BY_MASK) == BEE_RULE_SYNTHESIZED;
	}
	return WALK_ON;
}

#endif
