//! The walk of bpf/walk.bpf.h over a slice of stack, for samples that came before their mappings or tables, and to check
//! it. Same rules in the same order; a change there belongs here too.

use bee_elf::{
    begins_with_trap, ends_in_call, Rule, BX_SAME, BX_UNKNOWN, CALLER_INTERRUPTED, FP_CFA, FP_RBP, FP_SAME, KNOWN_ROOT,
    REGISTER_RAX, REGISTER_RBP, REGISTER_RBX, REGISTER_RSP, UNWIND_CFA, UNWIND_CLONE, UNWIND_DEREF, UNWIND_END,
    UNWIND_GAP, UNWIND_PLT, UNWIND_SIGNAL, UNWIND_UNSUPPORTED,
};

use crate::kernel::bpf::table_arrays::TableArrays;
use crate::kernel::record::*;
use crate::kernel::settings::Limits;
use crate::spaces::mappings::find_mapping;
use crate::tables::row_format::{find_rule, TableSlot};
use crate::unwind::registers::{Registers, SIGFRAME_REGISTERS};

const MAX_FRAME_POINTER_DISTANCE: u64 = 1 << 20;
const MAX_DESCENTS: u32 = 64;
const SIGFRAME_GREGS: u64 = 40;
const BY_MASK: u8 = 7;

/// Eight bytes of code from an address of the process, where they can be had.
pub type ReadCode<'a> = &'a dyn Fn(u64) -> Option<[u8; 8]>;

/// What a walk needs to know of the process.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Those at the time of the snapshot, sorted by begin.
    pub mappings: &'a [Mapping],
    pub tables: &'a TableArrays,
    pub read_code: ReadCode<'a>,
}

struct Walk<'a> {
    around: Surroundings<'a>,
    limits: Limits,
    stack: &'a [u8],
    stack_begin: u64,
    ip: u64,
    registers: Registers,
    descents: u32,
    is_caller: bool,
    is_doubtful: bool,
    last_rule: u64,
    frames: Vec<u64>,
}

/// Why a walk ended: one of the OUTCOME_ values.
type End = u8;

/// Frame words, leaf first.
#[derive(PartialEq)]
pub struct Walked {
    pub frames: Vec<u64>,
    pub outcome: End,
}

pub fn unwind(snapshot: &Snapshot, around: Surroundings, limits: Limits) -> Walked {
    let bytes = (snapshot.stack_bytes as usize).min(SNAPSHOT_STACK_BYTES);
    let mut walk = Walk {
        around,
        limits,
        stack: &snapshot.stack[..bytes],
        stack_begin: snapshot.registers[usize::from(REGISTER_RSP)].wrapping_sub(RED_ZONE_BYTES),
        ip: snapshot.ip,
        registers: Registers::interrupted(snapshot.registers),
        descents: 0,
        is_caller: false,
        is_doubtful: true, // CFI does not know what assembly inside of an interrupted function has pushed
        last_rule: RULE_CFI,
        frames: Vec::new(),
    };
    let outcome = walk.run();
    Walked { frames: walk.frames, outcome }
}

/// Of an address of the process that the mapping holds, which has a table.
pub fn rule_at(tables: &TableArrays, mapping: &Mapping, address: u64) -> Option<Rule> {
    let slot = TableSlot { first_page: mapping.first_page, dir_first: mapping.dir_first, pages: mapping.pages };
    find_rule(tables, slot, address.wrapping_sub(mapping.bias))
}

/// The frame as one that was found in a snapshot, by whatever rule; a guess stays one.
pub fn as_snapshot_frame(frame: u64) -> u64 {
    match (frame & FRAME_RULE_MASK) >> FRAME_RULE_SHIFT {
        RULE_GUESSED => frame,
        _ => frame & !FRAME_RULE_MASK | RULE_SNAPSHOT << FRAME_RULE_SHIFT,
    }
}

impl Walk<'_> {
    fn run(&mut self) -> End {
        loop {
            if self.frames.len() >= self.limits.max_depth.min(MAX_USER_FRAMES) {
                return OUTCOME_DEPTH;
            }
            if let Err(end) = self.step() {
                return end;
            }
        }
    }

    fn step(&mut self) -> Result<(), End> {
        let address = self.lookup_address();
        let Some(mapping) = find_mapping(self.around.mappings, address) else {
            return Err(self.stop_unmapped(address));
        };
        if !self.has_table(mapping) {
            return self.step_without_table(mapping, address);
        }
        let rule = self.rule(mapping, address);
        if self.limits.frame_pointers_only && rule.is_none_or(|rule| rule.kind != UNWIND_END) {
            return self.step_by_frame_pointer_alone(mapping, address, rule);
        }
        let rule = rule.unwrap_or(Rule::of_kind(UNWIND_GAP));
        if !self.is_plausible(&rule) {
            return Err(OUTCOME_NO_CFI);
        }
        // A signal trampoline is not called: the return address is its first instruction.
        let shown = if rule.kind == UNWIND_SIGNAL { self.ip } else { address };
        self.push(shown.wrapping_sub(mapping.bias), mapping.object, (rule.by & BY_MASK).into());
        match rule.kind {
            UNWIND_END => Err(OUTCOME_COMPLETE),
            UNWIND_CLONE if self.is_new_thread() => Err(OUTCOME_COMPLETE),
            UNWIND_GAP | UNWIND_UNSUPPORTED => Err(OUTCOME_NO_CFI), // rbp may be anybody's
            UNWIND_SIGNAL => self.step_signal(),
            _ => self.step_cfa(&rule),
        }
    }

    /// The directory may have become another file's: see owns_table in bpf/tables.bpf.h.
    fn has_table(&self, mapping: &Mapping) -> bool {
        let owner = self.around.tables.directory.get(mapping.dir_first as usize);
        mapping.flags & MAPPING_TABLE != 0 && owner == Some(mapping.object.into())
    }

    fn rule(&self, mapping: &Mapping, address: u64) -> Option<Rule> {
        rule_at(self.around.tables, mapping, address)
    }

    fn step_without_table(&mut self, mapping: &Mapping, address: u64) -> Result<(), End> {
        if mapping.flags & MAPPING_JIT != 0 {
            self.push(address, mapping.object, RULE_JIT);
            return self.step_generated_code();
        }
        self.push(address.wrapping_sub(mapping.bias), mapping.object, RULE_GUESSED);
        self.step_frame_pointer(OUTCOME_NO_TABLE)
    }

    fn step_by_frame_pointer_alone(&mut self, mapping: &Mapping, address: u64, rule: Option<Rule>) -> Result<(), End> {
        let has_frame_pointer =
            |rule: Rule| rule.kind == UNWIND_CFA && rule.cfa_register == REGISTER_RBP && rule.cfa_offset == 16;
        let by = if rule.is_some_and(has_frame_pointer) { RULE_FRAME_POINTER } else { RULE_GUESSED };
        self.push(address.wrapping_sub(mapping.bias), mapping.object, by);
        self.step_frame_pointer(OUTCOME_NO_CFI)
    }

    /// The child of clone: its system call has returned 0.
    fn is_new_thread(&self) -> bool {
        self.registers.are_all_known() && self.registers.get(REGISTER_RAX) == 0
    }

    fn lookup_address(&self) -> u64 {
        self.ip.wrapping_sub(u64::from(self.is_caller))
    }

    fn push(&mut self, address: u64, object: u32, rule: u64) {
        let object = u64::from(object) << FRAME_OBJECT_SHIFT;
        self.frames.push(address & FRAME_ADDRESS_MASK | rule << FRAME_RULE_SHIFT | object);
        self.last_rule = rule;
    }

    fn read(&self, address: u64) -> Result<u64, End> {
        let offset = address.wrapping_sub(self.stack_begin) as usize;
        let bytes = self.stack.get(offset..offset.saturating_add(8)).ok_or(OUTCOME_READ_FAULT)?;
        bytes.try_into().map(u64::from_le_bytes).map_err(|_| OUTCOME_READ_FAULT)
    }

    /// Where a guess has led is no frame, nor what is no code at all.
    fn stop_unmapped(&mut self, address: u64) -> End {
        let is_trusted = !matches!(self.last_rule, RULE_GUESSED | RULE_JIT);
        if !is_trusted || self.is_caller && !self.follows_call(self.ip, false) {
            return OUTCOME_NO_CFI;
        }
        self.push(address, 0, RULE_CFI);
        OUTCOME_NO_TABLE
    }

    /// See bpf/walk.bpf.h.
    fn is_plausible(&mut self, rule: &Rule) -> bool {
        if !self.is_caller || !(self.is_doubtful || rule.kind == UNWIND_END) {
            return true;
        }
        self.is_doubtful = false;
        rule.kind == UNWIND_SIGNAL || rule.by & KNOWN_ROOT != 0 || self.follows_call(self.ip, true)
    }

    /// `if_unread` where the code cannot be had.
    fn follows_call(&self, return_address: u64, if_unread: bool) -> bool {
        let before = (self.around.read_code)(return_address.wrapping_sub(8));
        before.map_or(if_unread, |code| ends_in_call(code) || self.traps(return_address))
    }

    fn traps(&self, address: u64) -> bool {
        (self.around.read_code)(address).is_some_and(|code| begins_with_trap(&code))
    }

    fn step_frame_pointer(&mut self, failure: End) -> Result<(), End> {
        let fp = self.registers.get(REGISTER_RBP);
        let distance = fp.wrapping_sub(self.registers.get(REGISTER_RSP));
        if !self.registers.is_known(REGISTER_RBP) || distance >= MAX_FRAME_POINTER_DISTANCE || fp & 7 != 0 {
            return Err(failure);
        }
        let (saved, return_address) = (self.read(fp)?, self.read(fp.wrapping_add(8))?);
        self.registers.set(REGISTER_RBP, saved);
        self.enter_doubtful_caller(return_address, fp.wrapping_add(16), failure)
    }

    fn step_generated_code(&mut self) -> Result<(), End> {
        let is_interrupted = self.registers.are_all_known();
        let code = if is_interrupted { (self.around.read_code)(self.ip) } else { None };
        let sp = self.registers.get(REGISTER_RSP);
        match code {
            // push %rbp, ret, endbr64
            Some([0x55 | 0xc2 | 0xc3, ..] | [0xf3, 0x0f, 0x1e, 0xfa, ..]) => {
                let return_address = self.read(sp)?;
                return self.enter_doubtful_caller(return_address, sp.wrapping_add(8), OUTCOME_NO_TABLE);
            }
            // mov %rsp, %rbp
            Some([0x48, 0x89, 0xe5, ..] | [0x48, 0x8b, 0xec, ..]) => self.registers.set(REGISTER_RBP, sp),
            _ => {}
        }
        self.step_frame_pointer(OUTCOME_NO_TABLE)
    }

    fn step_signal(&mut self) -> Result<(), End> {
        let gregs = self.registers.get(REGISTER_RSP).wrapping_add(SIGFRAME_GREGS);
        let mut values = [0; SIGFRAME_REGISTERS.len() + 1];
        for (index, value) in values.iter_mut().enumerate() {
            *value = self.read(gregs.wrapping_add(8 * index as u64))?;
        }
        self.registers.restore_interrupted(&values);
        self.ip = values[SIGFRAME_REGISTERS.len()];
        self.is_caller = false;
        self.is_doubtful = true;
        Ok(())
    }

    fn step_cfa(&mut self, rule: &Rule) -> Result<(), End> {
        let cfa = self.cfa(rule)?;
        let is_synthesized = u64::from(rule.by & BY_MASK) == RULE_SYNTHESIZED;
        self.is_doubtful |= is_synthesized;
        if cfa <= self.registers.get(REGISTER_RSP) && !self.may_descend(rule) {
            return Err(OUTCOME_NO_CFI);
        }
        self.restore_frame_pointer(rule, cfa)?;
        self.restore_bx(rule, cfa)?;
        let return_address = self.read(cfa.wrapping_sub(8 * u64::from(rule.ra_words)))?;
        if return_address == 0 {
            return Err(self.end_at_zero());
        }
        self.enter_caller(return_address, cfa);
        self.is_caller = rule.by & CALLER_INTERRUPTED == 0;
        Ok(())
    }

    /// See stop_at_zero in bpf/steps.bpf.h.
    fn end_at_zero(&self) -> End {
        match self.is_caller && self.traps(self.ip) {
            true => OUTCOME_COMPLETE,
            false => OUTCOME_NO_CFI,
        }
    }

    /// See may_descend in bpf/steps.bpf.h.
    fn may_descend(&mut self, rule: &Rule) -> bool {
        let is_switch = rule.cfa_register != REGISTER_RSP || rule.kind == UNWIND_DEREF;
        self.descents += u32::from(is_switch);
        is_switch && self.descents <= MAX_DESCENTS
    }

    fn restore_frame_pointer(&mut self, rule: &Rule, cfa: u64) -> Result<(), End> {
        let base = match rule.fp_kind {
            FP_SAME => return Ok(()),
            FP_CFA => Some(cfa),
            FP_RBP if self.registers.is_known(REGISTER_RBP) => Some(self.registers.get(REGISTER_RBP)),
            _ => None,
        };
        self.registers.set_known(REGISTER_RBP, base.is_some());
        if let Some(base) = base {
            let saved = self.read(base.wrapping_add_signed(rule.fp_offset.into()))?;
            self.registers.set(REGISTER_RBP, saved);
        }
        Ok(())
    }

    fn restore_bx(&mut self, rule: &Rule, cfa: u64) -> Result<(), End> {
        self.registers.keep_for_caller(rule.bx == BX_SAME);
        if !matches!(rule.bx, BX_UNKNOWN | BX_SAME) {
            self.registers.set_known(REGISTER_RBX, true);
            let saved = self.read(cfa.wrapping_sub(8 * u64::from(rule.bx)))?;
            self.registers.set(REGISTER_RBX, saved);
        }
        Ok(())
    }

    fn cfa(&self, rule: &Rule) -> Result<u64, End> {
        if !self.registers.is_known(rule.cfa_register) {
            return Err(OUTCOME_NO_CFI);
        }
        if rule.kind == UNWIND_PLT {
            let pushed = self.ip & 15 >= rule.cfa_offset as u64;
            return Ok(self.registers.get(REGISTER_RSP).wrapping_add(8 + 8 * u64::from(pushed)));
        }
        let address = self.registers.get(rule.cfa_register).wrapping_add_signed(rule.cfa_offset.into());
        if rule.kind == UNWIND_CFA || rule.kind == UNWIND_CLONE {
            return Ok(address);
        }
        Ok(self.read(address)?.wrapping_add_signed(rule.cfa_add.into()))
    }

    fn enter_doubtful_caller(&mut self, return_address: u64, sp: u64, failure: End) -> Result<(), End> {
        if return_address == 0 || !self.follows_call(return_address, true) {
            return Err(failure);
        }
        self.registers.keep_followed();
        self.enter_caller(return_address, sp);
        Ok(())
    }

    fn enter_caller(&mut self, return_address: u64, sp: u64) {
        self.ip = return_address;
        self.registers.set(REGISTER_RSP, sp);
        self.is_caller = true;
    }
}
