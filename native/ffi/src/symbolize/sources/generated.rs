//! Code that a process has made at run time: symbolized from its jitdump files, and from its perf map where those have no
//! name.

use std::io::BufReader;

use super::jit_dump::JitNames;
use super::perf_map;
use crate::received::Received;
use crate::symbolize::answer::{Answer, Problem};

/// Of a hundred addresses: code that is compiled anew where other code was is usual, and a few doubts move nothing.
const MAX_DOUBTFUL_PERCENT: usize = 1;

pub fn resolve(received: &Received, pid: u32, addresses: &[u64]) -> Answer {
    let from_map = perf_map::resolve(pid, addresses);
    let dumps: Vec<_> = received.jit_dumps().of_process(pid).map(|dump| (dump.path.clone(), dump.open())).collect();
    let mut names = JitNames::new(addresses);
    let mut failed = None;
    for (path, file) in &dumps {
        let read = match file {
            Some(file) => names.read(BufReader::new(file)).map_err(|error| error.to_string()),
            None => Err("it is gone, or another file by now".to_string()),
        };
        let Err(why) = read else { continue };
        failed = Some(problem(path, format!("names of generated code were not read: {why}")));
    }
    let ambiguous = names.ambiguous();
    let symbols = names.over(from_map);
    let unnamed = (0..addresses.len()).filter(|&index| symbols.frames_of(index).is_empty()).count();
    let count = addresses.len();
    let doubt = dumps.last().and_then(|(path, _)| match () {
        () if is_many(unnamed, count) => Some(problem(path, format!("{unnamed} of {count} addresses {NOT_WRITTEN}"))),
        () if is_many(ambiguous, count) => Some(problem(path, format!("{ambiguous} of {count} addresses {REUSED}"))),
        () => None,
    });
    Answer::new(symbols, failed.or(doubt))
}

/// V8 keeps up to two megabytes in its memory.
const NOT_WRITTEN: &str = "of generated code have no name in it: a runtime may write the rest only when it ends";
const REUSED: &str = "held several functions in turn: they have the name of the last";

fn is_many(part: usize, whole: usize) -> bool {
    100 * part > MAX_DOUBTFUL_PERCENT * whole
}

fn problem(path: &str, message: String) -> Problem {
    Problem { object: 0, path: path.to_string(), message }
}
