use super::expression::{classify_cfa, classify_saved_fp, CfaExpression, FpRule};
use crate::rows::counts::Cause;
use crate::rows::rule::{
    Rule, BX_SAME, BX_UNKNOWN, BY_PLT, CALLER_INTERRUPTED, FP_CFA, FP_RBP, FP_SAME, REGISTER_OF_DWARF, REGISTER_RSP,
    UNWIND_CFA, UNWIND_DEREF, UNWIND_END, UNWIND_PLT, UNWIND_UNSUPPORTED,
};

pub(crate) const RBX: u64 = 3;
pub(crate) const RBP: u64 = 6;
pub(crate) const RSP: u64 = 7;
pub(crate) const RETURN_ADDRESS: u64 = 16;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RaRule {
    AtCfa(i64),
    Undefined,
    Unknown,
}

/// How the caller's value of a register is found, as the instructions say it.
#[derive(Clone, Copy)]
pub(crate) enum RegisterRule<'a> {
    Undefined,
    Same,
    AtCfa(i64),
    Expression(&'a [u8]),
    Other,
}

/// One row of the CFI table, reduced to the registers that matter for walking: CFA, rbp, return address; of rsp only
/// whether it is something else than the CFA.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CfiState {
    /// DWARF register number.
    cfa_register: u64,
    cfa_offset: i64,
    /// Takes the place of register and offset, which stay behind it: assembly in libgcrypt names only the register
    /// afterwards and means the offset from before, and libgcc gives it that.
    cfa_expression: Option<CfaExpression>,
    fp: FpRule,
    ra: RaRule,
    is_sp_saved: bool,
    /// As in [`Rule`].
    bx: u8,
    /// Rules tell of rbx.
    follows_bx: bool,
    /// By the augmentation S.
    is_caller_interrupted: bool,
}

impl CfiState {
    /// Before a CIE's initial instructions.
    pub const UNSET: CfiState = CfiState {
        cfa_register: u64::MAX,
        cfa_offset: 0,
        cfa_expression: None,
        fp: FpRule::Same,
        ra: RaRule::Unknown,
        is_sp_saved: false,
        bx: BX_SAME,
        follows_bx: false,
        is_caller_interrupted: false,
    };

    pub fn following_bx(self, follows_bx: bool) -> CfiState {
        CfiState { follows_bx, ..self }
    }

    pub fn of_interrupted_caller(self) -> CfiState {
        CfiState { is_caller_interrupted: true, ..self }
    }

    /// The instruction named one of the registers that this state holds; true when it did.
    #[inline(always)]
    pub fn set_register(&mut self, register: u64, rule: RegisterRule<'_>) -> bool {
        match register {
            RBX => {
                self.bx = bx_rule(rule);
                return self.follows_bx;
            }
            RBP => self.fp = fp_rule(rule),
            RSP => self.is_sp_saved = !matches!(rule, RegisterRule::Undefined | RegisterRule::Same),
            RETURN_ADDRESS => self.ra = ra_rule(rule),
            _ => return false,
        }
        true
    }

    /// DW_CFA_restore.
    #[inline(always)]
    pub fn restore_register(&mut self, register: u64, initial: &CfiState) -> bool {
        match register {
            RBX => {
                self.bx = initial.bx;
                return self.follows_bx;
            }
            RBP => self.fp = initial.fp,
            RSP => self.is_sp_saved = initial.is_sp_saved,
            RETURN_ADDRESS => self.ra = initial.ra,
            _ => return false,
        }
        true
    }

    #[inline(always)]
    pub fn set_cfa(&mut self, register: u64, offset: i64) {
        self.cfa_offset = offset;
        self.set_cfa_register(register);
    }

    #[inline(always)]
    pub fn set_cfa_register(&mut self, register: u64) {
        self.cfa_register = register;
        self.cfa_expression = None;
    }

    /// Leaves an expression in force, as libgcc does.
    #[inline(always)]
    pub fn set_cfa_offset(&mut self, offset: i64) {
        self.cfa_offset = offset;
    }

    pub fn set_cfa_expression(&mut self, expression: &[u8]) {
        self.cfa_expression = Some(classify_cfa(expression));
    }

    /// The row as the BPF program reads it. The first cause in the order CFA, return address, rsp, rbp makes it
    /// UNSUPPORTED. END rows keep their CFA, which is only shown, never used.
    #[inline]
    pub fn rule(&self) -> Result<Rule, (Rule, Cause)> {
        let (fp_kind, fp_offset, is_fp_known) = self.fp_fields();
        let bx = if self.follows_bx { self.bx } else { BX_UNKNOWN };
        let by = if self.is_caller_interrupted { CALLER_INTERRUPTED } else { 0 };
        let with_fp = |kind| Rule { fp_kind, fp_offset, bx, by, ..Rule::of_kind(kind) };
        let unsupported = |cause| Err((with_fp(UNWIND_UNSUPPORTED), cause));
        let cfa = self.cfa_rule(with_fp(UNWIND_CFA));
        if self.ra == RaRule::Undefined {
            let shown = cfa.unwrap_or(with_fp(UNWIND_END));
            return Ok(Rule { kind: UNWIND_END, by: 0, ..shown });
        }
        let rule = match cfa {
            Ok(rule) => rule,
            Err(cause) => return unsupported(cause),
        };
        let Some(ra_words) = self.ra_words() else { return unsupported(Cause::ReturnAddress) };
        if self.is_sp_saved {
            return unsupported(Cause::StackPointer);
        }
        if !is_fp_known {
            return unsupported(Cause::FramePointer);
        }
        if rule.kind == UNWIND_CFA && rule.cfa_register == REGISTER_RSP && rule.cfa_offset < 8 * i32::from(ra_words) {
            return unsupported(Cause::ReturnAddressFreed);
        }
        Ok(Rule { ra_words, ..rule })
    }

    /// `None` where the return address is not a few words below the CFA.
    #[inline(always)]
    fn ra_words(&self) -> Option<u8> {
        match self.ra {
            RaRule::AtCfa(-8) => Some(1),
            RaRule::AtCfa(offset) if offset < 0 && offset % 8 == 0 => u8::try_from(offset / -8).ok(),
            _ => None,
        }
    }

    #[inline(always)]
    fn cfa_rule(&self, base: Rule) -> Result<Rule, Cause> {
        if let Some(expression) = self.cfa_expression {
            return expression_rule(expression, base);
        }
        let number = usize::try_from(self.cfa_register).unwrap_or(usize::MAX);
        let cfa_register = *REGISTER_OF_DWARF.get(number).ok_or(Cause::CfaRegister)?;
        let cfa_offset = i32::try_from(self.cfa_offset).map_err(|_| Cause::CfaExpression)?;
        Ok(Rule { cfa_register, cfa_offset, ..base })
    }

    /// `fp_kind`, `fp_offset`, and whether they say what the CFI says.
    fn fp_fields(&self) -> (u8, i32, bool) {
        match self.fp {
            FpRule::Same => (FP_SAME, 0, true),
            FpRule::AtCfa(offset) => match i32::try_from(offset) {
                Ok(offset) => (FP_CFA, offset, true),
                Err(_) => (FP_SAME, 0, false),
            },
            FpRule::AtRbp(offset) => (FP_RBP, offset, true),
            FpRule::Unknown => (FP_SAME, 0, false),
        }
    }
}

fn expression_rule(expression: CfaExpression, base: Rule) -> Result<Rule, Cause> {
    let (kind, cfa_register, cfa_offset, cfa_add) = match expression {
        CfaExpression::RegisterOffset { register, offset } => (UNWIND_CFA, register, offset, 0),
        CfaExpression::Deref { register, offset, add } => (UNWIND_DEREF, register, offset, add),
        CfaExpression::Plt { pushed_at } => return Ok(Rule { by: base.by | BY_PLT, ..plt(base, pushed_at) }),
        CfaExpression::Unknown => return Err(Cause::CfaExpression),
    };
    Ok(Rule { kind, cfa_register, cfa_offset, cfa_add, ..base })
}

fn plt(base: Rule, pushed_at: i32) -> Rule {
    Rule { kind: UNWIND_PLT, cfa_register: REGISTER_RSP, cfa_offset: pushed_at, ..base }
}

fn fp_rule(rule: RegisterRule<'_>) -> FpRule {
    match rule {
        RegisterRule::Undefined | RegisterRule::Same => FpRule::Same,
        RegisterRule::AtCfa(offset) => FpRule::AtCfa(offset),
        RegisterRule::Expression(expression) => classify_saved_fp(expression),
        RegisterRule::Other => FpRule::Unknown,
    }
}

fn bx_rule(rule: RegisterRule<'_>) -> u8 {
    match rule {
        RegisterRule::Undefined | RegisterRule::Same => BX_SAME,
        RegisterRule::AtCfa(offset) if offset % 8 == 0 && (-8 * 255..=-16).contains(&offset) => (offset / -8) as u8,
        _ => BX_UNKNOWN,
    }
}

fn ra_rule(rule: RegisterRule<'_>) -> RaRule {
    match rule {
        RegisterRule::Undefined => RaRule::Undefined,
        RegisterRule::AtCfa(offset) => RaRule::AtCfa(offset),
        _ => RaRule::Unknown,
    }
}
