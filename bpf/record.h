/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Everything that crosses a boundary as bytes, declared once: BPF programs -> ring buffer -> sampler ->
 * socket -> libbee -> TypeScript. Little-endian, naturally aligned, no implicit padding.
 * From here the build writes the layout of a stack in Rust (native/wire) and TypeScript (bin/dev/record.mjs). Checked:
 * _Static_assert in layout.c, offset_of! tests in Rust (the sampler's record.rs, libbee's layout.rs), and
 * test/ffi/layout.test.ts, which compares TypeScript with what libbee reports.
 */
#ifndef BEE_RECORD_H
#define BEE_RECORD_H

/* vmlinux.h and the host's layout.c both define the kernel's short names before they include this file. */

#define BEE_COMM_BYTES 16
#define BEE_MAX_USER_FRAMES 1024
#define BEE_MAX_KERNEL_FRAMES 127

/*
 * How the walk over a user stack ended. COMPLETE: it reached the outermost frame of the thread by rule.
 * KERNEL_ONLY: the task has no user stack (a kernel thread). THIRTY_TWO_BIT: it runs 32-bit code, whose stack is not
 * walked. The order is the wire value.
 */
#define BEE_OUTCOMES(X) \
	X(COMPLETE, complete) \
	X(KERNEL_ONLY, kernelOnly) \
	X(NO_TABLE, noTable) \
	X(NO_CFI, noCfi) \
	X(READ_FAULT, readFault) \
	X(DEPTH, depth) \
	X(EXITING, exiting) \
	X(THIRTY_TWO_BIT, thirtyTwoBit)

/*
 * The rule by which a user frame was walked. FRAME_POINTER: the function's own prologue set rbp. SYNTHESIZED: where no
 * CFI covers the function, its code was followed instead (native/elf/src/synthesis). GUESSED: a frame-pointer step that no
 * code proves; what it found follows a call, and that is all.
 */
#define BEE_FRAME_RULES(X) \
	X(CFI, cfi) \
	X(FRAME_POINTER, framePointer) \
	X(PLT, plt) \
	X(SIGNAL, signal) \
	X(JIT, jit) \
	X(SNAPSHOT, snapshot) \
	X(SYNTHESIZED, synthesized) \
	X(GUESSED, guessed)

/*
 * Why a sample that fired was not delivered. Each is counted at its own branch. There is no cause for a full
 * count map: a stack that finds no room there is sent again, which costs ring space and not the sample.
 */
#define BEE_LOSSES(X) \
	X(RINGBUF_FULL, ringbufFull) \
	X(NESTED, nested)

#define BEE_ENUM_OUTCOME(name, text) BEE_OUTCOME_##name,
#define BEE_ENUM_RULE(name, text) BEE_RULE_##name,
#define BEE_ENUM_LOSS(name, text) BEE_LOSS_##name,
enum bee_outcome { BEE_OUTCOMES(BEE_ENUM_OUTCOME) BEE_OUTCOME_COUNT };
enum bee_frame_rule { BEE_FRAME_RULES(BEE_ENUM_RULE) BEE_RULE_COUNT };
enum bee_loss { BEE_LOSSES(BEE_ENUM_LOSS) BEE_LOSS_COUNT };

enum bee_record_kind { BEE_RECORD_STACK = 0, BEE_RECORD_SNAPSHOT = 1, BEE_RECORD_CHECK = 2 };

/*
 * A user frame is one word: address in the ELF's own virtual address space (47 bits; of the process when the
 * object is 0), the frame rule (3 bits), the object (14 bits; 0: no known mapping, for example JIT code).
 * The address is the one to look up: for callers it already points into the call instruction (return
 * address - 1). Objects are numbered by the sampler. A number stays its file's after dlclose, exec or exit; it is given to
 * another file only when no record that means the first can come any more.
 */
#define BEE_FRAME_ADDRESS_BITS 47
#define BEE_FRAME_RULE_SHIFT 47
#define BEE_FRAME_OBJECT_SHIFT 50
#define BEE_OBJECT_BITS 14
#define BEE_MAX_OBJECTS (1 << BEE_OBJECT_BITS)

/*
 * Whose work a task does, where one process serves many (a test harness with a thread for each test): that of the
 * thread which the process's first thread started and from which this task descends, however many threads and processes
 * lie between. `comm` is that thread's name when it started the first of them. All zero: there is no such thread, since
 * the task is one itself, was started by the first thread, or is the first thread.
 */
struct bee_starter {
	__u32 tid;
	char comm[BEE_COMM_BYTES];
};

/*
 * One stack. The BPF program sends it when it sees the stack (thread, name, event, frames) for the first time and
 * counts repetitions in a map under `key`; a stack that found no room in that map is simply sent again.
 */
struct bee_stack {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 key[2];
	__u64 count;
	__u32 pid;
	__u32 tid;
	char comm[BEE_COMM_BYTES];
	__u32 cpu;
	__u16 user_frames;
	__u16 kernel_frames;
	__u8 kind; /* enum bee_record_kind */
	__u8 outcome; /* enum bee_outcome */
	__u8 reserved[2];
	__u32 root; /* the request that began to observe its process or the one that it was forked from, see bee_process */
	struct bee_starter starter;
	__u32 event; /* which of the capture's events has fired: its place in the list that the client asked for */
	__u64 weight; /* how much of the event each hit stands for: 1 where hits are what is counted */
	/* __u64 frames[] follow: user frames, leaf first; then kernel addresses, leaf first, callers already at -1 */
};

#endif
