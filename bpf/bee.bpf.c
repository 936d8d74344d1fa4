// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The BPF programs, in one object: observed processes are followed, and sampled on every CPU. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#define NULL ((void *)0)
#include "sample.bpf.h"
#include "targets.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
