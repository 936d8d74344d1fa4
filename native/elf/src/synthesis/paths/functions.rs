//! Functions of one piece of code: where they begin, and what belongs to them that no path leads to.
use iced_x86::{Instruction, Mnemonic, Register};

use super::flow::Flow;
use super::node::{Node, PathEnd, Trust};
use super::reached::FUNCTION_ALIGNMENT;
use crate::rows::rule::UNWIND_UNSUPPORTED;
use crate::synthesis::gaps::padding::padding_length;
use crate::synthesis::gaps::starts::{Start, StartKind};
use crate::synthesis::gaps::uncovered::Uncovered;
use crate::synthesis::machine::rule_of_state::rule_of;
use crate::synthesis::machine::state::RSP;
use crate::synthesis::machine::state_table::StateId;
use crate::synthesis::machine::value::Value;
use crate::synthesis::machine::writes::{general_register, written_registers};

/// `int3`, which linkers and Go pad with.
const TRAP: u8 = 0xcc;
/// Between the look-up in a table and the jump, a few other instructions may stand.
const MAX_LOOKBACK: usize = 8;

/// A function, or a part of one, by its symbol, as offsets: up to the next one, or to where the symbol says.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub start: usize,
    pub end: usize,
}

/// Where symbols begin, and end.
pub(crate) fn bounds(extents: &[Extent]) -> Vec<u32> {
    let mut bounds: Vec<u32> = extents.iter().flat_map(|extent| [extent.start as u32, extent.end as u32]).collect();
    bounds.dedup();
    bounds
}

/// `starts` are those inside of the code.
pub(crate) fn extents(uncovered: &Uncovered<'_>, starts: &[Start]) -> Vec<Extent> {
    let known: Vec<&Start> = starts.iter().filter(|start| start.kind != StartKind::Label).collect();
    let offset = |address: u64| (address - uncovered.start) as usize;
    let nexts = known.iter().skip(1).map(|next| next.address).chain([uncovered.end()]);
    let extent = |(start, next): (&&Start, u64)| {
        let end = match start.size {
            0 => next,
            size => start.address.saturating_add(size).min(next),
        };
        Extent { start: offset(start.address), end: offset(end) }
    };
    known.iter().zip(nexts).map(extent).collect()
}

/// What a function jumps to, nobody knows how, has the state of the jump. Where its indirect jumps differ, nothing is known.
pub(crate) fn follow_indirect_jumps(flow: &mut Flow<'_>, extent: Extent) {
    let inside = extent.start as u32..extent.end as u32;
    let known: Vec<u32> = flow.unknown_jumps.range(inside.clone()).copied().collect();
    let mut state = None;
    let mut are_alike = known.iter().all(|&jump| joins(flow, jump, &mut state));
    let mut assumed = Vec::new();
    let mut offset = extent.start;
    let mut seen = flow.found_jumps.len();
    while let Some(state_of_all) = state.filter(|_| are_alike) {
        let Some(unreached) = next_unreached(flow, offset, extent.end) else { return };
        flow.start_with(unreached, state_of_all, Trust::Guessed);
        flow.run();
        assumed.push(unreached as u32);
        offset = unreached;
        let found: Vec<u32> = flow.found_jumps[seen..].iter().copied().filter(|jump| inside.contains(jump)).collect();
        seen = flow.found_jumps.len();
        are_alike = found.into_iter().all(|jump| joins(flow, jump, &mut state));
    }
    // One of what was assumed leads to a jump of another state.
    assumed.iter().for_each(|&offset| flow.origins.refute(offset));
}

/// Whether a jump has the state of the others, as far as rules tell; `state` is what all of them know.
fn joins(flow: &mut Flow<'_>, jump: u32, state: &mut Option<StateId>) -> bool {
    let Some(&node) = flow.reached.node(jump as usize) else { return true };
    if is_tail_call(flow, &node) {
        return true;
    }
    let rule = rule_of(flow.state(&node));
    let known = state.unwrap_or(node.state);
    let met = flow.states.meet(known, node.state);
    *state = Some(met);
    rule.kind != UNWIND_UNSUPPORTED
        && rule_of(flow.states.state(known)) == rule
        && rule_of(flow.states.state(met)) == rule
}

/// The first instruction from `offset` on that no path leads to.
fn next_unreached(flow: &Flow<'_>, mut offset: usize, end: usize) -> Option<usize> {
    while offset < end {
        match flow.reached.node(offset) {
            Some(node) => offset = node.end() as usize,
            None => match padding_length(&flow.reached.code[offset..end]) {
                0 => return Some(offset),
                padding => offset += padding,
            },
        }
    }
    None
}

/// Whether the indirect jump leaves the function: its stack is gone, and the target was not looked up in a table.
fn is_tail_call(flow: &Flow<'_>, jump: &Node) -> bool {
    if flow.state(jump).register(RSP) != Value::Cfa(-8) {
        return false;
    }
    let instruction = flow.reached.decode(jump.offset);
    let Some(target) = general_register(instruction.op0_register()) else { return false };
    let mut offset = jump.offset;
    for _ in 0..MAX_LOOKBACK {
        let Some(before) = flow.reached.instruction_before(offset) else { return true };
        if written_registers(&before).any(|register| register == target) {
            return !is_table_lookup(&before);
        }
        offset -= before.len() as u32;
    }
    true
}

/// The last step on the way from a number to a place that a table says; a whole address may as well be another function's.
fn is_table_lookup(instruction: &Instruction) -> bool {
    match instruction.mnemonic() {
        Mnemonic::Add | Mnemonic::Sub => true,
        Mnemonic::Lea => instruction.memory_index() != Register::None,
        _ => false,
    }
}

/// Follows what looks like a function's beginning where no symbol is: the code's first instruction, and what stands
/// aligned or behind padding where the code before it has ended. Lowest address first, as each may lead to the next.
pub(crate) fn follow_guesses(flow: &mut Flow<'_>, uncovered: &Uncovered<'_>, extents: &[Extent]) {
    let mut walk = Walk { offset: 0, may_begin: uncovered.begins_function };
    while walk.offset < flow.reached.code.len() {
        if let Some(&node) = flow.reached.node(walk.offset) {
            walk.pass(flow, &node);
            continue;
        }
        if let Some(extent) = extent_at(extents, walk.offset) {
            walk = Walk { offset: end_of_unreached(flow, walk.offset, extent.end), may_begin: true };
            continue;
        }
        let start = walk.offset + padding_length(&flow.reached.code[walk.offset..]);
        if start >= flow.reached.code.len() || flow.reached.is_reached(start) {
            walk.offset = start;
        } else if begins_function(flow, uncovered, &walk, start) {
            flow.start(start, Trust::Guessed);
            flow.run();
            walk.offset = start;
        } else {
            walk = Walk { offset: next_guess(flow, start + 1), may_begin: false };
        }
    }
}

/// Whether what is not reached there is more than a part of the function before it. Traps stand between functions alone.
fn begins_function(flow: &Flow<'_>, uncovered: &Uncovered<'_>, walk: &Walk, start: usize) -> bool {
    let is_aligned = (uncovered.start + start as u64) % FUNCTION_ALIGNMENT == 0;
    let is_behind_trap = start > 0 && flow.reached.code[start - 1] == TRAP;
    walk.may_begin && (start == 0 || start > walk.offset || is_aligned) || is_behind_trap && is_aligned
}

/// The next reached instruction or `int3`, or the end.
fn next_guess(flow: &Flow<'_>, from: usize) -> usize {
    let is_next = |&offset: &usize| flow.reached.code[offset] == TRAP || flow.reached.is_reached(offset);
    (from..flow.reached.code.len()).find(is_next).unwrap_or(flow.reached.code.len())
}

/// A look at instruction after instruction.
struct Walk {
    offset: usize,
    /// What is not reached here may be a function: the code before it has ended, and does not jump where no one knows.
    may_begin: bool,
}

impl Walk {
    fn pass(&mut self, flow: &Flow<'_>, node: &Node) {
        self.offset = node.end() as usize;
        let is_start = flow.origins.is_function(node.offset);
        self.may_begin = match node.path_end {
            PathEnd::IndirectJump if !is_tail_call(flow, node) => false,
            _ => self.may_begin || is_start,
        };
    }
}

fn extent_at(extents: &[Extent], offset: usize) -> Option<&Extent> {
    let behind = extents.partition_point(|extent| extent.start <= offset);
    extents[..behind].last().filter(|extent| offset < extent.end)
}

fn end_of_unreached(flow: &Flow<'_>, offset: usize, end: usize) -> usize {
    (offset..end).find(|&offset| flow.reached.is_reached(offset)).unwrap_or(end)
}
