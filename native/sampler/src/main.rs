//! bee-sampler: the only privileged code. It loads the BPF programs, keeps their tables in step with what the
//! observed processes map, and hands stacks to its client over a unix socket (native/wire).
//!
//! `bee-sampler SOCKET` connects to the socket, becomes who listens there (rights/), serves one capture (serve/) and
//! exits; `bee-sampler --by-sudo SOCKET` does so apart from sudo, which ends. `bee-sampler --check` exits with 0 when
//! it could sample, and 77 when it lacks the rights; `--check HZ TABLE_MIB RING_BYTES` also when the bounds do not
//! allow that (rights/bounds.rs), and says on stdout what FAILED would say. `--bounds` prints those of the installed
//! copy. `--install` and `--uninstall` are what `setup` starts as root (rights/installation.rs).
//!
//! Single-threaded: kernel news, records and requests are handled one after the other, so that a record is always read
//! against the mappings it was made with. Errors before the capture go to stderr with exit code 1; those of the capture
//! go to the client as FAILED.

mod facts;
mod failure;
mod kernel;
mod problems;
mod rights;
mod serve;
mod spaces;
mod tables;
mod unwind;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use rights::access::can_sample_alone;
use rights::bounds::Need;
use rights::caller::SudoCaller;
use rights::capabilities::{inherited, Capabilities, NEEDED};
use rights::installation::{self, Plan};
use rights::obstacle::Done;
use rights::policy::Policy;
use serve::start::{run, Starter};

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
    eprintln!("usage: bee-sampler SOCKET\nStarted by profile-bee; it serves one capture on that socket.");
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

/// It is the caller's, and libraries read it (libbpf reads a token's path there). Nothing that we need is in it.
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

/// Before anything is built: the capture would be refused in the same words.
fn check_bounds(need: Need) -> ExitCode {
    let Some(bounds) = Policy::of_start().bounds.filter(|_| !can_sample_alone(inherited())) else {
        return check_rights();
    };
    match bounds.claim(need) {
        Ok(_) => check_rights(),
        Err(failure) => {
            println!("{}", failure.facts().to_json());
            ExitCode::from(EXIT_NOT_PERMITTED)
        }
    }
}

fn show_bounds() -> ExitCode {
    println!("{}", Policy::installed().bounds.unwrap_or_default().to_json());
    ExitCode::SUCCESS
}
