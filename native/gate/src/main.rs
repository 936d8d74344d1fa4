//! bee-gate: holds a program before its first instruction until the profiler is ready for it.
//!
//! `bee-gate SOCKET COMMAND [ARGUMENT…]` connects to the unix socket, sends one message, waits for the answer, and
//! becomes the command: same pid, environment, directory, descriptors, signal dispositions and arguments. It has the
//! user's privileges and no others, and it is static, so that an LD_PRELOAD of the target's is not its own.
//!
//! The message: `u32` length in bytes (little-endian), then NUL-terminated strings: "bee-gate/1", pid, working
//! directory, absolute path of the executable, number of libraries, their paths, number of arguments, the arguments.
//! The libraries are what the target's loader answers to `--list` in the target's own environment.
//!
//! The answer begins with one byte. `s` ends with 0 in place of the command (a test harness without a matching test).
//! `g` runs it; there follow, little-endian, `u64` the soft limit of open files to start it with (all ones: as it is;
//! Node raises its own to the hard one, and what it starts inherits that), `u64` the signals to start it with ignored
//! (bit 0 is signal 1; Node stops ignoring what it was started with, as under nohup), and `u32` length in bytes of
//! more arguments for its end, NUL-terminated, and in the same form more variables, NAME=VALUE.
//!
//! `bee-gate --ignore-hangup COMMAND [ARGUMENT…]` asks nobody: it becomes the command with SIGHUP ignored. Under nohup
//! that is how cargo is started, which Node alone would give the default. `bee-gate --witness`: see witness.rs.
//!
//! Without an answer the program runs: when the socket cannot be reached, or closes without a byte, the gate opens. A
//! command that cannot be executed ends with 127 (not found) or 126, as in a shell.

mod answer;
mod command_path;
mod inheritance;
mod libraries;
mod witness;

use std::ffi::{CString, OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use answer::Answer;
use command_path::resolve_command;

const IGNORE_HANGUP: &str = "--ignore-hangup";
const WITNESS: &str = "--witness";

fn main() -> ExitCode {
    let inherited = inheritance::Inheritance::hold();
    let mut arguments = std::env::args_os().skip(1);
    let socket = arguments.next();
    let mut command: Vec<OsString> = arguments.collect();
    if command.is_empty() && socket.as_deref() == Some(OsStr::new(WITNESS)) {
        return witness::serve();
    }
    let (Some(socket), Some(name)) = (socket, command.first().cloned()) else {
        eprintln!(
            "usage: bee-gate SOCKET COMMAND [ARGUMENT...]\nStarted by profile-bee around the program to profile."
        );
        return ExitCode::from(2);
    };
    let executable = match resolve_command(&name) {
        Ok(executable) => executable,
        Err(error) => return cannot_run(&name, &error),
    };
    if socket == IGNORE_HANGUP {
        inheritance::ignore_signals(1 << (libc::SIGHUP - 1));
        inherited.restore();
        return cannot_run(&name, &execute(&executable, &command));
    }
    match ask_profiler(&socket, &executable, &command) {
        Ok(Answer::Run { open_files, ignored_signals, more_arguments, more_variables }) => {
            open_files.into_iter().for_each(inheritance::lower_open_files);
            inheritance::ignore_signals(ignored_signals);
            command.extend(more_arguments);
            more_variables.iter().for_each(|(name, value)| std::env::set_var(name, value));
        }
        Ok(Answer::Skip) => return ExitCode::SUCCESS,
        Err(error) => eprintln!("bee-gate: {}: {error}; running unprofiled", visible(&socket)),
    }
    inherited.restore();
    cannot_run(&name, &execute(&executable, &command))
}

fn cannot_run(name: &OsStr, error: &io::Error) -> ExitCode {
    eprintln!("bee-gate: cannot run {}: {error}", visible(name));
    ExitCode::from(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
}

/// A terminal obeys control characters in a file's name, and bidirectional ones reorder the line that it stands in.
fn visible(text: &OsStr) -> String {
    let is_unseen = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let shown = |c: char| if is_unseen(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.to_string_lossy().chars().map(shown).collect()
}

fn ask_profiler(socket: &OsStr, executable: &Path, command: &[OsString]) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(&message(executable, command)?)?;
    Answer::read(&mut stream)
}

fn message(executable: &Path, command: &[OsString]) -> io::Result<Vec<u8>> {
    let libraries = libraries::of(executable);
    let mut body = Vec::new();
    let mut put = |text: &[u8]| {
        body.extend_from_slice(text);
        body.push(0);
    };
    put(b"bee-gate/1");
    put(std::process::id().to_string().as_bytes());
    let directory = std::env::current_dir().unwrap_or_default();
    put(directory.as_os_str().as_bytes());
    put(directory.join(executable).as_os_str().as_bytes());
    put(libraries.len().to_string().as_bytes());
    libraries.iter().for_each(|library| put(library.as_os_str().as_bytes()));
    put(command.len().to_string().as_bytes());
    command.iter().for_each(|argument| put(argument.as_bytes()));
    let length = u32::try_from(body.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok([length.to_le_bytes().as_slice(), &body].concat())
}

/// Returns only when it fails. Not std's exec: that one changes signal dispositions on its way.
fn execute(executable: &Path, command: &[OsString]) -> io::Error {
    let error = replace_process(executable, command);
    if error.raw_os_error() != Some(libc::ENOEXEC) {
        return error;
    }
    // A script without `#!`: execvp, and so cargo and every shell, gives it to sh.
    let script = [OsString::from("/bin/sh"), executable.as_os_str().to_os_string()];
    replace_process(Path::new("/bin/sh"), &[&script[..], &command[1..]].concat())
}

fn replace_process(executable: &Path, command: &[OsString]) -> io::Error {
    let to_c = |text: &OsStr| CString::new(text.to_os_string().into_vec()).unwrap_or_default();
    let path = to_c(executable.as_os_str());
    let arguments: Vec<CString> = command.iter().map(|argument| to_c(argument)).collect();
    let mut pointers: Vec<*const libc::c_char> = arguments.iter().map(|argument| argument.as_ptr()).collect();
    pointers.push(std::ptr::null());
    // SAFETY: `pointers` is a NULL-terminated array of C strings that live until exec replaces us or fails.
    unsafe { libc::execv(path.as_ptr(), pointers.as_ptr()) };
    io::Error::last_os_error()
}
