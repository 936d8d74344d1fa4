//! bee-sampler: the only privileged code. It loads the kernel programs, keeps their tables in step with what the
//! observed processes map, and hands stacks to its client over a unix socket (protocol.rs).
//!
//! `bee-sampler SOCKET` connects to the socket, becomes who listens there (caller.rs, privileges.rs), serves one session
//! and exits; `bee-sampler --by-sudo SOCKET` does so apart from sudo, which ends. `bee-sampler --check` exits with 0 when it
//! could sample, and 77 when it lacks the rights; `--check HZ TABLE_MIB RING_BYTES` also when the bounds do not allow that
//! (bounds.rs), and says on stdout what FAILED would say. `--bounds` prints those of the installed copy. `--install` and
//! `--uninstall` are what `setup` starts as root (installation.rs).
//!
//! Single-threaded: kernel news, records and requests are handled one after the other, so that a record is always read
//! against the mappings it was made with. Errors before the session go to stderr with exit code 1; those of the session go to the client as FAILED.

mod failure;
mod kernel;
mod problems;
mod rights;
mod serve;
mod spaces;
mod tables;
mod unwind;

use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use failure::{Failure, Outcome};
use kernel::clock;
use kernel::run_time_statistics::RunTimeStatistics;
use rights::access::{self, can_sample_alone, Access};
use rights::bounds::Need;
use rights::caller::{connect_to_caller, SudoCaller};
use rights::capabilities::{inherited, Capabilities, NEEDED};
use rights::install_place::Done;
use rights::installation::{self, Plan};
use rights::policy::Policy;
use rights::privileges;
use serve::capture::Session;
use serve::protocol::{MESSAGE_FAILED, MESSAGE_HELLO, MESSAGE_START, PROTOCOL_VERSION};
use serve::requests::parse_start;
use serve::wire::Wire;
use serve::{signals, sockets_left};

const EXIT_USAGE: u8 = 2;
const EXIT_NOT_PERMITTED: u8 = 77;
/// Of `--install` and `--uninstall`: sudo says 1 when it is sudo that refuses.
const EXIT_OBSTACLE: u8 = 125;

fn main() -> ExitCode {
    let sudo = SudoCaller::of_environment();
    forget_environment();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [option] if option == "--check" => check_rights(),
        [option, sizes @ ..] if option == "--check" => match parse_need(sizes) {
            Some(need) => check_bounds(need),
            None => explain_usage(),
        },
        [option] if option == "--bounds" => show_bounds(),
        [option] if option == "--uninstall" => as_root(installation::uninstall),
        [option, plan @ ..] if option == "--install" => match Plan::parse(plan) {
            Some(plan) => as_root(|| installation::install(&plan)),
            None => explain_usage(),
        },
        [option, socket] if option == "--by-sudo" => run(Path::new(socket), sudo, Starter::Sudo),
        [socket] if !socket.as_encoded_bytes().starts_with(b"-") => run(Path::new(socket), sudo, Starter::Client),
        _ => explain_usage(),
    }
}

fn explain_usage() -> ExitCode {
    eprintln!("usage: bee-sampler SOCKET\nStarted by profile-bee; it serves one session on that socket.");
    ExitCode::from(EXIT_USAGE)
}

/// File capabilities do not help here: only root can change what root owns.
fn as_root(action: impl FnOnce() -> Done) -> ExitCode {
    match action() {
        Ok(()) => ExitCode::SUCCESS,
        Err(obstacle) => {
            eprintln!("bee-sampler: {obstacle}");
            ExitCode::from(if obstacle.is_refused { EXIT_NOT_PERMITTED } else { EXIT_OBSTACLE })
        }
    }
}

/// It is the caller's, and libraries read it (libbpf a token's path, for example). What we need is not there.
fn forget_environment() {
    // SAFETY: single-threaded, and nobody holds a pointer into it.
    unsafe { libc::clearenv() };
}

fn check_rights() -> ExitCode {
    match Capabilities::read() {
        Ok(held) if held.permitted & NEEDED == NEEDED => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_NOT_PERMITTED),
    }
}

fn parse_need(sizes: &[OsString]) -> Option<Need> {
    let [frequency_hz, table_mib, ring_bytes] = sizes else { return None };
    let number = |text: &OsString| text.to_str()?.parse::<u32>().ok();
    Some(Need::of(number(frequency_hz)?, u64::from(number(table_mib)?) << 20, number(ring_bytes)?))
}

/// Before anything is built: a session would be refused in the same words.
fn check_bounds(need: Need) -> ExitCode {
    let Some(bounds) = policy_of_start().bounds.filter(|_| !can_sample_alone(inherited())) else {
        return check_rights();
    };
    match bounds.claim(need) {
        Ok(_) => check_rights(),
        Err(failure) => {
            println!("{}", failure.to_json());
            ExitCode::from(EXIT_NOT_PERMITTED)
        }
    }
}

fn show_bounds() -> ExitCode {
    println!("{}", Policy::installed().bounds.unwrap_or_default().to_json());
    ExitCode::SUCCESS
}

#[derive(PartialEq)]
enum Starter {
    Client,
    Sudo,
}

fn run(socket: &Path, sudo: Option<SudoCaller>, starter: Starter) -> ExitCode {
    signals::ignore_all();
    signals::leave_group();
    libbpf_rs::set_print(None);
    match enter_apart(socket, sudo, &starter) {
        Ok(Some(entered)) => serve(entered, socket),
        Ok(None) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bee-sampler: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// None in the process that has nothing more to do.
fn enter_apart(socket: &Path, sudo: Option<SudoCaller>, starter: &Starter) -> Outcome<Option<Entered>> {
    let entered = enter(socket, sudo)?;
    let goes_on = *starter == Starter::Client
        || signals::leave_starter().map_err(|error| Failure::from_io("internal", "go on without sudo", &error))?;
    Ok(goes_on.then_some(entered))
}

struct Entered {
    stream: UnixStream,
    access: Access,
    statistics: Option<RunTimeStatistics>,
}

/// What needs more rights than we keep comes before the drop: priority, and the kernel's statistics of our programs.
fn enter(socket: &Path, sudo: Option<SudoCaller>) -> Outcome<Entered> {
    let (policy, inherited) = (policy_of_start(), inherited());
    let (stream, caller) = connect_to_caller(socket, sudo)?;
    clock::run_promptly();
    let statistics = RunTimeStatistics::enable();
    privileges::drop_to(&caller.to_become(sudo), access::held_back_for_events())
        .map_err(|error| Failure::from_io("internal", "give up rights", &error))?;
    let access = Access::of(caller, inherited, &policy)
        .map_err(|error| Failure::from_io("internal", "know who asks", &error))?;
    Ok(Entered { stream, access, statistics })
}

/// Root's own process was started by root or by sudo; any other by file or ambient capabilities.
fn policy_of_start() -> Policy {
    // SAFETY: cannot fail.
    match unsafe { libc::getuid() } {
        0 => Policy::of_sudo(),
        _ => Policy::installed(),
    }
}

fn serve(entered: Entered, socket: &Path) -> ExitCode {
    let Ok(report) = entered.stream.try_clone() else { return ExitCode::FAILURE };
    match serve_session(entered) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if Wire::new(report).send(MESSAGE_FAILED, failure.to_json().as_bytes()).is_err() {
                sockets_left::remove(socket); // the client was killed, nobody else will
            }
            ExitCode::FAILURE
        }
    }
}

fn serve_session(Entered { stream, access, statistics }: Entered) -> Outcome<()> {
    let mut wire = Wire::new(stream);
    let mut hello = PROTOCOL_VERSION.to_le_bytes().to_vec();
    hello.extend_from_slice(&std::process::id().to_le_bytes());
    hello.extend_from_slice(env!("CARGO_PKG_VERSION").as_bytes());
    let io = |error| Failure::from_io("client", "greet the client", &error);
    wire.send(MESSAGE_HELLO, &hello).map_err(io)?;
    match wire.receive().map_err(io)? {
        None => Err(Failure::new("client", "the client went away")),
        Some((MESSAGE_START, payload)) => Session::start(wire, &parse_start(&payload)?, access, statistics)?.run(),
        Some((other, _)) => Err(Failure::new("protocol", format!("expected START, got request {other}"))),
    }
}
