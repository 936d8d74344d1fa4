/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Applies a rule of a table: computes the CFA, and restores the registers that the caller had. */
#ifndef BEE_UNWIND_RULES_BPF_H
#define BEE_UNWIND_RULES_BPF_H

#include "stack_memory.bpf.h"

/* As many stacks as a thread may have below the one before: stacker's segments, coroutines in coroutines. */
#define MAX_DESCENTS 64
#define REGISTER_BIT(number) (1U << (number))
#define ALL_REGISTERS (REGISTER_BIT(BEE_REGISTER_COUNT) - 1)
#define FOLLOWED_REGISTERS (REGISTER_BIT(BEE_REGISTER_RSP) | REGISTER_BIT(BEE_REGISTER_RBP))
/*
 * Calls do not preserve these. Where a caller keeps its CFA in one all the same, its author knows that what is called
 * leaves it alone (OpenSSL's AES-GCM): the value is the interrupted frame's, and gdb takes it so too. Registers that
 * calls preserve may have been saved and changed.
 */
#define SCRATCH_REGISTERS (REGISTER_BIT(BEE_REGISTER_RAX) | REGISTER_BIT(BEE_REGISTER_RCX) | \
			   REGISTER_BIT(BEE_REGISTER_RDX) | REGISTER_BIT(BEE_REGISTER_RSI) | \
			   REGISTER_BIT(BEE_REGISTER_RDI) | REGISTER_BIT(BEE_REGISTER_R8) | \
			   REGISTER_BIT(BEE_REGISTER_R9) | REGISTER_BIT(BEE_REGISTER_R10) | \
			   REGISTER_BIT(BEE_REGISTER_R11))

/* Computes the CFA. Returns BEE_OUTCOME_COMPLETE, or how the walk ends without it. */
static __always_inline __u32 compute_cfa(struct walk *walk, struct bee_unwind_rule *rule, __u64 *cfa)
{
	__u32 number = rule->cfa_register & (BEE_REGISTER_COUNT - 1);
	if (number == BEE_REGISTER_RSP && rule->kind == BEE_UNWIND_CFA) { /* nearly always */
		*cfa = walk->registers[BEE_REGISTER_RSP] + (__s64)rule->cfa_offset;
		return BEE_OUTCOME_COMPLETE;
	}
	if (!(walk->known_registers >> number & 1))
		return BEE_OUTCOME_NO_CFI;
	if (rule->kind == BEE_UNWIND_PLT) {
		*cfa = walk->registers[BEE_REGISTER_RSP] + 8 + (((walk->ip & 15) >= (__u64)rule->cfa_offset) << 3);
		return BEE_OUTCOME_COMPLETE;
	}
	*cfa = walk->registers[number] + (__s64)rule->cfa_offset;
	if (rule->kind == BEE_UNWIND_CFA || rule->kind == BEE_UNWIND_CLONE)
		return BEE_OUTCOME_COMPLETE;
	if (!read_stack_word(walk, *cfa, cfa))
		return BEE_OUTCOME_READ_FAULT;
	*cfa += (__s64)rule->cfa_add;
	return BEE_OUTCOME_COMPLETE;
}

/*
 * A stack only shrinks towards its root. Where the CFA comes from another register or from memory, the caller may be on a
 * stack of its own, and that may lie anywhere; wrong CFI must not make a walk run in circles, so that this is counted.
 */
static __always_inline bool may_descend(struct walk *walk, struct bee_unwind_rule *rule)
{
	bool is_switch = rule->cfa_register != BEE_REGISTER_RSP || rule->kind == BEE_UNWIND_DEREF;
	return is_switch && walk->descents++ < MAX_DESCENTS;
}

static __always_inline bool restore_frame_pointer(struct walk *walk, struct bee_unwind_rule *rule, __u64 cfa)
{
	if (rule->fp_kind == BEE_FP_SAME)
		return true;
	__u32 bit = REGISTER_BIT(BEE_REGISTER_RBP);
	bool is_known = rule->fp_kind == BEE_FP_CFA || (rule->fp_kind == BEE_FP_RBP && walk->known_registers & bit);
	walk->known_registers = is_known ? walk->known_registers | bit : walk->known_registers & ~bit;
	if (!is_known)
		return true;
	__u64 base = rule->fp_kind == BEE_FP_CFA ? cfa : walk->registers[BEE_REGISTER_RBP];
	return read_stack_word(walk, base + (__s64)rule->fp_offset, &walk->registers[BEE_REGISTER_RBP]);
}

/* Restores rbx, and forgets the other registers that a callee may have saved. */
static __always_inline bool restore_bx(struct walk *walk, struct bee_unwind_rule *rule, __u64 cfa)
{
	__u64 kind = rule->bx;
	__u32 bit = REGISTER_BIT(BEE_REGISTER_RBX);
	walk->known_registers &= FOLLOWED_REGISTERS | SCRATCH_REGISTERS | (kind == BEE_BX_SAME ? bit : 0);
	if (kind == BEE_BX_SAME || kind == BEE_BX_UNKNOWN)
		return true;
	walk->known_registers |= bit;
	return read_stack_word(walk, cfa - (kind << 3), &walk->registers[BEE_REGISTER_RBX]);
}

#endif
