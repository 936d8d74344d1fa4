//! The trampolines that signal handlers return to.

use crate::cfi::eh_frame::EhFrame;
use crate::file::elf_file::ElfFile;
use crate::rows::region::{Region, Source};
use crate::rows::rule::{Rule, UNWIND_SIGNAL};

const SYSCALL: &[u8] = &[0x0f, 0x05];
/// `mov $15, %rax`, `mov $15, %eax`, `push $15; pop %rax`, and `xor %eax, %eax; mov $15, %al`: rt_sigreturn's number.
const SIGRETURN: [&[u8]; 4] =
    [&[0x48, 0xc7, 0xc0, 15, 0, 0, 0], &[0xb8, 15, 0, 0, 0], &[0x6a, 15, 0x58], &[0x31, 0xc0, 0xb0, 15]];
/// Files have one or two; each costs a search through the program headers.
const MAX_TRAMPOLINES: usize = 64;

/// Gives the rule of the kernel's signal frames to the trampolines among the FDEs with the augmentation S, and returns
/// it. The augmentation alone does not say that: coroutines have it on frames of their own, with rules of their own.
///
/// A trampoline that begins with its first instruction begins one byte before it from here on: that address is the
/// handler's return address, and those are looked up one byte before. glibc's CFI includes that byte, as libgcc's unwinder
/// looks up in the same way.
pub(crate) fn mark_signal_frames(elf: &ElfFile<'_>, frame: &EhFrame<'_>, regions: &mut [Region]) -> Vec<Rule> {
    let signal_frames = regions.iter_mut().filter(|region| match region.source {
        Source::Fde(source) => frame.is_signal_frame(source),
        Source::DebugFde(_) | Source::Fixed(_) => false,
    });
    for region in signal_frames.take(MAX_TRAMPOLINES) {
        let code = elf.bytes_from_address(region.start).unwrap_or_default();
        let begins_at_once = is_sigreturn(code);
        if begins_at_once || code.get(1..).is_some_and(is_sigreturn) {
            region.start = region.start.saturating_sub(begins_at_once.into());
            region.source = Source::Fixed(0);
        }
    }
    vec![Rule::of_kind(UNWIND_SIGNAL)]
}

fn is_sigreturn(code: &[u8]) -> bool {
    SIGRETURN.iter().any(|first| code.strip_prefix(*first).is_some_and(|rest| rest.starts_with(SYSCALL)))
}

/// .debug_frame has no mark for the trampoline of signal handlers: Go's is described as a function. The first byte
/// before it is included as in [`mark_signal_frames`].
pub(crate) fn mark_trampolines(elf: &ElfFile<'_>, regions: &mut [Region]) {
    let is_trampoline = |region: &&mut Region| {
        let code = || elf.bytes_from_address(region.start).unwrap_or_default();
        matches!(region.source, Source::DebugFde(_)) && is_sigreturn(code())
    };
    for region in regions.iter_mut().filter(is_trampoline).take(MAX_TRAMPOLINES) {
        region.start = region.start.saturating_sub(1);
        region.source = Source::Fixed(0);
    }
}
