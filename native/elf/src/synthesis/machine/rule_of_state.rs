//! What a state of the machine says of the caller's frame.

use super::state::{State, Thread, RBP, RBX, RSP};
use super::value::Value;
use crate::rows::rule::{
    Rule, BY_FRAME_POINTER, FP_CFA, FP_RBP, FP_SAME, FP_UNKNOWN, KNOWN_ROOT, REGISTER_R10, REGISTER_R11, REGISTER_R12,
    REGISTER_R13, REGISTER_R14, REGISTER_R15, REGISTER_R8, REGISTER_R9, REGISTER_RAX, REGISTER_RBP, REGISTER_RBX,
    REGISTER_RCX, REGISTER_RDI, REGISTER_RDX, REGISTER_RSI, REGISTER_RSP, UNWIND_CFA, UNWIND_CLONE, UNWIND_DEREF,
    UNWIND_END, UNWIND_UNSUPPORTED,
};

/// The rules' numbers of the hardware's registers.
const REGISTER_OF_HARDWARE: [u8; 16] = [
    REGISTER_RAX,
    REGISTER_RCX,
    REGISTER_RDX,
    REGISTER_RBX,
    REGISTER_RSP,
    REGISTER_RBP,
    REGISTER_RSI,
    REGISTER_RDI,
    REGISTER_R8,
    REGISTER_R9,
    REGISTER_R10,
    REGISTER_R11,
    REGISTER_R12,
    REGISTER_R13,
    REGISTER_R14,
    REGISTER_R15,
];
const UNSUPPORTED: Rule = Rule::of_kind(UNWIND_UNSUPPORTED);
const WORD: i32 = 8;

/// The rule for the caller's frame, when the state says enough.
pub(crate) fn rule_of(state: &State) -> Rule {
    match state.thread {
        Thread::New => return Rule::of_kind(UNWIND_END),
        Thread::Fiber => return Rule { by: KNOWN_ROOT, ..Rule::of_kind(UNWIND_END) },
        Thread::Unsure => return UNSUPPORTED,
        Thread::Caller | Thread::CallerOrNew => {}
    }
    let rule = with_cfa(state, with_frame_pointer(state)).unwrap_or(UNSUPPORTED);
    match state.thread {
        Thread::CallerOrNew if rule.kind == UNWIND_CFA && rule.cfa_register == REGISTER_RSP => {
            Rule { kind: UNWIND_CLONE, ..rule }
        }
        Thread::CallerOrNew => UNSUPPORTED,
        _ => rule,
    }
}

/// How the caller's rbp is found: it is still there, or one of the known words is it. Else it is not known further out;
/// most callers do without.
fn with_frame_pointer(state: &State) -> Rule {
    let rule = Rule::of_kind(UNWIND_CFA).synthesized();
    if state.register(RBP) == Value::CallerRbp {
        return Rule { fp_kind: FP_SAME, ..rule };
    }
    // The highest first: a later copy is for the function's own use.
    let saved = || state.slots().rev().filter(|slot| slot.value == Value::CallerRbp);
    let at_cfa = saved().find_map(|slot| match slot.address {
        Value::Cfa(offset) => Some(Rule { fp_kind: FP_CFA, fp_offset: offset, ..rule }),
        _ => None,
    });
    let at_rbp = || {
        let fp_offset = saved().find_map(|slot| state.register(RBP).distance_to(slot.address))?;
        Some(Rule { fp_kind: FP_RBP, fp_offset, ..rule })
    };
    at_cfa.or_else(at_rbp).unwrap_or(Rule { fp_kind: FP_UNKNOWN, ..rule })
}

/// From rbp where it is the frame pointer, rsp, rbp in any other way, a word at a known place, or else a register that is known
/// of the interrupted frame alone.
fn with_cfa(state: &State, rule: Rule) -> Option<Rule> {
    let frame_pointer = match state.register(RBP) {
        Value::Cfa(offset) => Some(Rule { by: BY_FRAME_POINTER, ..of_register(RBP, offset, rule) }),
        _ => None,
    };
    // Compilers have it point to the caller's; else it may be a variable's address.
    let is_classic = state.load(state.register(RBP)) == Value::CallerRbp;
    if let Value::Cfa(offset) = state.register(RSP) {
        let is_below_return_address = -offset >= WORD;
        let by_stack_pointer = is_below_return_address.then(|| of_register(RSP, offset, rule));
        return frame_pointer.filter(|_| is_classic).or(by_stack_pointer);
    }
    frame_pointer
        .or_else(|| [RBP, RSP].into_iter().find_map(|register| of_memory(state, register, rule)))
        .or_else(|| of_others(state, rule))
}

fn of_register(register: usize, offset: i32, rule: Rule) -> Rule {
    Rule { cfa_register: REGISTER_OF_HARDWARE[register], cfa_offset: -offset, ..rule }
}

fn of_memory(state: &State, register: usize, rule: Rule) -> Option<Rule> {
    state.slots().rev().find_map(|slot| {
        let Value::Cfa(offset) = slot.value else { return None };
        let cfa_offset = state.register(register).distance_to(slot.address)?;
        let cfa_add = i16::try_from(-offset).ok()?;
        Some(Rule { kind: UNWIND_DEREF, cfa_register: REGISTER_OF_HARDWARE[register], cfa_offset, cfa_add, ..rule })
    })
}

/// rbx last: a CFA in it makes the whole file's rows tell of it.
fn of_others(state: &State, rule: Rule) -> Option<Rule> {
    let known = |(register, value)| match value {
        Value::Cfa(offset) => Some((register, offset)),
        _ => None,
    };
    let of_all = || state.registers().filter_map(known);
    let (register, offset) = of_all().find(|&(register, _)| register != RBX).or_else(|| of_all().next())?;
    Some(of_register(register, offset, rule))
}
