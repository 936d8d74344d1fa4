/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The walk over a user stack, DWARF first. The sampler's walk.rs does the same in user space for snapshots; a
 * change here belongs there too.
 */
#ifndef BEE_WALK_BPF_H
#define BEE_WALK_BPF_H

#include "tables.bpf.h"

#define MAX_FRAME_POINTER_DISTANCE (1 << 20)
/* As many stacks as a thread may have below the one before: stacker's segments, coroutines in coroutines. */
#define MAX_DESCENTS 64
/* Offset of ucontext's gregs in the rt_sigframe that rsp points to when the handler has returned. */
#define SIGFRAME_GREGS 40
#define REGISTER_BIT(number) (1U << (number))
#define ALL_REGISTERS (REGISTER_BIT(BEE_REGISTER_COUNT) - 1)
#define FOLLOWED_REGISTERS (REGISTER_BIT(BEE_REGISTER_RSP) | REGISTER_BIT(BEE_REGISTER_RBP))
/*
 * Calls do not preserve these. Where the CFA of a caller lies in one all the same, its author knows that what is called
 * leaves it alone (OpenSSL's AES-GCM), so that it is the interrupted frame's, as gdb takes it. Those that calls preserve
 * may have been saved and changed.
 */
#define SCRATCH_REGISTERS (REGISTER_BIT(BEE_REGISTER_RAX) | REGISTER_BIT(BEE_REGISTER_RCX) | \
			   REGISTER_BIT(BEE_REGISTER_RDX) | REGISTER_BIT(BEE_REGISTER_RSI) | \
			   REGISTER_BIT(BEE_REGISTER_RDI) | REGISTER_BIT(BEE_REGISTER_R8) | \
			   REGISTER_BIT(BEE_REGISTER_R9) | REGISTER_BIT(BEE_REGISTER_R10) | \
			   REGISTER_BIT(BEE_REGISTER_R11))

enum walk_step { WALK_ON = 0, WALK_STOP = 1 };

/*
 * Stack words come from a 512-byte window that is read at once: a read of 512 bytes costs about as much as one of
 * eight, and small frames then need one read for several steps.
 */
static __always_inline bool read_stack_word(struct walk *walk, __u64 address, __u64 *word)
{
	__u64 offset = address - walk->window_begin;
	if (offset >= sizeof(walk->window) || (offset & 7)) {
		if (bpf_probe_read_user(walk->window, sizeof(walk->window), (void *)address)) {
			walk->window_begin = -1ULL << 63; /* a failed read has cleared the window */
			return bpf_probe_read_user(word, sizeof(*word), (void *)address) == 0;
		}
		walk->window_begin = address;
		offset = 0;
	}
	__u64 slot = offset >> 3;
	keep_scalar(slot); /* or clang drops the mask that the verifier needs */
	*word = walk->window[slot & (BEE_WINDOW_WORDS - 1)];
	return true;
}

static __always_inline void hash_word(struct walk *walk, __u64 word)
{
	__u64 a = (walk->hash[0] ^ word) * 0x9e3779b97f4a7c15ULL;
	__u64 b = (walk->hash[1] + word) * 0xc2b2ae3d27d4eb4fULL;
	walk->hash[0] = (a << 29 | a >> 35) + walk->hash[1];
	walk->hash[1] = (b << 31 | b >> 33) ^ a;
}

static __always_inline void push_frame(struct walk *walk, __u64 address, __u32 object, __u32 rule)
{
	__u64 word = address & ((1ULL << BEE_FRAME_ADDRESS_BITS) - 1);
	word |= (__u64)rule << BEE_FRAME_RULE_SHIFT | (__u64)object << BEE_FRAME_OBJECT_SHIFT;
	hash_word(walk, word);
	walk->frames[walk->length & (BEE_MAX_USER_FRAMES - 1)] = word;
	walk->length++;
	walk->last_rule = rule;
}

static __always_inline int stop_walk(struct walk *walk, __u32 outcome)
{
	walk->outcome = outcome;
	return WALK_STOP;
}

static __always_inline __u64 code_byte(__u64 code, int index)
{
	return code >> (8 * index) & 0xff;
}

/* Whether eight bytes end in a call: E8, or FF /2 with each form of operand. */
static __always_inline bool ends_in_call(__u64 code)
{
	__u64 b1 = code_byte(code, 1), b2 = code_byte(code, 2), b3 = code_byte(code, 3), b4 = code_byte(code, 4);
	__u64 b5 = code_byte(code, 5), b6 = code_byte(code, 6), b7 = code_byte(code, 7);
	if (b3 == 0xe8)
		return true;
	if (b6 == 0xff && ((b7 & 0xf8) == 0xd0 || ((b7 & 0xf8) == 0x10 && (b7 & 6) != 4)))
		return true;
	if (b5 == 0xff && (((b6 & 0xf8) == 0x50 && b6 != 0x54) || (b6 == 0x14 && (b7 & 7) != 5)))
		return true;
	if (b4 == 0xff && b5 == 0x54)
		return true;
	if (b2 == 0xff && (b3 == 0x15 || ((b3 & 0xf8) == 0x90 && b3 != 0x94)))
		return true;
	return b1 == 0xff && (b2 == 0x94 || (b2 == 0x14 && (b3 & 7) == 5));
}

/* Whether the instruction is ud2, int3 or hlt: who is called from before it never comes back. */
static __always_inline bool traps(__u64 address)
{
	__u16 code = 0;
	if (bpf_probe_read_user(&code, sizeof(code), (void *)address))
		return false;
	return code == 0x0b0f || (code & 0xff) == 0xcc || (code & 0xff) == 0xf4;
}

/*
 * Whether a call lies before the address, or it is one to which nobody is meant to return, as coroutines put below their
 * first function (corosensei's is an int3); `if_unread` where that cannot be read: the code of a caller is in memory, but a
 * child that has been forked from it may not have touched it yet. Asked where a step may be wrong: what lies on a stack is
 * not always a return address, and an old one leads to a stack that is false and looks right.
 */
static __always_inline bool follows_call(__u64 return_address, bool if_unread)
{
	__u32 zero = 0;
	struct known_rules *known = bpf_map_lookup_elem(&known_rules, &zero);
	if (!known)
		return false;
	__u64 slot = (return_address * 0x9e3779b97f4a7c15ULL >> (64 - BEE_KNOWN_RULES_BITS)) & (BEE_KNOWN_RULES - 1);
	if (known->at[slot].frame == return_address)
		return true;
	__u64 code = 0;
	if (bpf_probe_read_user(&code, sizeof(code), (void *)(return_address - sizeof(code))))
		return if_unread;
	if (!ends_in_call(code) && !traps(return_address))
		return false;
	known->at[slot].frame = return_address;
	return true;
}

static __always_inline int enter_caller(struct walk *walk, __u64 return_address, __u64 sp)
{
	walk->ip = return_address;
	walk->registers[BEE_REGISTER_RSP] = sp;
	walk->is_caller = 1;
	return WALK_ON;
}

/* A step that no rule of a table proves. */
static __always_inline int enter_doubtful_caller(struct walk *walk, __u64 return_address, __u64 sp, __u32 failure)
{
	if (return_address == 0 || !follows_call(return_address, true))
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

/* Generated code has frame pointers, but not before the first instructions of a function nor at its last. */
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

/* BEE_OUTCOME_COMPLETE: found. */
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

/* And forgets the other registers that a callee may have saved. */
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

/*
 * A return address of 0 is no end by itself: wrong CFI finds it in empty stack. It is one where the code cannot return
 * either: the first function of a fiber, which has called what never comes back (generator's, libco's).
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

/*
 * An address outside every known mapping: news that has not arrived, unless a guess has led there, or it is no code at all.
 */
static __always_inline int stop_unmapped(struct walk *walk, __u64 address)
{
	bool trusted = walk->last_rule != BEE_RULE_GUESSED && walk->last_rule != BEE_RULE_JIT;
	if (!trusted || (walk->is_caller && !follows_call(walk->ip, false)))
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	walk->unmapped = 1;
	push_frame(walk, address, 0, BEE_RULE_CFI);
	return stop_walk(walk, BEE_OUTCOME_NO_TABLE);
}

/* Code of no file, or of a file without a table. What rbp leads to is the caller where it follows a call. */
static __always_inline int step_without_table(struct walk *walk, __u64 address)
{
	if (walk->mapping.flags & BEE_MAPPING_JIT) {
		push_frame(walk, address, walk->mapping.object, BEE_RULE_JIT);
		return step_generated_code(walk);
	}
	push_frame(walk, address - walk->mapping.bias, walk->mapping.object, BEE_RULE_GUESSED);
	return step_frame_pointer(walk, BEE_OUTCOME_NO_TABLE);
}

/* The table tells only what the step is worth: whether the function has a frame pointer here. */
static __always_inline int step_by_frame_pointer_alone(struct walk *walk, __u64 address, struct bee_unwind_rule *rule)
{
	bool is_proven = rule && rule->kind == BEE_UNWIND_CFA && rule->cfa_register == BEE_REGISTER_RBP && rule->cfa_offset == 16;
	push_frame(walk, address - walk->mapping.bias, walk->mapping.object,
		   is_proven ? BEE_RULE_FRAME_POINTER : BEE_RULE_GUESSED);
	return step_frame_pointer(walk, BEE_OUTCOME_NO_CFI);
}

/* Whether what a doubtful step has found, or what ends a stack, may be a caller. */
static __always_inline bool is_plausible(struct walk *walk, struct bee_unwind_rule *rule)
{
	if (!walk->is_caller)
		return true;
	walk->is_doubtful = 0;
	if (rule->kind == BEE_UNWIND_SIGNAL || rule->by & BEE_UNWIND_KNOWN_ROOT)
		return true;
	return follows_call(walk->ip, true);
}

/* Of whose page nothing is known. */
static __always_inline int stop_in_gap(struct walk *walk, __u64 address)
{
	if (walk->is_doubtful && walk->is_caller && !follows_call(walk->ip, true))
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	push_frame(walk, address - walk->mapping.bias, walk->mapping.object, BEE_RULE_CFI);
	return stop_walk(walk, BEE_OUTCOME_NO_CFI);
}

static long walk_frame(__u32 index, void *context)
{
	struct walk *walk = *(struct walk **)context;
	if (index >= config.max_depth || walk->length >= BEE_MAX_USER_FRAMES)
		return stop_walk(walk, BEE_OUTCOME_DEPTH);
	__u64 address = walk->ip - walk->is_caller;
	if (!find_mapping(walk, address))
		return stop_unmapped(walk, address);
	if (!(walk->mapping.flags & BEE_MAPPING_TABLE))
		return step_without_table(walk, address);
	struct bee_unwind_rule *rule = find_rule(walk, address);
	if (config.frame_pointers_only && (!rule || rule->kind != BEE_UNWIND_END))
		return step_by_frame_pointer_alone(walk, address, rule);
	if (!rule)
		return stop_in_gap(walk, address);
	__u32 kind = rule->kind;
	if ((walk->is_doubtful || kind == BEE_UNWIND_END) && !is_plausible(walk, rule))
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	/* A signal trampoline is not called: the return address is its first instruction. */
	__u64 shown = kind == BEE_UNWIND_SIGNAL ? walk->ip : address;
	push_frame(walk, shown - walk->mapping.bias, walk->mapping.object, rule->by & BEE_UNWIND_BY_MASK);
	if (kind == BEE_UNWIND_CFA) /* nearly always */
		return step_cfa(walk, rule);
	bool is_new_thread = kind == BEE_UNWIND_CLONE && walk->known_registers == ALL_REGISTERS &&
			     walk->registers[BEE_REGISTER_RAX] == 0;
	if (kind == BEE_UNWIND_END || is_new_thread)
		return stop_walk(walk, BEE_OUTCOME_COMPLETE);
	if (kind == BEE_UNWIND_GAP || kind == BEE_UNWIND_UNSUPPORTED) /* rbp may be anybody's */
		return stop_walk(walk, BEE_OUTCOME_NO_CFI);
	if (kind == BEE_UNWIND_SIGNAL)
		return step_signal(walk);
	return step_cfa(walk, rule);
}

/* Walks from walk->ip and registers; leaves frames, their number and the outcome in *walk. */
static __always_inline void walk_user_stack(struct walk *walk)
{
	walk->window_begin = -1ULL << 63;
	walk->mapping.begin = walk->mapping.end = 0;
	walk->is_caller = 0;
	walk->known_registers = ALL_REGISTERS;
	walk->descents = 0;
	walk->is_doubtful = 1; /* CFI does not know what assembly inside of an interrupted function has pushed */
	walk->last_rule = BEE_RULE_CFI;
	walk->outcome = BEE_OUTCOME_DEPTH;
	bpf_loop(BEE_MAX_USER_FRAMES + 1, walk_frame, &walk, 0);
}

#endif
