//! States along the paths that code can take.
use std::cmp::Ordering;
use std::collections::BTreeSet;

use iced_x86::{Instruction, Mnemonic, OpKind};

use super::jump_table;
use super::node::{changes_counter, is_conditional, leaves, path_end, Node, PathEnd, Trust};
use super::origins::Origins;
use super::reached::Reached;
use super::returning::{Returning, Waiting};
use crate::file::elf_file::ElfFile;
use crate::synthesis::gaps::padding::padding_length;
use crate::synthesis::gaps::uncovered::Uncovered;
use crate::synthesis::machine::effect::{apply, split_threads};
use crate::synthesis::machine::state::{State, Thread, RSP};
use crate::synthesis::machine::state_table::{StateId, StateTable, UNKNOWN};
use crate::synthesis::machine::value::Value;

/// `push %rbp; jmp *%rbx; xor %rdi, %rdi; call`: the end of make_fcontext.
const FIBER: [u8; 7] = [0x55, 0xff, 0xe3, 0x48, 0x31, 0xff, 0xe8];
const FIBER_RETURNS_TO: usize = 3;

/// Looks at instructions, for each byte of code and for short code in addition. An instruction is looked at again when less is
/// known of it than before; real programs need a quarter of a look for each byte.
const LOOKS_PER_BYTE: usize = 1;
const MORE_LOOKS: usize = 1 << 12;
/// What the start of a function takes of them: it costs more time.
const LOOKS_PER_START: usize = 8;

/// The reached instructions of one piece of code.
pub(crate) struct Flow<'a> {
    pub reached: Reached<'a>,
    pub states: StateTable,
    pub origins: Origins,
    /// Where symbols begin and end, sorted: no call before one comes back.
    bounds: &'a [u32],
    returning: Returning,
    /// Indirect jumps whose targets were not found.
    pub unknown_jumps: BTreeSet<u32>,
    /// The same in the order in which they were reached.
    pub found_jumps: Vec<u32>,
    /// Addresses outside of this code that are called.
    pub called_elsewhere: Vec<u64>,
    changed: Vec<u32>,
    looks_left: usize,
    at_entry: StateId,
}

/// A state on its way to an instruction.
#[derive(Clone, Copy)]
struct Arrival {
    offset: u32,
    state: StateId,
    origin: u32,
    trust: Trust,
}

impl<'a> Flow<'a> {
    pub fn new(elf: &'a ElfFile<'a>, uncovered: &'a Uncovered<'a>, bounds: &'a [u32]) -> Flow<'a> {
        let mut states = StateTable::new();
        let at_entry = states.id_of(&State::at_entry());
        Flow {
            reached: Reached::new(elf, uncovered),
            states,
            origins: Origins::default(),
            bounds,
            returning: Returning::default(),
            unknown_jumps: BTreeSet::new(),
            found_jumps: Vec::new(),
            called_elsewhere: Vec::new(),
            changed: Vec::new(),
            looks_left: uncovered.code.len() * LOOKS_PER_BYTE + MORE_LOOKS,
            at_entry,
        }
    }

    /// The looks did not suffice: what is known may be wrong.
    pub fn is_exhausted(&self) -> bool {
        self.looks_left == 0
    }

    /// The program begins there, with no caller.
    pub fn start_program(&mut self, offset: usize) {
        let state = self.states.id_of(&State::at_entry().in_thread(Thread::New));
        self.start_with(offset, state, Trust::Sure);
    }

    /// Fibers of Boost.Context begin at its first two instructions, and their functions return to the rest: nothing but an
    /// address that is put on the stack leads there.
    pub fn start_fibers(&mut self) {
        let found = self.reached.code.windows(FIBER.len()).position(|code| code == FIBER);
        let state = self.states.id_of(&State::at_entry().in_thread(Thread::Fiber));
        for offset in found.into_iter().flat_map(|offset| [offset, offset + FIBER_RETURNS_TO]) {
            self.start_with(offset, state, Trust::Sure);
        }
    }

    /// A function begins there.
    pub fn start(&mut self, offset: usize, trust: Trust) {
        self.start_with(offset, self.at_entry, trust);
    }

    pub fn start_with(&mut self, offset: usize, state: StateId, trust: Trust) {
        let offset = offset as u32;
        self.looks_left = self.looks_left.saturating_sub(LOOKS_PER_START);
        self.origins.add_function(offset, trust >= Trust::Sure);
        if let Some(node) = self.arrive(Arrival { offset, state, origin: offset, trust }) {
            self.changed.push(node);
        }
    }

    /// Follows all paths until no state changes any more.
    pub fn run(&mut self) {
        while let Some(node) = self.changed.pop() {
            self.follow(node);
        }
    }

    /// Straight on from a node, for as long as something changes.
    fn follow(&mut self, first: u32) {
        let mut next = Some(first);
        while let Some(node) = next {
            if self.looks_left == 0 {
                return;
            }
            self.looks_left -= 1;
            next = self.look(node);
        }
    }

    /// Returns the next instruction where its state changed.
    fn look(&mut self, index: u32) -> Option<u32> {
        let node = self.reached.nodes[index as usize];
        let instruction = self.reached.decode(node.offset);
        let mut end = path_end(&instruction);
        if end == PathEnd::IndirectJump && self.jump_through_table(&node, &instruction) {
            end = PathEnd::Table;
        }
        if end == PathEnd::IndirectJump && self.unknown_jumps.insert(node.offset) {
            self.found_jumps.push(node.offset);
        }
        let stored = &mut self.reached.nodes[index as usize];
        (stored.length, stored.path_end) = (instruction.len() as u8, end);
        let arrival =
            Arrival { offset: node.offset, state: node.state, origin: node.origin, trust: node.trust.of_next() };
        let behind = node.offset + instruction.len() as u32;
        let target = self.reached.target(&instruction);
        if instruction.mnemonic() == Mnemonic::Call {
            if target.is_none() && instruction.op0_kind() == OpKind::NearBranch64 {
                self.called_elsewhere.push(instruction.near_branch64());
            }
            return self.call(index, &arrival, target, behind);
        }
        match target {
            Some(target) => self.jump(&arrival, &instruction, target),
            None if leaves(&instruction, end) => self.returns(arrival.origin),
            None => {}
        }
        match end {
            PathEnd::No => self.fall_through(&arrival, &instruction, behind),
            _ => None,
        }
    }

    fn fall_through(&mut self, from: &Arrival, instruction: &Instruction, behind: u32) -> Option<u32> {
        let before = self.states.state(from.state);
        let mut after = *before;
        if is_conditional(instruction) {
            after = self.not_taken(from.offset, before, instruction);
        } else {
            apply(&mut after, instruction, from.offset);
        }
        // Most instructions change nothing, and looking up takes longer than comparing.
        let state = if after == *before { from.state } else { self.states.id_of(&after) };
        self.arrive(Arrival { offset: behind, state, ..*from })
    }

    /// Returns the next instruction where its state changed. It waits until the function that is called is known to come
    /// back; of one elsewhere nobody knows.
    fn call(&mut self, index: u32, from: &Arrival, target: Option<u32>, behind: u32) -> Option<u32> {
        let mut state = *self.states.state(from.state);
        if target == Some(behind) {
            state.push(Value::Unknown, from.offset); // it reads its own address
            let state = self.states.id_of(&state);
            return self.arrive(Arrival { offset: behind, state, ..*from });
        }
        state.after_call();
        let state = self.states.id_of(&state);
        if let Some(callee) = target.map(|target| self.enter(from, target)) {
            if !self.returning.is_known(callee) {
                self.returning.wait(callee, Waiting::Call(index));
                return None;
            }
        }
        if self.is_bound(behind) {
            return None;
        }
        let is_doubtful = self.reached.may_begin_function(behind);
        self.origins.add_behind_call(behind, from.origin, is_doubtful);
        self.arrive(Arrival { offset: behind, state, origin: behind, trust: from.trust.behind_call() })
    }

    /// Starts the function that is called there; returns where it begins, or the one that it is part of.
    fn enter(&mut self, from: &Arrival, target: u32) -> u32 {
        let trust = from.trust.of_callee();
        self.origins.add_function(target, trust >= Trust::Sure);
        if let Some(node) = self.arrive(Arrival { offset: target, state: self.at_entry, origin: target, trust }) {
            self.changed.push(node);
        }
        self.reached.node(target as usize).map_or(target, |node| self.origins.function(node.origin))
    }

    /// The origin's function comes back: so do the calls of it.
    fn returns(&mut self, origin: u32) {
        let function = self.origins.function(origin);
        self.returning.learn(function, &mut self.changed);
    }

    /// A jump to a place in this code.
    fn jump(&mut self, from: &Arrival, instruction: &Instruction, target: u32) {
        let before = self.states.state(from.state);
        let mut taken = *before;
        if taken.thread == Thread::CallerOrNew {
            taken = split_threads(&taken, instruction.mnemonic()).0;
        }
        if changes_counter(instruction.mnemonic()) {
            apply(&mut taken, instruction, from.offset);
        }
        let state = if taken == *before { from.state } else { self.states.id_of(&taken) };
        if let Some(node) = self.arrive(Arrival { offset: target, state, ..*from }) {
            self.changed.push(node);
        }
    }

    /// Whether its table was found.
    fn jump_through_table(&mut self, node: &Node, instruction: &Instruction) -> bool {
        let Some(targets) = jump_table::targets(&self.reached, node.offset, instruction) else { return false };
        let symbol = |offset: u32| self.bounds.partition_point(|&bound| bound <= offset);
        let offset = |target: u64| {
            let offset = u32::try_from(target.wrapping_sub(self.reached.address)).ok();
            offset
                .filter(|&offset| (offset as usize) < self.reached.code.len() && symbol(offset) == symbol(node.offset))
        };
        // Else it is no table, or another function's.
        let Some(offsets) = targets.into_iter().map(offset).collect::<Option<Vec<u32>>>() else { return false };
        self.looks_left = self.looks_left.saturating_sub(offsets.len());
        let trust = node.trust.behind_call();
        for offset in offsets {
            if let Some(changed) = self.arrive(Arrival { offset, state: node.state, origin: node.origin, trust }) {
                self.changed.push(changed);
            }
        }
        true
    }

    fn not_taken(&self, at: u32, state: &State, instruction: &Instruction) -> State {
        let mut state = *state;
        if state.thread == Thread::CallerOrNew {
            state = split_threads(&state, instruction.mnemonic()).1;
        }
        if changes_counter(instruction.mnemonic()) {
            apply(&mut state, instruction, at);
        }
        let compared =
            (instruction.mnemonic() == Mnemonic::Jne).then(|| self.reached.compared_with_stack_pointer(at)).flatten();
        if let Some(limit) = compared.map(|register| state.register(register)).filter(|limit| limit.is_address()) {
            state.set_register(RSP, limit, at);
        }
        state
    }

    /// Whether a function or a part of one ends there, or begins behind the padding there.
    fn is_bound(&self, offset: u32) -> bool {
        let next = self.bounds.partition_point(|&bound| bound < offset);
        let Some(&bound) = self.bounds.get(next) else { return false };
        self.reached
            .code
            .get(offset as usize..bound as usize)
            .is_some_and(|between| padding_length(between) == between.len())
    }

    /// Takes the state into account; the node when it changed.
    fn arrive(&mut self, arrival: Arrival) -> Option<u32> {
        let Arrival { offset, state, origin, trust } = arrival;
        let known = match self.reached.index_at(offset) {
            Some(Some(known)) => known,
            Some(None) => {
                let node = Node { offset, state, origin, trust, length: 0, path_end: PathEnd::No };
                return Some(self.reached.add(node));
            }
            None => {
                self.returns(origin); // or does not: the code goes on elsewhere
                return None;
            }
        };
        let node = self.reached.nodes[known as usize];
        self.goes_on_as(origin, node.origin);
        let merged = match trust.cmp(&node.trust) {
            // Not even a guess leads to right behind a call that comes back.
            Ordering::Less if node.origin == offset && self.origins.is_behind_call(offset) => {
                Node { state: self.states.meet(node.state, state), ..node }
            }
            Ordering::Less => return None,
            Ordering::Greater => Node { state, origin, trust, ..node },
            Ordering::Equal => Node { state: self.states.meet(node.state, state), ..node },
        };
        let is_changed = merged.state != node.state || merged.trust != node.trust;
        self.reached.nodes[known as usize] = merged;
        is_changed.then_some(known)
    }

    /// What comes back from the second comes back from the first.
    fn goes_on_as(&mut self, origin: u32, other: u32) {
        let (function, other) = (self.origins.function(origin), self.origins.function(other));
        if function == other {
            return;
        }
        match self.returning.is_known(other) {
            true => self.returning.learn(function, &mut self.changed),
            false => self.returning.wait(other, Waiting::Function(function)),
        }
    }

    pub fn state(&self, node: &Node) -> &State {
        self.states.state(node.state)
    }

    /// Nothing is known any more of what the origins say.
    pub fn forget(&mut self, is_wrong: impl Fn(&Origins, u32) -> bool) {
        for node in &mut self.reached.nodes {
            if is_wrong(&self.origins, node.origin) {
                node.state = UNKNOWN;
            }
        }
    }
}
