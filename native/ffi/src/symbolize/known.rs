//! Addresses that were resolved before, while the program ran or in an earlier run, and the others.

use super::chains::{select, Chains};
use super::kept::{Kept, Settings};
use super::key::Key;
use super::style::Style;
use super::{elf, kernel, Answer};
use crate::session::Session;

/// Whether an answer is asked for, or what may be asked for later.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    Ahead,
    AtTheEnd,
}

/// The addresses of a file.
pub fn resolve_elf(session: &Session, id: u32, addresses: &[u64], style: Style, when: When) -> Answer {
    let Some(object) = session.objects().get(id) else { return Answer::unresolved(addresses) };
    let key = session.kept().settings().and_then(|Settings { stamp, .. }| Key::of_object(&object, style, stamp));
    let resolve = |addresses: &[u64]| elf::resolve(id, &object, addresses, style);
    through(session.kept(), key.as_ref(), addresses, when, resolve)
}

pub fn resolve_kernel(session: &Session, addresses: &[u64], when: When) -> Answer {
    let key = session.kept().settings().map(|_| Key::of_kernel());
    let resolve = |addresses: &[u64]| kernel::resolve(addresses, session.objects().kernel_symbols());
    through(session.kept(), key.as_ref(), addresses, when, resolve)
}

/// Keeps what `resolve` could read without a problem: a problem is to be told of in every run.
fn through(
    kept: &Kept,
    key: Option<&Key>,
    addresses: &[u64],
    when: When,
    resolve: impl Fn(&[u64]) -> Answer,
) -> Answer {
    let Some(key) = key else { return resolve(addresses) };
    let known = kept.known(key);
    let is_unknown = |address: &u64| known.iter().all(|chains| chains.find(*address).is_none());
    let unknown: Vec<u64> = addresses.iter().copied().filter(is_unknown).collect();
    if when == When::AtTheEnd {
        kept.count(key, addresses, unknown.len());
    }
    let mut sources: Vec<&Chains> = known.iter().map(|chains| &**chains).collect();
    if unknown.is_empty() {
        return Answer::new(select(&sources, addresses), None);
    }
    let Answer { symbols, problem, is_spread } = resolve(&unknown);
    let found = Chains::encode(&unknown, &symbols);
    sources.push(&found);
    let is_all_new = unknown.len() == addresses.len();
    let symbols = if is_all_new { symbols } else { select(&sources, addresses) };
    if problem.is_none() {
        kept.keep(if is_spread { key.of_this_run() } else { key.clone() }, found);
    }
    Answer { symbols, problem, is_spread }
}
