use crate::rows::rule::{Rule, REGISTER_RSP, UNWIND_CFA, UNWIND_CLONE};

/// glibc's clone and clone3 have 10 bytes without CFI; the limit keeps other code from being taken for theirs.
pub(crate) const MAX_CLONE_BYTES: u64 = 32;

/// The rule for a system call right behind an FDE that ended with the rule `last`; `None` where it is not clone's.
///
/// glibc ends the FDEs of clone and clone3 before the system call, since no CFA is right for the child as well, and
/// begins the next where only the child gets to. The parent's stack is as it was before the call.
pub(crate) fn clone_rule(last: &Rule) -> Option<Rule> {
    let is_rsp_based = last.kind == UNWIND_CFA && last.cfa_register == REGISTER_RSP;
    is_rsp_based.then_some(Rule { kind: UNWIND_CLONE, ..*last })
}
