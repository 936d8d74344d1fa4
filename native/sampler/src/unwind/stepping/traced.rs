use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use libc::{c_int, user_regs_struct};

/// int3
const BREAKPOINT: u8 = 0xcc;

pub enum Stop {
    Stepped,
    /// It takes effect with the next step, whose end is the handler's first instruction.
    SignalArrived,
    Exited(c_int),
}

/// A program that this thread runs instruction by instruction, from its very first one.
pub struct Traced {
    child: Child,
    memory: File,
    signal: c_int,
}

impl Traced {
    pub fn start(program: &Path) -> io::Result<Traced> {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::null()).env_clear();
        // SAFETY: one system call, allowed between fork and exec.
        unsafe { command.pre_exec(|| request(libc::PTRACE_TRACEME, 0, 0, 0)) };
        let child = command.spawn()?;
        let memory = File::open(format!("/proc/{}/mem", child.id()))?;
        let mut traced = Traced { child, memory, signal: 0 };
        traced.wait()?;
        request(libc::PTRACE_SETOPTIONS, traced.pid(), 0, libc::PTRACE_O_EXITKILL as usize)?;
        Ok(traced)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn step(&mut self) -> io::Result<Stop> {
        let signal = std::mem::take(&mut self.signal);
        request(libc::PTRACE_SINGLESTEP, self.pid(), 0, signal as usize)?;
        self.wait()
    }

    /// Without steps to where the loader hands over to the program.
    pub fn run_to_entry(&mut self) -> io::Result<()> {
        let entry = self.entry()?;
        let mut code = [0; 8];
        self.read(entry, &mut code);
        let original = u64::from_le_bytes(code);
        code[0] = BREAKPOINT;
        request(libc::PTRACE_POKETEXT, self.pid(), entry as usize, usize::from_le_bytes(code))?;
        request(libc::PTRACE_CONT, self.pid(), 0, 0)?;
        self.wait()?;
        request(libc::PTRACE_POKETEXT, self.pid(), entry as usize, original as usize)?;
        let registers = user_regs_struct { rip: entry, ..self.registers()? };
        request(libc::PTRACE_SETREGS, self.pid(), 0, &raw const registers as usize)
    }

    fn entry(&self) -> io::Result<u64> {
        let vector = std::fs::read(format!("/proc/{}/auxv", self.pid()))?;
        let words: Vec<u64> = vector
            .chunks_exact(8)
            .map(|bytes| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)))
            .collect();
        let entry = words.chunks_exact(2).find(|pair| pair[0] == libc::AT_ENTRY);
        entry.map(|pair| pair[1]).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub fn registers(&self) -> io::Result<user_regs_struct> {
        // SAFETY: integers throughout; the kernel fills all of it.
        let mut registers: user_regs_struct = unsafe { std::mem::zeroed() };
        request(libc::PTRACE_GETREGS, self.pid(), 0, &raw mut registers as usize)?;
        Ok(registers)
    }

    /// Returns how many bytes are mapped from `address` on, at most as many as there is room for.
    pub fn read(&self, address: u64, bytes: &mut [u8]) -> usize {
        self.memory.read_at(bytes, address).unwrap_or(0)
    }

    fn wait(&mut self) -> io::Result<Stop> {
        let mut status = 0;
        // SAFETY: `status` is ours.
        if unsafe { libc::waitpid(self.pid() as i32, &mut status, libc::__WALL) } < 0 {
            return Err(io::Error::last_os_error());
        }
        if libc::WIFEXITED(status) {
            return Ok(Stop::Exited(libc::WEXITSTATUS(status)));
        }
        match (libc::WIFSTOPPED(status), libc::WSTOPSIG(status)) {
            (false, _) => Err(io::Error::other(format!("the program ended with wait status {status:#x}"))),
            (true, libc::SIGTRAP) => Ok(Stop::Stepped),
            (true, signal) => {
                self.signal = signal;
                Ok(Stop::SignalArrived)
            }
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn request(kind: libc::c_uint, pid: u32, address: usize, data: usize) -> io::Result<()> {
    // SAFETY: `data` is a number, or for GETREGS and SETREGS the address of a whole user_regs_struct.
    match unsafe { libc::ptrace(kind, pid as libc::pid_t, address, data) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
