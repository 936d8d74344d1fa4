//! The walk of bpf/walk.bpf.h over a slice of stack, for samples that came before their mappings or tables, and to check
//! it. Same rules in the same order; a change there belongs here too.

use bee_elf::{
    Rule, BX_SAME, BX_UNKNOWN, FP_CFA, FP_SAME, REGISTER_R10, REGISTER_R11, REGISTER_RBP, REGISTER_RBX, UNWIND_CFA,
    UNWIND_CLONE, UNWIND_END, UNWIND_GAP, UNWIND_PLT, UNWIND_SIGNAL, UNWIND_UNSUPPORTED,
};

use crate::processes::find_mapping;
use crate::record::*;
use crate::tables::{find_rule, TableSlot, TableView};

const MAX_FRAME_POINTER_DISTANCE: u64 = 1 << 20;
const SIGFRAME_R10: u64 = 56;
const SIGFRAME_R11: u64 = 64;
const SIGFRAME_RBP: u64 = 120;
const SIGFRAME_RBX: u64 = 128;
const SIGFRAME_RAX: u64 = 144;
const SIGFRAME_RSP: u64 = 160;
const SIGFRAME_RIP: u64 = 168;

struct Walk<'a> {
    mappings: &'a [Mapping],
    tables: TableView<'a>,
    limits: Limits,
    stack: &'a [u8],
    stack_begin: u64,
    ip: u64,
    sp: u64,
    bp: u64,
    ax: u64,
    r10: u64,
    r11: u64,
    /// 0: not known.
    bx: u64,
    is_caller: bool,
    last_rule: u64,
    frames: Vec<u64>,
}

/// Why a walk ended: one of the OUTCOME_ values.
type End = u8;

/// What the kernel program is told of a walk by its configuration.
#[derive(Clone, Copy)]
pub struct Limits {
    pub max_depth: usize,
    pub frame_pointers_only: bool,
}

/// Frame words, leaf first.
#[derive(PartialEq)]
pub struct Walked {
    pub frames: Vec<u64>,
    pub outcome: End,
}

/// `mappings`: those of the process at the time of the snapshot, sorted by begin.
pub fn unwind(snapshot: &Snapshot, mappings: &[Mapping], tables: TableView, limits: Limits) -> Walked {
    let bytes = (snapshot.stack_bytes as usize).min(SNAPSHOT_STACK_BYTES);
    let mut walk = Walk {
        mappings,
        tables,
        limits,
        stack: &snapshot.stack[..bytes],
        stack_begin: snapshot.sp.wrapping_sub(RED_ZONE_BYTES),
        ip: snapshot.ip,
        sp: snapshot.sp,
        bp: snapshot.bp,
        ax: snapshot.ax,
        r10: snapshot.r10,
        r11: snapshot.r11,
        bx: snapshot.bx,
        is_caller: false,
        last_rule: RULE_CFI,
        frames: Vec::new(),
    };
    let outcome = walk.run();
    Walked { frames: walk.frames, outcome }
}

/// The frame as one that was found in a snapshot, by whatever rule.
pub fn as_snapshot_frame(frame: u64) -> u64 {
    frame & !FRAME_RULE_MASK | RULE_SNAPSHOT << FRAME_RULE_SHIFT
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
        let Some(mapping) = find_mapping(self.mappings, address) else { return Err(self.stop_unmapped(address)) };
        let has_table = self.has_table(mapping);
        let rule = if has_table { self.rule(mapping, address) } else { None };
        let Some(rule) = rule else { return self.step_without_cfi(mapping, address, has_table) };
        let (by, shown) = match rule.kind {
            UNWIND_PLT => (RULE_PLT, address),
            // A signal trampoline is not called: the return address is its first instruction.
            UNWIND_SIGNAL => (RULE_SIGNAL, self.ip),
            _ => (RULE_CFI, address),
        };
        self.push(shown.wrapping_sub(mapping.bias), mapping.object, by);
        match rule.kind {
            UNWIND_END => Err(OUTCOME_COMPLETE),
            UNWIND_CLONE if self.is_new_thread() => Err(OUTCOME_COMPLETE),
            UNWIND_SIGNAL => self.step_signal(),
            UNWIND_UNSUPPORTED => Err(OUTCOME_NO_CFI), // rbp is the caller's
            _ => self.step_cfa(&rule),
        }
    }

    /// The directory may have become another file's: see owns_table in bpf/tables.bpf.h.
    fn has_table(&self, mapping: &Mapping) -> bool {
        let owner = self.tables.directory.get(mapping.dir_first as usize);
        mapping.flags & MAPPING_TABLE != 0 && owner == Some(mapping.object.into())
    }

    /// One that is to be followed.
    fn rule(&self, mapping: &Mapping, address: u64) -> Option<Rule> {
        let slot = TableSlot { first_page: mapping.first_page, dir_first: mapping.dir_first, pages: mapping.pages };
        let rule = find_rule(self.tables, slot, address.wrapping_sub(mapping.bias))?;
        let is_followed = rule.kind == UNWIND_END || rule.kind != UNWIND_GAP && !self.limits.frame_pointers_only;
        is_followed.then_some(rule)
    }

    fn step_without_cfi(&mut self, mapping: &Mapping, address: u64, has_table: bool) -> Result<(), End> {
        match mapping.flags & MAPPING_JIT {
            0 => self.push(address.wrapping_sub(mapping.bias), mapping.object, RULE_FRAME_POINTER),
            _ => self.push(address, mapping.object, RULE_JIT),
        }
        self.step_frame_pointer(if has_table { OUTCOME_NO_CFI } else { OUTCOME_NO_TABLE })
    }

    /// The child of clone: its system call has returned 0.
    fn is_new_thread(&self) -> bool {
        !self.is_caller && self.ax == 0
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

    /// What a frame-pointer step has invented is no frame.
    fn stop_unmapped(&mut self, address: u64) -> End {
        if matches!(self.last_rule, RULE_FRAME_POINTER | RULE_JIT) {
            return OUTCOME_NO_CFI;
        }
        self.push(address, 0, RULE_CFI);
        OUTCOME_NO_TABLE
    }

    fn step_frame_pointer(&mut self, failure: End) -> Result<(), End> {
        let fp = self.bp;
        if fp.wrapping_sub(self.sp) >= MAX_FRAME_POINTER_DISTANCE || fp & 7 != 0 {
            return Err(failure);
        }
        let (saved, return_address) = (self.read(fp)?, self.read(fp + 8)?);
        if return_address == 0 {
            return Err(failure);
        }
        self.enter_caller(return_address, fp + 16);
        self.bp = saved;
        self.bx = 0;
        Ok(())
    }

    fn step_signal(&mut self) -> Result<(), End> {
        let sp = self.sp;
        let (ip, bp) = (self.read(sp.wrapping_add(SIGFRAME_RIP))?, self.read(sp.wrapping_add(SIGFRAME_RBP))?);
        self.ax = self.read(sp.wrapping_add(SIGFRAME_RAX))?;
        self.r10 = self.read(sp.wrapping_add(SIGFRAME_R10))?;
        self.r11 = self.read(sp.wrapping_add(SIGFRAME_R11))?;
        self.bx = self.read(sp.wrapping_add(SIGFRAME_RBX))?;
        self.sp = self.read(sp.wrapping_add(SIGFRAME_RSP))?;
        self.bp = bp;
        self.ip = ip;
        self.is_caller = false;
        Ok(())
    }

    fn step_cfa(&mut self, rule: &Rule) -> Result<(), End> {
        let cfa = self.cfa(rule)?;
        if cfa <= self.sp {
            return Err(OUTCOME_NO_CFI);
        }
        if rule.fp_kind != FP_SAME {
            let base = if rule.fp_kind == FP_CFA { cfa } else { self.bp };
            self.bp = self.read(base.wrapping_add_signed(rule.fp_offset.into()))?;
        }
        self.bx = match rule.bx {
            BX_UNKNOWN => 0,
            BX_SAME => self.bx,
            words => self.read(cfa.wrapping_sub(8 * u64::from(words)))?,
        };
        match self.read(cfa.wrapping_sub(8))? {
            0 => Err(OUTCOME_COMPLETE),
            return_address => {
                self.enter_caller(return_address, cfa);
                Ok(())
            }
        }
    }

    fn cfa(&self, rule: &Rule) -> Result<u64, End> {
        if rule.kind == UNWIND_PLT {
            let pushed = self.ip & 15 >= rule.cfa_offset as u64;
            return Ok(self.sp.wrapping_add(8 + 8 * u64::from(pushed)));
        }
        let base = match rule.cfa_register {
            REGISTER_RBP => self.bp,
            REGISTER_R10 | REGISTER_R11 if self.is_caller => 0, // lies below sp, which ends the walk
            REGISTER_R10 => self.r10,
            REGISTER_R11 => self.r11,
            REGISTER_RBX => self.bx,
            _ => self.sp,
        };
        let address = base.wrapping_add_signed(rule.cfa_offset.into());
        if rule.kind == UNWIND_CFA || rule.kind == UNWIND_CLONE {
            return Ok(address);
        }
        Ok(self.read(address)?.wrapping_add_signed(rule.cfa_add.into()))
    }

    fn enter_caller(&mut self, return_address: u64, sp: u64) {
        self.ip = return_address;
        self.sp = sp;
        self.is_caller = true;
    }
}
