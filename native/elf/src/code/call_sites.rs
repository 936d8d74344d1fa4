//! What the bytes of code say about calls, without CFI.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

const EXIT: u64 = 60;
const EXIT_GROUP: u64 = 231;

/// Whether eight bytes end in a call: E8, or FF /2 with each form of operand. A return address that does not stand behind
/// one is none. bpf/walk.bpf.h asks the same way.
pub fn ends_in_call(code: [u8; 8]) -> bool {
    let [_, b1, b2, b3, b4, b5, b6, b7] = code;
    b3 == 0xe8
        || b6 == 0xff && (b7 & 0xf8 == 0xd0 || b7 & 0xf8 == 0x10 && b7 & 6 != 4)
        || b5 == 0xff && (b6 & 0xf8 == 0x50 && b6 != 0x54 || b6 == 0x14 && b7 & 7 != 5)
        || (b4, b5) == (0xff, 0x54)
        || b2 == 0xff && (b3 == 0x15 || b3 & 0xf8 == 0x90 && b3 != 0x94)
        || b1 == 0xff && (b2 == 0x94 || b2 == 0x14 && b3 & 7 == 5)
}

/// Whether the first instruction is ud2, int3 or hlt: who is called from before it never comes back. bpf/walk.bpf.h asks
/// the same way.
pub fn begins_with_trap(code: &[u8]) -> bool {
    matches!(code, [0x0f, 0x0b, ..] | [0xcc | 0xf4, ..])
}

/// Whether code that runs on from here reaches a return, as far as it is given and leads straight on: no to a jump, to an
/// instruction that traps, and to the system calls that end a thread or a process.
pub fn can_return(code: &[u8]) -> bool {
    let mut system_call = None;
    for instruction in Decoder::new(64, code, DecoderOptions::NONE) {
        match instruction.mnemonic() {
            Mnemonic::Ret | Mnemonic::Retf => return true,
            Mnemonic::INVALID | Mnemonic::Jmp | Mnemonic::Hlt | Mnemonic::Ud2 | Mnemonic::Int3 => return false,
            Mnemonic::Syscall if matches!(system_call, Some(EXIT | EXIT_GROUP)) => return false,
            _ => system_call = constant_of_rax(&instruction).or(system_call),
        }
    }
    false
}

/// `mov $n, %eax`, `mov $n, %al`.
fn constant_of_rax(instruction: &Instruction) -> Option<u64> {
    let is_rax = matches!(instruction.op0_register(), Register::RAX | Register::EAX | Register::AL);
    let is_constant = instruction.mnemonic() == Mnemonic::Mov && instruction.op_count() == 2;
    let has_constant = is_constant && !matches!(instruction.op1_kind(), OpKind::Register | OpKind::Memory);
    (is_rax && has_constant).then(|| instruction.immediate(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_call(instruction: &[u8]) -> bool {
        let mut code = [0x90; 8];
        code[8 - instruction.len()..].copy_from_slice(instruction);
        ends_in_call(code)
    }

    #[test]
    fn every_form_of_call() {
        let forms: [&[u8]; 14] = [
            &[0xe8, 1, 2, 3, 4],
            &[0xff, 0xd0],                   // *%rax
            &[0x41, 0xff, 0xd4],             // *%r12
            &[0xff, 0x10],                   // *(%rax)
            &[0xff, 0x14, 0x24],             // *(%rsp)
            &[0xff, 0x14, 0xc8],             // *(%rax,%rcx,8)
            &[0xff, 0x50, 0x18],             // *24(%rax)
            &[0xff, 0x54, 0x24, 8],          // *8(%rsp)
            &[0xff, 0x15, 1, 2, 3, 4],       // *GOT(%rip)
            &[0xff, 0x93, 1, 2, 3, 4],       // *disp(%rbx)
            &[0xff, 0x94, 0x24, 1, 2, 3, 4], // *disp(%rsp)
            &[0xff, 0x14, 0xc5, 1, 2, 3, 4], // *disp(,%rax,8)
            &[0x67, 0xe8, 1, 2, 3, 4],       // addr32 call
            &[0x3e, 0xff, 0xd0],             // notrack
        ];
        for form in forms {
            assert!(is_call(form), "{form:x?}");
        }
    }

    #[test]
    fn the_first_functions_of_threads_do_not_return() {
        let musl_clone = [0x41, 0xff, 0xd1, 0x89, 0xc7, 0x31, 0xc0, 0xb0, 0x3c, 0x0f, 0x05, 0xf4, 0xc3];
        let glibc_clone = [0x89, 0xc7, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05, 0xc3];
        let start = [0xff, 0x15, 1, 2, 3, 4, 0xf4, 0xc3];
        let fiber = [0xff, 0xd0, 0x0f, 0x0b, 0xc3];
        for code in [&musl_clone[..], &glibc_clone, &start, &fiber] {
            assert!(!can_return(code), "{code:x?}");
        }
        let writes = [0xb8, 1, 0, 0, 0, 0x0f, 0x05, 0xc3];
        for code in [&[0x90, 0xc3][..], &[0x5b, 0x5d, 0xc3], &writes] {
            assert!(can_return(code), "{code:x?}");
        }
    }

    #[test]
    fn what_is_no_call() {
        let others: [&[u8]; 6] =
            [&[0xe9, 1, 2, 3, 4], &[0xff, 0xe0], &[0xff, 0x25, 1, 2, 3, 4], &[0xc3], &[0xff, 0x20], &[0xff, 0x70, 8]];
        for other in others {
            assert!(!is_call(other), "{other:x?}");
        }
    }
}
