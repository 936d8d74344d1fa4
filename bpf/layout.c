// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Host side of record.h: the static checks, and the same facts as data, for Rust and TypeScript to compare. */
#include <stddef.h>
#include <linux/types.h>
#include "engine.h"
#include "unwind.h"
#include "layout.h"

_Static_assert(sizeof(struct bee_stack) == 104, "struct bee_stack has no implicit padding");
_Static_assert(sizeof(struct bee_mapping) == 48, "array entries are padded to 8 bytes, so this has no gaps");
_Static_assert(sizeof(struct bee_unwind_rule) == 16, "array entries are padded to 8 bytes, so this has no gaps");
_Static_assert(BEE_RULE_COUNT <= 8, "a frame word has three bits for the rule");

#define FIELD(name) { "stack." #name, offsetof(struct bee_stack, name) }
#define RULE_FIELD(name) { "unwind_rule." #name, offsetof(struct bee_unwind_rule, name) }
#define NAME_OUTCOME(name, text) { "outcome." #text, BEE_OUTCOME_##name },
#define NAME_RULE(name, text) { "rule." #text, BEE_RULE_##name },
#define NAME_LOSS(name, text) { "loss." #text, BEE_LOSS_##name },

const struct bee_layout_entry bee_layout_entries[] = {
	{ "stack.size", sizeof(struct bee_stack) },
	FIELD(time_ns), FIELD(key), FIELD(count), FIELD(pid), FIELD(tid), FIELD(comm), FIELD(cpu),
	FIELD(user_frames), FIELD(kernel_frames), FIELD(kind), FIELD(outcome), FIELD(root),
	{ "stack.starter_tid", offsetof(struct bee_stack, starter.tid) },
	{ "stack.starter_comm", offsetof(struct bee_stack, starter.comm) },
	FIELD(event), FIELD(weight),
	{ "stack.frames", sizeof(struct bee_stack) },
	{ "frame.addressBits", BEE_FRAME_ADDRESS_BITS },
	{ "frame.ruleShift", BEE_FRAME_RULE_SHIFT },
	{ "frame.objectShift", BEE_FRAME_OBJECT_SHIFT },
	{ "config.size", sizeof(struct bee_config) },
	{ "live.size", sizeof(struct bee_live) },
	{ "walk.slots", BEE_WALK_SLOTS },
	{ "process.size", sizeof(struct bee_process) },
	{ "space.size", sizeof(struct bee_space) },
	{ "mapping.size", sizeof(struct bee_mapping) },
	{ "counters.size", sizeof(struct bee_counters) },
	{ "process_end.size", sizeof(struct bee_process_end) },
	{ "snapshot.size", sizeof(struct bee_snapshot) },
	{ "snapshot.kernel", offsetof(struct bee_snapshot, kernel) },
	{ "snapshot.ip", offsetof(struct bee_snapshot, ip) },
	{ "snapshot.registers", offsetof(struct bee_snapshot, registers) },
	{ "snapshot.stack", offsetof(struct bee_snapshot, stack) },
	{ "snapshot.redZone", BEE_RED_ZONE_BYTES },
	{ "check.size", sizeof(struct bee_check) },
	{ "check.space", offsetof(struct bee_check, space) },
	{ "check.frames", offsetof(struct bee_check, frames) },
	{ "unwind_rule.size", sizeof(struct bee_unwind_rule) },
	RULE_FIELD(kind), RULE_FIELD(cfa_register), RULE_FIELD(fp_kind), RULE_FIELD(cfa_offset), RULE_FIELD(cfa_add),
	RULE_FIELD(ra_words), RULE_FIELD(by), RULE_FIELD(fp_offset),
	{ "unwind.gap", BEE_UNWIND_GAP },
	{ "unwind.end", BEE_UNWIND_END },
	{ "unwind.cfa", BEE_UNWIND_CFA },
	{ "unwind.deref", BEE_UNWIND_DEREF },
	{ "unwind.plt", BEE_UNWIND_PLT },
	{ "unwind.signal", BEE_UNWIND_SIGNAL },
	{ "unwind.unsupported", BEE_UNWIND_UNSUPPORTED },
	{ "unwind.clone", BEE_UNWIND_CLONE },
	{ "cfa_register.rsp", BEE_REGISTER_RSP },
	{ "cfa_register.rbp", BEE_REGISTER_RBP },
	{ "cfa_register.r10", BEE_REGISTER_R10 },
	{ "cfa_register.rbx", BEE_REGISTER_RBX },
	{ "cfa_register.r11", BEE_REGISTER_R11 },
	{ "cfa_register.rax", BEE_REGISTER_RAX },
	{ "cfa_register.rcx", BEE_REGISTER_RCX },
	{ "cfa_register.rdx", BEE_REGISTER_RDX },
	{ "cfa_register.rsi", BEE_REGISTER_RSI },
	{ "cfa_register.rdi", BEE_REGISTER_RDI },
	{ "cfa_register.r8", BEE_REGISTER_R8 },
	{ "cfa_register.r9", BEE_REGISTER_R9 },
	{ "cfa_register.r12", BEE_REGISTER_R12 },
	{ "cfa_register.r13", BEE_REGISTER_R13 },
	{ "cfa_register.r14", BEE_REGISTER_R14 },
	{ "cfa_register.r15", BEE_REGISTER_R15 },
	{ "fp.same", BEE_FP_SAME },
	{ "fp.cfa", BEE_FP_CFA },
	{ "fp.rbp", BEE_FP_RBP },
	{ "fp.unknown", BEE_FP_UNKNOWN },
	BEE_OUTCOMES(NAME_OUTCOME)
	BEE_FRAME_RULES(NAME_RULE)
	BEE_LOSSES(NAME_LOSS)
};
const unsigned int bee_layout_entry_count = sizeof(bee_layout_entries) / sizeof(bee_layout_entries[0]);
