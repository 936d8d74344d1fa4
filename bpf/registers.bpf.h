/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The registers with which the sampled task runs in user space. */
#ifndef BEE_REGISTERS_BPF_H
#define BEE_REGISTERS_BPF_H

#include "trigger.bpf.h"
#include "walk_state.bpf.h"

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
 * Loads the registers with which the task left user space. The context is read without a branch, and the reads are kept
 * apart: the compiler would join the two behind one computed pointer, and the verifier refuses a computed pointer into
 * the context.
 */
static __always_inline void load_user_registers(struct walk *walk, const struct trigger *trigger,
						struct task_struct *task)
{
	SAVE_REGISTERS(walk, trigger->registers);
	asm volatile("" ::: "memory");
	if (!is_user_mode(trigger)) {
		struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
		SAVE_REGISTERS(walk, regs);
	}
}

#endif
