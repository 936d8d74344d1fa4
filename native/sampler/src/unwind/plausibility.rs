//! What the code says of a stack, whatever the tables say: a caller stands behind a call, and the outermost frame of a
//! thread does not return. The BPF program's walk and its copy in walk.rs find the same by the same rule, even a
//! wrong one.

use std::collections::HashMap;

use bee_elf::{
    begins_with_trap, can_return, ends_in_call, Rule, CALLER_INTERRUPTED, KNOWN_ROOT, UNWIND_CLONE, UNWIND_END,
    UNWIND_SIGNAL,
};

use crate::facts::Facts;
use crate::kernel::record::*;
use crate::tables::objects::Objects;
use crate::unwind::stack_facts::{facts_of_stack, frame_text};
use crate::unwind::walk::{rule_at, Surroundings, Walked};

/// More would repeat the same; all are counted.
const MAX_SHOWN: u64 = 5;
/// Enough for the end of `_start` or of a thread's first function.
const CODE_BEHIND_BYTES: usize = 64;

/// Reads code of the process from an address on, as much as there is room for. False where it cannot be had.
pub type ReadInto<'a> = &'a dyn Fn(u64, &mut [u8]) -> bool;

/// A stack as the BPF program has found it.
pub struct Examined<'a> {
    pub head: StackHead,
    pub walked: &'a Walked,
    pub around: Surroundings<'a>,
    pub read_code: ReadInto<'a>,
    pub objects: &'a Objects,
}

#[derive(Default)]
pub struct Plausibility {
    /// By object and address: code of files does not change.
    callers: HashMap<u64, bool>,
    roots: HashMap<u64, bool>,
    pub impossible_callers: u64,
    pub false_roots: u64,
    shown: u64,
}

struct Place {
    /// In the process.
    address: u64,
    rule: Option<Rule>,
}

impl Plausibility {
    /// Numbers of objects mean other files from here on.
    pub fn forget_code(&mut self) {
        self.callers.clear();
        self.roots.clear();
    }

    /// The doubt that is to be shown, where there is one.
    pub fn examine(&mut self, stack: &Examined) -> Option<Facts> {
        let frames = &stack.walked.frames;
        let impossible: Vec<usize> = (1..frames.len()).filter(|index| !self.may_be_caller(stack, *index)).collect();
        self.impossible_callers += impossible.len() as u64;
        let is_false_root = stack.walked.outcome == OUTCOME_COMPLETE && !self.may_be_root(stack);
        self.false_roots += u64::from(is_false_root);
        let (index, why) = match (impossible.first(), is_false_root) {
            (Some(index), _) => (*index, "impossible-caller"),
            (None, true) => (frames.len() - 1, "false-root"),
            (None, false) => return None,
        };
        self.shown += 1;
        (self.shown <= MAX_SHOWN).then(|| facts(stack, index, why))
    }

    /// True also for what cannot be told: generated code, an interrupted frame, code that is gone.
    fn may_be_caller(&mut self, stack: &Examined, index: usize) -> bool {
        let word = stack.walked.frames[index];
        let rule_of = |index| stack.place(index).and_then(|place: Place| place.rule);
        let callee = rule_of(index - 1);
        let is_called = callee.is_some_and(|rule| !is_interrupting(&rule, stack.walked.frames[index - 1]));
        // A handler returns to the trampoline, which nobody has called.
        let may_be_called = |rule: Rule| rule.by & KNOWN_ROOT == 0 && rule.kind != UNWIND_SIGNAL;
        let is_called = is_called && rule_of(index).is_some_and(may_be_called);
        let Some(place) = stack.place(index).filter(|_| is_called) else { return true };
        let key = word & !FRAME_RULE_MASK;
        if let Some(known) = self.callers.get(&key) {
            return *known;
        }
        let (mut before, mut behind) = ([0; 8], [0; 2]);
        let return_address = place.address.wrapping_add(1);
        let is_read = (stack.read_code)(return_address.wrapping_sub(8), &mut before)
            && (stack.read_code)(return_address, &mut behind);
        if !is_read {
            return true;
        }
        *self.callers.entry(key).or_insert(ends_in_call(before) || begins_with_trap(&behind))
    }

    fn may_be_root(&mut self, stack: &Examined) -> bool {
        let Some(index) = stack.walked.frames.len().checked_sub(1) else { return false };
        let Some(place) = stack.place(index) else { return false };
        match place.rule.map(|rule| rule.kind) {
            Some(UNWIND_CLONE) => return index == 0,
            Some(UNWIND_END) if place.rule.is_some_and(|rule| rule.by & KNOWN_ROOT != 0) => return true,
            _ => {}
        }
        let key = stack.walked.frames[index] & !FRAME_RULE_MASK;
        if let Some(known) = self.roots.get(&key) {
            return *known;
        }
        let mut code = [0; CODE_BEHIND_BYTES];
        let from = place.address.wrapping_add(u64::from(index > 0));
        if !(stack.read_code)(from, &mut code) {
            return true;
        }
        *self.roots.entry(key).or_insert(!can_return(&code))
    }
}

impl Examined<'_> {
    /// Of a file's frame, whose address in the frame's word is the file's own.
    fn place(&self, index: usize) -> Option<Place> {
        let word = self.walked.frames[index];
        let (object, in_file) = ((word >> FRAME_OBJECT_SHIFT) as u32, word & FRAME_ADDRESS_MASK);
        if object == NO_OBJECT {
            return None;
        }
        let of_object = self.around.mappings.iter().filter(|mapping| number_of(mapping.object) == object);
        of_object
            .map(|mapping| (mapping, in_file.wrapping_add(mapping.bias)))
            .find(|(mapping, address)| (mapping.begin..mapping.end).contains(address))
            .map(|(mapping, address)| Place { address, rule: rule_at(self.around.tables, mapping, address) })
    }
}

fn is_interrupting(rule: &Rule, frame: u64) -> bool {
    rule.by & CALLER_INTERRUPTED != 0 || (frame & FRAME_RULE_MASK) >> FRAME_RULE_SHIFT == RULE_SIGNAL
}

fn facts(stack: &Examined, index: usize, why: &str) -> Facts {
    let shown = stack.walked.frames.iter().enumerate().skip(index.saturating_sub(1)).take(3);
    let rows: Vec<String> =
        shown.map(|(index, frame)| format!("{index:4}  {}", frame_text(stack.objects, *frame))).collect();
    facts_of_stack("unwinding-doubt", &stack.head, &rows).text("why", why).number("frame", index)
}
