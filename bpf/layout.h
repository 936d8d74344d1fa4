/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* layout.c's table: name ("stack.pid", "outcome.complete", "loss.nested") and value (byte offset or enum value). */
#ifndef BEE_LAYOUT_H
#define BEE_LAYOUT_H

struct bee_layout_entry {
	const char *name;
	unsigned long value;
};
extern const struct bee_layout_entry bee_layout_entries[];
extern const unsigned int bee_layout_entry_count;

#endif
