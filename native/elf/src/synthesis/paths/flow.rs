//! States along the paths that code can take.
use std::cmp::Ordering;
use std::collections::BTreeSet;

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use super::evidence::Origins;
use super::jump_table;
use super::returning::{Returning, Waiting};
use crate::file::elf_file::ElfFile;
use crate::synthesis::gaps::padding::padding_length;
use crate::synthesis::gaps::uncovered::Uncovered;
use crate::synthesis::machine::effect::{apply, split_threads};
use crate::synthesis::machine::state::{State, Thread, RSP};
use crate::synthesis::machine::state_table::{StateId, StateTable, UNKNOWN};
use crate::synthesis::machine::value::Value;
use crate::synthesis::machine::writes::general_register;

/// `push %rbp; jmp *%rbx; xor %rdi, %rdi; call`: the end of make_fcontext.
const FIBER: [u8; 7] = [0x55, 0xff, 0xe3, 0x48, 0x31, 0xff, 0xe8];
const FIBER_RETURNS_TO: usize = 3;

/// Looks at instructions, for each byte of code and for short code in addition. An instruction is looked at again when less is
/// known of it than before; real programs need a quarter of a look for each byte.
const LOOKS_PER_BYTE: usize = 1;
const MORE_LOOKS: usize = 1 << 12;
/// What the start of a function takes of them: it costs more time.
const LOOKS_PER_START: usize = 8;
/// Of functions, for all compilers.
pub(crate) const FUNCTION_ALIGNMENT: u64 = 16;
const NOT_REACHED: u32 = u32::MAX;

/// How far the state of a place can be trusted. Where two differ, the less trusted is wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Trust {
    /// As below, behind a call.
    GuessedBehindCall,
    /// From where a function seems to begin.
    Guessed,
    /// Behind a call, which may not come back: what stands there may be reached by another way only.
    BehindCall,
    /// From where a function does begin.
    Sure,
    /// The first instruction of what a symbol says is a function: who jumps there, calls it in the end.
    Declared,
}

impl Trust {
    /// Of what follows directly.
    fn of_next(self) -> Trust {
        self.min(Trust::Sure)
    }

    fn behind_call(self) -> Trust {
        match self {
            Trust::Declared | Trust::Sure | Trust::BehindCall => Trust::BehindCall,
            Trust::Guessed | Trust::GuessedBehindCall => Trust::GuessedBehindCall,
        }
    }

    /// Of a function that is called from here.
    fn of_callee(self) -> Trust {
        match self {
            Trust::Declared | Trust::Sure | Trust::BehindCall => Trust::Sure,
            Trust::Guessed | Trust::GuessedBehindCall => Trust::Guessed,
        }
    }
}

/// What is known before the instruction at an offset.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub offset: u32,
    pub state: StateId,
    /// Which [`Origins`] it follows from.
    pub origin: u32,
    pub trust: Trust,
    /// 0 until it was looked at.
    pub length: u8,
    pub path_end: PathEnd,
}

impl Node {
    /// Where the next instruction begins.
    pub fn end(&self) -> u32 {
        self.offset + u32::from(self.length).max(1)
    }
}

/// How the instruction ends its path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PathEnd {
    No,
    Return,
    /// To nobody knows where.
    IndirectJump,
    /// Through a table that was read.
    Table,
    /// A direct jump, or one that does not come back.
    Other,
    /// No instruction at all.
    Invalid,
}

/// The reached instructions of one piece of code.
pub(crate) struct Flow<'a> {
    pub elf: &'a ElfFile<'a>,
    pub code: &'a [u8],
    address: u64,
    pub nodes: Vec<Node>,
    node_at: Vec<u32>,
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
        let (address, code) = (uncovered.start, uncovered.code);
        let mut states = StateTable::new();
        let at_entry = states.id_of(&State::at_entry());
        Flow {
            elf,
            code,
            address,
            nodes: Vec::new(),
            node_at: vec![NOT_REACHED; code.len()],
            states,
            origins: Origins::default(),
            bounds,
            returning: Returning::default(),
            unknown_jumps: BTreeSet::new(),
            found_jumps: Vec::new(),
            called_elsewhere: Vec::new(),
            changed: Vec::new(),
            looks_left: code.len() * LOOKS_PER_BYTE + MORE_LOOKS,
            at_entry,
        }
    }

    pub fn is_reached(&self, offset: usize) -> bool {
        self.node_at.get(offset).is_some_and(|&node| node != NOT_REACHED)
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
        let found = self.code.windows(FIBER.len()).position(|code| code == FIBER);
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
        let node = self.nodes[index as usize];
        let instruction = self.decode(node.offset);
        let mut end = path_end(&instruction);
        if end == PathEnd::IndirectJump && self.jump_through_table(&node, &instruction) {
            end = PathEnd::Table;
        }
        if end == PathEnd::IndirectJump && self.unknown_jumps.insert(node.offset) {
            self.found_jumps.push(node.offset);
        }
        let stored = &mut self.nodes[index as usize];
        (stored.length, stored.path_end) = (instruction.len() as u8, end);
        let arrival =
            Arrival { offset: node.offset, state: node.state, origin: node.origin, trust: node.trust.of_next() };
        let behind = node.offset + instruction.len() as u32;
        let target = self.target(&instruction);
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
        let is_doubtful = self.may_begin_function(behind);
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
        self.node(target as usize).map_or(target, |node| self.origins.function(node.origin))
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
        let Some(targets) = jump_table::targets(self, node.offset, instruction) else { return false };
        let symbol = |offset: u32| self.bounds.partition_point(|&bound| bound <= offset);
        let offset = |target: u64| {
            let offset = u32::try_from(target.wrapping_sub(self.address)).ok();
            offset.filter(|&offset| (offset as usize) < self.code.len() && symbol(offset) == symbol(node.offset))
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
            (instruction.mnemonic() == Mnemonic::Jne).then(|| self.compared_with_stack_pointer(at)).flatten();
        if let Some(limit) = compared.map(|register| state.register(register)).filter(|limit| limit.is_address()) {
            state.set_register(RSP, limit, at);
        }
        state
    }

    /// Whether the code there is aligned by padding.
    fn may_begin_function(&self, offset: u32) -> bool {
        let padding = padding_length(&self.code[(offset as usize).min(self.code.len())..]) as u64;
        padding > 0 && (self.address + u64::from(offset) + padding) % FUNCTION_ALIGNMENT == 0
    }

    /// Whether a function or a part of one ends there, or begins behind the padding there.
    fn is_bound(&self, offset: u32) -> bool {
        let next = self.bounds.partition_point(|&bound| bound < offset);
        let Some(&bound) = self.bounds.get(next) else { return false };
        self.code.get(offset as usize..bound as usize).is_some_and(|between| padding_length(between) == between.len())
    }

    /// `cmp %reg, %rsp` right before the offset: how the loop ends that touches each page of a large frame.
    fn compared_with_stack_pointer(&self, offset: u32) -> Option<usize> {
        const LENGTH: usize = 3;
        let compare = self.instruction_before(offset)?;
        let is_compare = compare.mnemonic() == Mnemonic::Cmp && compare.len() == LENGTH;
        match (compare.op0_register(), compare.op1_register()) {
            (Register::RSP, other) | (other, Register::RSP) if is_compare => general_register(other),
            _ => None,
        }
    }

    /// Takes the state into account; the node when it changed.
    fn arrive(&mut self, arrival: Arrival) -> Option<u32> {
        let Arrival { offset, state, origin, trust } = arrival;
        let Some(&known) = self.node_at.get(offset as usize) else {
            self.returns(origin); // or does not: the code goes on elsewhere
            return None;
        };
        if known == NOT_REACHED {
            let index = self.nodes.len() as u32;
            self.node_at[offset as usize] = index;
            self.nodes.push(Node { offset, state, origin, trust, length: 0, path_end: PathEnd::No });
            return Some(index);
        }
        let node = self.nodes[known as usize];
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
        self.nodes[known as usize] = merged;
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

    pub fn decode(&self, offset: u32) -> Instruction {
        let code = &self.code[offset as usize..];
        let address = self.address.wrapping_add(u64::from(offset));
        Decoder::with_ip(64, &code[..code.len().min(15)], address, DecoderOptions::NONE).decode()
    }

    /// The reached instruction that ends where another begins.
    pub fn instruction_before(&self, offset: u32) -> Option<Instruction> {
        const LONGEST: u32 = 15;
        let node = (1..=LONGEST.min(offset))
            .filter_map(|length| self.node((offset - length) as usize))
            .find(|node| node.end() == offset)?;
        Some(self.decode(node.offset))
    }

    /// Where a direct jump or call leads inside this code.
    fn target(&self, instruction: &Instruction) -> Option<u32> {
        if instruction.op0_kind() != OpKind::NearBranch64 {
            return None;
        }
        let offset = instruction.near_branch64().wrapping_sub(self.address);
        u32::try_from(offset).ok().filter(|&offset| (offset as usize) < self.code.len())
    }

    pub fn state(&self, node: &Node) -> &State {
        self.states.state(node.state)
    }

    pub fn node(&self, offset: usize) -> Option<&Node> {
        self.nodes.get(*self.node_at.get(offset)? as usize)
    }

    /// Nothing is known any more of what the origins say.
    pub fn forget(&mut self, is_wrong: impl Fn(&Origins, u32) -> bool) {
        for node in &mut self.nodes {
            if is_wrong(&self.origins, node.origin) {
                node.state = UNKNOWN;
            }
        }
    }
}

fn path_end(instruction: &Instruction) -> PathEnd {
    use Mnemonic as M;
    match instruction.mnemonic() {
        _ if instruction.is_invalid() => PathEnd::Invalid,
        M::Ret | M::Retf | M::Iret | M::Iretd | M::Iretq => PathEnd::Return,
        M::Jmp if is_through_table(instruction) => PathEnd::IndirectJump,
        M::Jmp | M::Ud0 | M::Ud1 | M::Ud2 | M::Hlt | M::Int3 | M::Sysret | M::Sysretq | M::Sysexit => PathEnd::Other,
        _ => PathEnd::No,
    }
}

/// Whether it may go on outside of this code, and come back from there.
fn leaves(instruction: &Instruction, end: PathEnd) -> bool {
    let is_branch = instruction.mnemonic() == Mnemonic::Jmp || is_conditional(instruction);
    is_branch || end == PathEnd::Return
}

/// A word at a fixed place or of an object leads to another function.
fn is_through_table(instruction: &Instruction) -> bool {
    match instruction.op0_kind() {
        OpKind::Register => true,
        OpKind::Memory => instruction.memory_index() != Register::None,
        _ => false,
    }
}

fn is_conditional(instruction: &Instruction) -> bool {
    instruction.op0_kind() == OpKind::NearBranch64 && !matches!(instruction.mnemonic(), Mnemonic::Jmp | Mnemonic::Call)
}

fn changes_counter(mnemonic: Mnemonic) -> bool {
    matches!(mnemonic, Mnemonic::Loop | Mnemonic::Loope | Mnemonic::Loopne | Mnemonic::Xbegin)
}
