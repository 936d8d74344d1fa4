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
/// Where a frame is being realigned. Nobody saves it, so it is known of the interrupted frame alone.
pub const REGISTER_R10: u8 = 2;
/// Below which the loader saves vector registers while it binds a symbol.
pub const REGISTER_RBX: u8 = 3;
/// Where a large frame is being probed page by page; as r10.
pub const REGISTER_R11: u8 = 4;

/// rbp keeps its value.
pub const FP_SAME: u8 = 0;
/// rbp was saved at CFA + `fp_offset`.
pub const FP_CFA: u8 = 1;
/// rbp was saved at *(rbp + `fp_offset`) (realigned frames).
pub const FP_RBP: u8 = 2;

/// rbx is followed only through files in which a CFA lies in it.
pub const BX_UNKNOWN: u8 = 0;
/// rbx keeps its value. More: rbx was saved at CFA - 8 * this.
pub const BX_SAME: u8 = 1;

/// How to find the caller from here. 16 bytes, little-endian; where a return address exists it is at CFA - 8.
/// Fields that a kind does not use are 0, so that equal rules are equal bytes.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Rule {
    pub kind: u8,
    pub cfa_register: u8,
    pub fp_kind: u8,
    pub bx: u8,
    pub cfa_offset: i32,
    pub cfa_add: i32,
    pub fp_offset: i32,
}

impl Rule {
    /// A rule with nothing but its kind: GAP, END, SIGNAL.
    pub const fn of_kind(kind: u8) -> Rule {
        Rule { kind, cfa_register: 0, fp_kind: FP_SAME, bx: BX_UNKNOWN, cfa_offset: 0, cfa_add: 0, fp_offset: 0 }
    }

    /// CFA = rsp + `offset`, rbp untouched.
    pub const fn rsp_plus(offset: i32) -> Rule {
        Rule { cfa_offset: offset, ..Rule::of_kind(UNWIND_CFA) }
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
        let high = u64::from(self.cfa_add as u32) | u64::from(self.fp_offset as u32) << 32;
        (low, high)
    }
}
