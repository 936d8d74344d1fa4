// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The kernel's own walk over user stacks, by frame pointers, at every timer: the sampling event is one. */
typedef unsigned int u32;
typedef unsigned long long u64;

#define BPF_F_USER_STACK (1 << 8)
#define MAX_FRAMES 127 /* kernel.perf_event_max_stack */

static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static u64 (*ktime_get_ns)(void) = (void *)5;
static long (*get_stack)(void *context, void *frames, u32 bytes, u64 flags) = (void *)67;

char LICENSE[] __attribute__((section("license"), used)) = "Dual MIT/GPL";

struct walks {
	u64 ns;
	u64 frames;
	u64 stack[MAX_FRAMES];
};

struct {
	int (*type)[6]; /* BPF_MAP_TYPE_PERCPU_ARRAY */
	int (*max_entries)[1];
	u32 *key;
	struct walks *value;
} walks __attribute__((section(".maps"), used));

/* Short stacks are other tasks'. */
__attribute__((section("raw_tp/hrtimer_expire_entry"), used)) int on_timer(void *context)
{
	u32 zero = 0;
	struct walks *walk = map_lookup(&walks, &zero);
	if (!walk)
		return 0;
	u64 begin_ns = ktime_get_ns();
	long bytes = get_stack(context, walk->stack, sizeof(walk->stack), BPF_F_USER_STACK);
	if (bytes == sizeof(walk->stack)) {
		walk->ns += ktime_get_ns() - begin_ns;
		walk->frames += MAX_FRAMES;
	}
	return 0;
}
