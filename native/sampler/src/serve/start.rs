//! From the socket to the capture: connects to the client, becomes it, and serves one START.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use bee_wire::protocol::{Hello, MESSAGE_FAILED, MESSAGE_HELLO, MESSAGE_START};
use bee_wire::versioned;

use crate::failure::{Failure, Outcome};
use crate::kernel::bpf::run_time_statistics::RunTimeStatistics;
use crate::kernel::clock;
use crate::rights::access::{self, Access};
use crate::rights::caller::{connect_to_caller, SudoCaller};
use crate::rights::capabilities::inherited;
use crate::rights::policy::Policy;
use crate::rights::privileges;
use crate::serve::capture::Capture;
use crate::serve::client::Client;
use crate::serve::requests::parse_start;
use crate::serve::{signals, sockets_left};

#[derive(PartialEq)]
pub enum Starter {
    Client,
    Sudo,
}

pub fn run(socket: &Path, sudo: Option<SudoCaller>, starter: Starter) -> ExitCode {
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
        || signals::leave_starter().map_err(|error| Failure::from_io("internal", "leave-sudo", &error))?;
    Ok(goes_on.then_some(entered))
}

struct Entered {
    stream: UnixStream,
    access: Access,
    statistics: Option<RunTimeStatistics>,
}

/// What needs more rights than we keep comes before the drop: priority, and the kernel's statistics of our programs.
fn enter(socket: &Path, sudo: Option<SudoCaller>) -> Outcome<Entered> {
    let (policy, inherited) = (Policy::of_start(), inherited());
    let (stream, caller) = connect_to_caller(socket, sudo)?;
    clock::run_promptly();
    let statistics = RunTimeStatistics::enable();
    privileges::drop_to(&caller.to_become(sudo), access::held_back_for_events())
        .map_err(|error| Failure::from_io("internal", "drop-privileges", &error))?;
    let access = Access::of(caller, inherited, &policy)
        .map_err(|error| Failure::from_io("internal", "identify-caller", &error))?;
    Ok(Entered { stream, access, statistics })
}

fn serve(entered: Entered, socket: &Path) -> ExitCode {
    let Ok(report) = entered.stream.try_clone() else { return ExitCode::FAILURE };
    match serve_capture(entered) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if Client::new(report).send(MESSAGE_FAILED, failure.facts().payload()).is_err() {
                sockets_left::remove(socket); // the client was killed, nobody else will
            }
            ExitCode::FAILURE
        }
    }
}

fn serve_capture(Entered { stream, access, statistics }: Entered) -> Outcome<()> {
    let mut client = Client::new(stream);
    let hello = Hello { pid: std::process::id(), version: env!("CARGO_PKG_VERSION").to_string() };
    client.send(MESSAGE_HELLO, &versioned(&hello))?;
    match client.receive()? {
        None => Err(Failure::new("client", "receive-request", "it has gone")),
        Some((MESSAGE_START, payload)) => Capture::start(client, &parse_start(&payload)?, access, statistics)?.run(),
        Some((other, _)) => Err(Failure::new("protocol", "read-request", format!("request {other} before START"))),
    }
}
