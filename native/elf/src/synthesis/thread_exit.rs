use iced_x86::{Decoder, DecoderOptions, Mnemonic};

use super::machine::effect::apply;
use super::machine::state::{State, RAX};
use super::machine::value::Value;

const EXIT: u32 = 60;
/// From the call of a thread's function to its exit; musl has seven.
const MAX_INSTRUCTIONS: usize = 16;

/// The length of code that runs straight on to the system call that ends a thread, as a new thread's first frame does.
pub(crate) fn length_to_thread_exit(code: &[u8]) -> Option<usize> {
    let mut state = State::UNKNOWN;
    for instruction in Decoder::new(64, code, DecoderOptions::NONE).into_iter().take(MAX_INSTRUCTIONS) {
        match instruction.mnemonic() {
            Mnemonic::Syscall if state.register(RAX) == Value::Number(EXIT) => {
                return Some(instruction.next_ip() as usize);
            }
            Mnemonic::Call => state.after_call(),
            Mnemonic::Ret | Mnemonic::Jmp | Mnemonic::INVALID => return None,
            _ => apply(&mut state, &instruction, 0),
        }
    }
    None
}
