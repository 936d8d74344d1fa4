use std::collections::HashMap;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use bee_elf::{
    REGISTER_R10, REGISTER_R11, REGISTER_R12, REGISTER_R13, REGISTER_R14, REGISTER_R15, REGISTER_R8, REGISTER_R9,
    REGISTER_RAX, REGISTER_RBP, REGISTER_RBX, REGISTER_RCX, REGISTER_RDI, REGISTER_RDX, REGISTER_RSI, REGISTER_RSP,
};
use libc::user_regs_struct;

use super::observed::{Frame, Observed};
use super::report::{Count, Report};
use super::shadow_stack::{Instruction, ShadowStack};
use super::traced::{Stop, Traced};
use crate::kernel::record::{read_from, Snapshot, OUTCOME_COMPLETE, RED_ZONE_BYTES};

const SYS_RT_SIGRETURN: u64 = libc::SYS_rt_sigreturn as u64;
const LONGEST_INSTRUCTION_BYTES: usize = 15;

/// From where on a program runs by steps. There is no caller at either of the two.
pub enum Start {
    Loader,
    Program,
}

/// Runs the program to its end and unwinds before each instruction.
pub fn step_through(program: &Path, start: Start) -> io::Result<Report> {
    let mut run = Run::start(program, start)?;
    while run.step()?.is_continue() {
        run.check();
    }
    Ok(Report::by_function(&run.observed, &run.counts))
}

struct Run {
    traced: Traced,
    observed: Observed,
    shadow: ShadowStack,
    registers: user_regs_struct,
    snapshot: Box<Snapshot>,
    instructions: HashMap<u64, Instruction>,
    counts: HashMap<Frame, Count>,
}

impl Run {
    fn start(program: &Path, start: Start) -> io::Result<Run> {
        let mut traced = Traced::start(program)?;
        if let Start::Program = start {
            traced.run_to_entry()?;
        }
        let mut observed = Observed::new()?;
        observed.follow(traced.pid())?;
        let registers = traced.registers()?;
        let snapshot = read_from(&vec![0; size_of::<Snapshot>()]).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Run {
            traced,
            observed,
            shadow: ShadowStack::default(),
            registers,
            snapshot: Box::new(snapshot),
            instructions: HashMap::new(),
            counts: HashMap::new(),
        })
    }

    fn step(&mut self) -> io::Result<ControlFlow<()>> {
        let before = self.registers;
        let instruction = self.instruction_at(before.rip);
        let stop = self.traced.step()?;
        if let Stop::Exited(code) = stop {
            assert_eq!(code, 0, "the program's exit code");
            return Ok(ControlFlow::Break(()));
        }
        if let Stop::SignalArrived = stop {
            self.traced.step()?;
        }
        self.registers = self.traced.registers()?;
        match (stop, instruction) {
            (Stop::SignalArrived, _) => self.shadow.signal(before.rip, self.registers.rsp, self.return_address()),
            (_, Instruction::Call) => self.shadow.call(self.registers.rsp, self.return_address()),
            (_, Instruction::SystemCall) if before.rax == SYS_RT_SIGRETURN => self.shadow.signal_returned(),
            (_, Instruction::SystemCall) => self.observed.follow(self.traced.pid())?, // it may have mapped something
            (_, Instruction::Other) => self.shadow.moved_to(self.registers.rsp),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn instruction_at(&mut self, ip: u64) -> Instruction {
        let Run { traced, instructions, .. } = self;
        *instructions.entry(ip).or_insert_with(|| {
            let mut code = [0; LONGEST_INSTRUCTION_BYTES];
            traced.read(ip, &mut code);
            Instruction::decode(&code)
        })
    }

    fn return_address(&self) -> u64 {
        let mut word = [0; 8];
        self.traced.read(self.registers.rsp, &mut word);
        u64::from_le_bytes(word)
    }

    fn check(&mut self) {
        self.take_snapshot();
        let (found, outcome) = self.observed.unwind(&self.snapshot);
        let frames = self.shadow.frames(self.registers.rip);
        let expected: Vec<Frame> = frames.iter().map(|address| self.observed.locate(*address)).collect();
        self.counts.entry(expected[0]).or_default().steps += 1;
        if outcome == OUTCOME_COMPLETE && found == expected {
            return;
        }
        let common = expected.iter().zip(&found).take_while(|(expected, found)| expected == found).count();
        let count = self.counts.entry(expected[common.saturating_sub(1)]).or_default();
        count.failed += 1;
        if count.example.is_empty() {
            count.example = format!("outcome {outcome}: {found:x?}, not {expected:x?}");
        }
    }

    fn take_snapshot(&mut self) {
        let Run { traced, registers, snapshot, .. } = self;
        (snapshot.head.pid, snapshot.ip) = (traced.pid(), registers.rip);
        for (number, value) in by_number(registers) {
            snapshot.registers[usize::from(number)] = value;
        }
        snapshot.stack_bytes = traced.read(registers.rsp - RED_ZONE_BYTES, &mut snapshot.stack) as u32;
    }
}

fn by_number(registers: &user_regs_struct) -> [(u8, u64); 16] {
    [
        (REGISTER_RSP, registers.rsp),
        (REGISTER_RBP, registers.rbp),
        (REGISTER_RBX, registers.rbx),
        (REGISTER_RAX, registers.rax),
        (REGISTER_RCX, registers.rcx),
        (REGISTER_RDX, registers.rdx),
        (REGISTER_RSI, registers.rsi),
        (REGISTER_RDI, registers.rdi),
        (REGISTER_R8, registers.r8),
        (REGISTER_R9, registers.r9),
        (REGISTER_R10, registers.r10),
        (REGISTER_R11, registers.r11),
        (REGISTER_R12, registers.r12),
        (REGISTER_R13, registers.r13),
        (REGISTER_R14, registers.r14),
        (REGISTER_R15, registers.r15),
    ]
}
