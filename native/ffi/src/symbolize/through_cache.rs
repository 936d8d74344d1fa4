//! Symbolizes through the symbol cache: what it has is taken from it, the rest is resolved and added.

use super::answer::Answer;
use super::names::style::Style;
use super::sources::elf;
use super::symbol_cache::cache::{lock, Settings, SymbolCache};
use super::symbol_cache::chains::{select, Chains};
use super::symbol_cache::key;
use super::symbolizer::Symbolizer;
use super::symbols::{Symbols, FLAG_REPLACED};
use crate::files::content_key::ContentKey;
use crate::files::object::{Object, Unavailable};

/// Whether an answer is asked for, or what may be asked for later.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    Ahead,
    AtTheEnd,
}

/// The addresses of a file. When it was written over, those that the symbol cache has are still symbolized.
pub fn resolve_elf(symbolizer: &Symbolizer, id: u32, addresses: &[u64], style: Style, when: When) -> Answer {
    let Some(object) = symbolizer.received.objects().get(id) else { return Answer::unresolved(addresses) };
    let opened = match object.open() {
        Err(Unavailable::Replaced) => return replaced(&symbolizer.cache, &object, addresses, when),
        opened => opened.ok(),
    };
    let settings = symbolizer.cache.settings().filter(|_| !object.is_vdso);
    let debug_cache = &symbolizer.debug_cache;
    let key = settings
        .and_then(|Settings { stamp, .. }| key::of_object(&object, opened.as_ref()?, style, stamp, debug_cache));
    lock(&object.last_key).clone_from(&key);
    let resolve = |addresses: &[u64]| match elf::resolve(id, &object, opened.as_ref(), addresses, style, debug_cache) {
        // What was read may be of the one, of the other, or of both.
        _ if opened.as_ref().is_some_and(|opened| !opened.is_as_loaded()) => Answer::replaced(addresses),
        answer => answer,
    };
    through(&symbolizer.cache, key.as_ref(), addresses, when, resolve)
}

fn replaced(cache: &SymbolCache, object: &Object, addresses: &[u64], when: When) -> Answer {
    let key = lock(&object.last_key).clone();
    let Some(key) = key else { return Answer::replaced(addresses) };
    let known = cache.known(&key);
    let sources: Vec<&Chains> = known.iter().map(|chains| &**chains).collect();
    let is_unknown = |address: u64| known.iter().all(|chains| chains.find(address).is_none());
    let unknown: Vec<usize> = (0..addresses.len()).filter(|&index| is_unknown(addresses[index])).collect();
    if when == When::AtTheEnd {
        cache.count(&key, addresses, unknown.len());
    }
    let known: Vec<usize> = (0..addresses.len()).filter(|index| unknown.binary_search(index).is_err()).collect();
    let named: Vec<u64> = known.iter().map(|&index| addresses[index]).collect();
    let symbols = Symbols::replaced_files(addresses.len()).replaced(&known, &select(&sources, &named));
    Answer::new(symbols, None)
}

pub fn resolve_kernel(symbolizer: &Symbolizer, addresses: &[u64], when: When) -> Answer {
    let key = symbolizer.cache.settings().map(|_| key::of_kernel());
    let resolve =
        |addresses: &[u64]| symbolizer.kernel.resolve(addresses, symbolizer.received.objects().kernel_symbols());
    through(&symbolizer.cache, key.as_ref(), addresses, when, resolve)
}

/// Keeps what `resolve` could read without a problem: a problem is to be told of in every run.
fn through(
    cache: &SymbolCache,
    key: Option<&ContentKey>,
    addresses: &[u64],
    when: When,
    resolve: impl Fn(&[u64]) -> Answer,
) -> Answer {
    let Some(key) = key else { return resolve(addresses) };
    let known = cache.known(key);
    let is_unknown = |address: &u64| known.iter().all(|chains| chains.find(*address).is_none());
    let unknown: Vec<u64> = addresses.iter().copied().filter(is_unknown).collect();
    if when == When::AtTheEnd {
        cache.count(key, addresses, unknown.len());
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
    let is_whole = !symbols.frames.iter().any(|frame| frame.flags & FLAG_REPLACED != 0);
    if problem.is_none() && is_whole {
        cache.keep(if is_spread { key.of_this_run() } else { key.clone() }, found);
    }
    Answer { symbols, problem, is_spread }
}
