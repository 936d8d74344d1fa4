/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Unwind tables as the BPF program reads them. The sampler writes them through mmap.
 *
 * A row is 4 bytes: the low 12 bits of the first address it covers (<< 20), and the number of its rule.
 * The rows of one 4 KiB page of text lie together inside one chunk of 4,096 rows, sorted; each page begins with
 * the row in force at its first byte (low bits 0), so that a lookup never leaves its page.
 * A directory word tells where: bits 63..32 index of the first row, bits 31..16 log2 of the search's first step,
 * bits 15..0 number of rows (0: the page has no table). Before a file's words stands one with its object, as mappings have it.
 */
#ifndef BEE_UNWIND_H
#define BEE_UNWIND_H

#define BEE_CHUNK_ROWS 4096
#define BEE_ROW_RULE_BITS 20

enum bee_unwind_kind {
	BEE_UNWIND_GAP = 0, /* no CFI here: one frame-pointer step */
	BEE_UNWIND_END = 1, /* return address undefined: the outermost frame */
	BEE_UNWIND_CFA = 2, /* CFA = register + cfa_offset */
	BEE_UNWIND_DEREF = 3, /* CFA = *(register + cfa_offset) + cfa_add */
	BEE_UNWIND_PLT = 4, /* CFA = rsp + 8 + 8 * ((pc & 15) >= cfa_offset) */
	BEE_UNWIND_SIGNAL = 5, /* registers lie in the rt_sigframe at rsp */
	BEE_UNWIND_UNSUPPORTED = 6, /* a rule that exists but is not one of these */
	/*
	 * Between the system call of clone and its return: the child (rax 0) is at its outermost frame; in the
	 * parent CFA = rsp + cfa_offset.
	 */
	BEE_UNWIND_CLONE = 7,
};
enum bee_unwind_register {
	BEE_REGISTER_RSP = 0,
	BEE_REGISTER_RBP = 1,
	BEE_REGISTER_R10 = 2, /* where a frame is being realigned */
	BEE_REGISTER_RBX = 3, /* below which the loader saves vector registers while it binds a symbol */
	BEE_REGISTER_R11 = 4, /* where a large frame is being probed page by page */
	/* Assembly keeps the CFA in whatever is free. r12 to r15 are known of the interrupted frame alone: see walk.bpf.h. */
	BEE_REGISTER_RAX = 5,
	BEE_REGISTER_RCX = 6,
	BEE_REGISTER_RDX = 7,
	BEE_REGISTER_RSI = 8,
	BEE_REGISTER_RDI = 9,
	BEE_REGISTER_R8 = 10,
	BEE_REGISTER_R9 = 11,
	BEE_REGISTER_R12 = 12,
	BEE_REGISTER_R13 = 13,
	BEE_REGISTER_R14 = 14,
	BEE_REGISTER_R15 = 15,
	BEE_REGISTER_COUNT = 16, /* a power of two */
};
enum bee_fp_kind {
	BEE_FP_SAME = 0, /* rbp keeps its value */
	BEE_FP_CFA = 1, /* rbp was saved at CFA + fp_offset */
	BEE_FP_RBP = 2, /* rbp was saved at *(rbp + fp_offset) (realigned frames) */
	BEE_FP_UNKNOWN = 3, /* rbp was saved where nobody looks (in a vector register); callers may do without */
};

/* rbx is followed only through files in which a CFA lies in it. */
enum bee_bx_kind {
	BEE_BX_UNKNOWN = 0,
	BEE_BX_SAME = 1, /* rbx keeps its value */
	/* more: rbx was saved at CFA - 8 * this */
};

/* In bee_unwind_rule.by, above the frame rule. */
#define BEE_UNWIND_BY_MASK 7
/*
 * The caller was interrupted, not called: its address is looked up as it is. CFI says so by the augmentation S, which
 * coroutines use for frames of their own making.
 */
#define BEE_UNWIND_CALLER_INTERRUPTED 8
/*
 * Of END: an outermost function that is known by its code or its name. Its address was put on the stack and not called
 * (makecontext's, Go's goexit), or it looks as if it could return (Go's mstart).
 */
#define BEE_UNWIND_KNOWN_ROOT 16

/* 16 bytes. */
struct bee_unwind_rule {
	__u8 kind; /* enum bee_unwind_kind */
	__u8 cfa_register; /* enum bee_unwind_register */
	__u8 fp_kind; /* enum bee_fp_kind */
	__u8 bx; /* enum bee_bx_kind */
	__s32 cfa_offset;
	__s16 cfa_add;
	__u8 ra_words; /* where a return address exists it is at CFA - 8 * this; 1 as a rule */
	__u8 by; /* enum bee_frame_rule, and flags above it */
	__s32 fp_offset;
};

#endif
