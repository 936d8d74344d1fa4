//! The Rust view of `struct bee_unwind_rule` in bpf/unwind.h (tests/layout.rs compares the two).

/// No CFI here: one frame-pointer step.
pub const UNWIND_GAP: u8 = 0;
/// Return address undefined: the outermost frame.
pub const UNWIND_END: u8 = 1;
/// CFA = register + `cfa_offset`.
pub const UNWIND_CFA: u8 = 2;
/// CFA = *(register + `cfa_offset`) + `cfa_add`.
pub const UNWIND_DEREF: u8 = 3;
/// CFA = rsp + 8 + 8 * ((pc & 15) >= `cfa_offset`).
pub const UNWIND_PLT: u8 = 4;
/// The registers lie in the rt_sigframe at rsp.
pub const UNWIND_SIGNAL: u8 = 5;
/// A rule that exists but is not one of these. Its rbp part is kept where it is known.
pub const UNWIND_UNSUPPORTED: u8 = 6;
/// Between the system call of clone and its return: the child (rax 0) is at its outermost frame; in the parent
/// CFA = rsp + `cfa_offset`.
pub const UNWIND_CLONE: u8 = 7;

pub const REGISTER_RSP: u8 = 0;
pub const REGISTER_RBP: u8 = 1;
/// Where a frame is being realigned.
pub const REGISTER_R10: u8 = 2;
/// Below which the loader saves vector registers while it binds a symbol.
pub const REGISTER_RBX: u8 = 3;
/// Where a large frame is being probed page by page.
pub const REGISTER_R11: u8 = 4;
/// Assembly keeps the CFA in whatever is free. r12 to r15 are known of the interrupted frame alone: bpf/walk.bpf.h.
pub const REGISTER_RAX: u8 = 5;
pub const REGISTER_RCX: u8 = 6;
pub const REGISTER_RDX: u8 = 7;
pub const REGISTER_RSI: u8 = 8;
pub const REGISTER_RDI: u8 = 9;
pub const REGISTER_R8: u8 = 10;
pub const REGISTER_R9: u8 = 11;
pub const REGISTER_R12: u8 = 12;
pub const REGISTER_R13: u8 = 13;
pub const REGISTER_R14: u8 = 14;
pub const REGISTER_R15: u8 = 15;
pub const REGISTER_COUNT: u8 = 16;

/// The rules of DWARF's register numbers 0 to 15.
pub(crate) const REGISTER_OF_DWARF: [u8; 16] = [
    REGISTER_RAX,
    REGISTER_RDX,
    REGISTER_RCX,
    REGISTER_RBX,
    REGISTER_RSI,
    REGISTER_RDI,
    REGISTER_RBP,
    REGISTER_RSP,
    REGISTER_R8,
    REGISTER_R9,
    REGISTER_R10,
    REGISTER_R11,
    REGISTER_R12,
    REGISTER_R13,
    REGISTER_R14,
    REGISTER_R15,
];

/// rbp keeps its value.
pub const FP_SAME: u8 = 0;
/// rbp was saved at CFA + `fp_offset`.
pub const FP_CFA: u8 = 1;
/// rbp was saved at *(rbp + `fp_offset`) (realigned frames).
pub const FP_RBP: u8 = 2;

/// rbp was saved where nobody looks (in a vector register); callers may do without it.
pub const FP_UNKNOWN: u8 = 3;

/// rbx is followed only through files in which a CFA lies in it.
pub const BX_UNKNOWN: u8 = 0;
/// rbx keeps its value. More: rbx was saved at CFA - 8 * this.
pub const BX_SAME: u8 = 1;

/// What a frame of the rule counts as: `enum bee_frame_rule` of bpf/record.h, as far as rules of tables have it.
pub const BY_CFI: u8 = 0;
pub const BY_FRAME_POINTER: u8 = 1;
pub const BY_PLT: u8 = 2;
pub const BY_SIGNAL: u8 = 3;
pub const BY_SYNTHESIZED: u8 = 6;
/// In `by`, above it: the caller's address is looked up as it is, since it was interrupted and not called.
pub const CALLER_INTERRUPTED: u8 = 8;

/// In `by`, of END: an outermost function that is known by its code or its name, see bpf/unwind.h.
pub const KNOWN_ROOT: u8 = 16;

/// How to find the caller from here. 16 bytes, little-endian; where a return address exists it is at CFA - 8 * `ra_words`.
/// Fields that a kind does not use are 0, so that equal rules are equal bytes.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Rule {
    pub kind: u8,
    pub cfa_register: u8,
    pub fp_kind: u8,
    pub bx: u8,
    pub cfa_offset: i32,
    pub cfa_add: i16,
    pub ra_words: u8,
    /// BY_ value and flags.
    pub by: u8,
    pub fp_offset: i32,
}

impl Rule {
    /// A rule with nothing but its kind: GAP, END, SIGNAL.
    pub const fn of_kind(kind: u8) -> Rule {
        let by = match kind {
            UNWIND_PLT => BY_PLT,
            UNWIND_SIGNAL => BY_SIGNAL,
            _ => BY_CFI,
        };
        let (cfa_register, fp_kind, bx) = (REGISTER_RSP, FP_SAME, BX_UNKNOWN);
        Rule { kind, cfa_register, fp_kind, bx, cfa_offset: 0, cfa_add: 0, ra_words: 1, by, fp_offset: 0 }
    }

    /// CFA = rsp + `offset`, rbp untouched.
    pub const fn rsp_plus(offset: i32) -> Rule {
        Rule { cfa_offset: offset, ..Rule::of_kind(UNWIND_CFA) }
    }

    /// Made from code and not from CFI.
    pub const fn synthesized(self) -> Rule {
        Rule { by: BY_SYNTHESIZED, ..self }
    }

    /// A slot of a procedure linkage table that pushes 8 bytes at `pushed_at` of its 16.
    pub const fn plt(pushed_at: i32) -> Rule {
        Rule { cfa_offset: pushed_at, ..Rule::of_kind(UNWIND_PLT) }
    }

    /// The 16 bytes as two words, for hashing and comparing.
    pub(crate) fn words(&self) -> (u64, u64) {
        let low = u64::from(self.kind)
            | u64::from(self.cfa_register) << 8
            | u64::from(self.fp_kind) << 16
            | u64::from(self.bx) << 24
            | u64::from(self.cfa_offset as u32) << 32;
        let high = u64::from(self.cfa_add as u16)
            | u64::from(self.ra_words) << 16
            | u64::from(self.by) << 24
            | u64::from(self.fp_offset as u32) << 32;
        (low, high)
    }
}
