//! bee-sampler: the only privileged code. It loads the kernel programs, keeps their tables in step with what the
//! observed processes map, and hands stacks to its client over a unix socket (protocol.rs).
//!
//! `bee-sampler SOCKET` connects to the socket, serves one session and exits. Single-threaded: kernel news, records
//! and requests are handled one after the other, so that a record is always read against the mappings it was made
//! with. Errors before the session go to stderr with exit code 1; those of the session go to the client as FAILED.

mod array_memory;
mod checkpoint;
mod clock;
mod engine;
mod failure;
mod file_memory;
mod interrupts;
mod kernel_symbols;
mod objects;
mod perf_events;
mod processes;
mod protocol;
mod record;
mod requests;
mod running_times;
mod session;
mod side_band;
mod sockets_left;
mod space_ranges;
mod tables;
mod walk;
mod wire;

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use failure::{Failure, Outcome};
use protocol::{MESSAGE_FAILED, MESSAGE_HELLO, MESSAGE_START, PROTOCOL_VERSION};
use requests::parse_start;
use session::Session;
use wire::Wire;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [socket] = arguments.as_slice() else {
        eprintln!("usage: bee-sampler SOCKET\nStarted by profile-bee; it serves one session on that socket.");
        return ExitCode::from(2);
    };
    interrupts::count_interrupts();
    clock::run_promptly();
    libbpf_rs::set_print(None);
    match UnixStream::connect(socket) {
        Ok(stream) => serve(stream, Path::new(socket)),
        Err(error) => {
            eprintln!("bee-sampler: cannot connect to {}: {error}", socket.to_string_lossy());
            ExitCode::FAILURE
        }
    }
}

fn serve(stream: UnixStream, socket: &Path) -> ExitCode {
    let Ok(report) = stream.try_clone() else { return ExitCode::FAILURE };
    match serve_session(Wire::new(stream)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if Wire::new(report).send(MESSAGE_FAILED, failure.to_json().as_bytes()).is_err() {
                sockets_left::remove(socket); // the client was killed, nobody else will
            }
            ExitCode::FAILURE
        }
    }
}

fn serve_session(mut wire: Wire) -> Outcome<()> {
    let mut hello = PROTOCOL_VERSION.to_le_bytes().to_vec();
    hello.extend_from_slice(&std::process::id().to_le_bytes());
    hello.extend_from_slice(env!("CARGO_PKG_VERSION").as_bytes());
    let io = |error| Failure::from_io("client", "greet the client", &error);
    wire.send(MESSAGE_HELLO, &hello).map_err(io)?;
    match wire.receive().map_err(io)? {
        None => Err(Failure::new("client", "the client went away")),
        Some((MESSAGE_START, payload)) => Session::start(wire, &parse_start(&payload)?)?.run(),
        Some((other, _)) => Err(Failure::new("protocol", format!("expected START, got request {other}"))),
    }
}
