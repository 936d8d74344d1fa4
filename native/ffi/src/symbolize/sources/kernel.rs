//! Kernel and modules from /proc/kallsyms, read once as a stream: the table itself (10 MB parsed) is never held,
//! only the nearest symbol below each wanted address.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::protocol::KERNEL_OBJECT;
use crate::symbolize::answer::{Answer, Problem};
use crate::symbolize::symbols::{Frame, Symbols, FLAG_KERNEL};

const PATH: &str = "/proc/kallsyms";
const KERNEL_MODULE: &str = "[kernel]";
/// Marks behind the last function: what lies above belongs to no symbol (BPF programs, trampolines).
const END_MARKS: [&str; 2] = ["_etext", "_einittext"];

/// `held`: the file as the sampler opened it, which shows what this user may not see.
pub fn resolve(addresses: &[u64], held: Option<Arc<OwnedFd>>) -> Answer {
    let read = open(held).and_then(|file| nearest_symbols(BufReader::with_capacity(64 << 10, file), addresses));
    let (symbols, message) = match read {
        Ok(Nearest { all_hidden: true, .. }) => {
            (None, Some("Kernel symbol addresses are hidden from this user (kernel.kptr_restrict).".to_string()))
        }
        Ok(nearest) => (Some(to_symbols(&nearest.best)), None),
        Err(error) => (None, Some(format!("Cannot be read: {error}"))),
    };
    let problem = message.map(|message| Problem { object: KERNEL_OBJECT, path: PATH.to_string(), message });
    Answer::new(symbols.unwrap_or_else(|| Symbols::unresolved(addresses.len())), problem)
}

fn open(held: Option<Arc<OwnedFd>>) -> std::io::Result<File> {
    let Some(held) = held else { return File::open(PATH) };
    let mut file = File::from(held.try_clone()?);
    file.rewind()?;
    Ok(file)
}

struct Nearest {
    best: Vec<Option<Symbol>>,
    all_hidden: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Symbol {
    address: u64,
    name: String,
    module: String,
}

/// For each address (sorted) the text symbol with the highest address not above it.
fn nearest_symbols(mut kallsyms: impl BufRead, addresses: &[u64]) -> std::io::Result<Nearest> {
    let mut best: Vec<Option<Symbol>> = vec![None; addresses.len()];
    let mut all_hidden = true;
    let mut line = String::new();
    while kallsyms.read_line(&mut line)? > 0 {
        if let Some((address, name, module)) = parse(&line) {
            all_hidden &= address == 0;
            let index = addresses.partition_point(|&wanted| wanted < address);
            if let Some(slot) = best.get_mut(index).filter(|slot| is_better(slot, address, name)) {
                *slot = Some(Symbol { address, name: name.to_string(), module: module.to_string() });
            }
        }
        line.clear();
    }
    // The best below an address is also a candidate for the next one.
    for index in 1..best.len() {
        if best[index].is_none() {
            best[index] = best[index - 1].clone();
        }
    }
    Ok(Nearest { best, all_hidden })
}

/// `address type name [\t[module]]`; data symbols are no functions.
fn parse(line: &str) -> Option<(u64, &str, &str)> {
    let mut fields = line.split_ascii_whitespace();
    let address = u64::from_str_radix(fields.next()?, 16).ok()?;
    if !matches!(fields.next()?, "t" | "T" | "w" | "W") {
        return None;
    }
    Some((address, fields.next()?, fields.next().unwrap_or(KERNEL_MODULE)))
}

/// Among symbols at one address: fewer leading underscores (`__pfx_…`, `__start_…` mark places), then the first.
fn is_better(known: &Option<Symbol>, address: u64, name: &str) -> bool {
    let underscores = |name: &str| name.bytes().take_while(|&byte| byte == b'_').count();
    match known {
        None => true,
        Some(known) if known.address != address => address > known.address,
        Some(known) => underscores(name) < underscores(&known.name),
    }
}

fn to_symbols(best: &[Option<Symbol>]) -> Symbols {
    let mut symbols = Symbols::default();
    for symbol in best {
        if let Some(symbol) = symbol.as_ref().filter(|symbol| !END_MARKS.contains(&symbol.name.as_str())) {
            let name = symbols.strings.intern(symbol.name.as_str());
            let file = symbols.strings.intern(symbol.module.as_str());
            symbols.push(Frame { name, file, line: 0, column: 0, flags: FLAG_KERNEL });
        }
        symbols.finish_address();
    }
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    const KALLSYMS: &str = "\
ffffffff81000000 T _stext
ffffffff81000000 T startup_64
ffffffff81000100 t helper
ffffffff81000180 D some_data
ffffffffa0000000 t ext4_read\t[ext4]
";

    fn names(addresses: &[u64]) -> Vec<Option<(String, String)>> {
        let nearest = nearest_symbols(KALLSYMS.as_bytes(), addresses).unwrap();
        nearest.best.into_iter().map(|symbol| symbol.map(|symbol| (symbol.name, symbol.module))).collect()
    }

    #[test]
    fn the_nearest_text_symbol_below_wins() {
        let found = |name: &str, module: &str| Some((name.to_string(), module.to_string()));
        assert_eq!(
            names(&[
                0xffffffff80ffffff,
                0xffffffff81000000,
                0xffffffff810001ff,
                0xffffffff81000200,
                0xffffffffa0000001
            ]),
            [
                None,
                found("startup_64", "[kernel]"),
                found("helper", "[kernel]"),
                found("helper", "[kernel]"),
                found("ext4_read", "[ext4]")
            ]
        );
    }

    #[test]
    fn zeros_everywhere_are_hidden_addresses() {
        let nearest = nearest_symbols("0000000000000000 T _stext\n".as_bytes(), &[5]).unwrap();
        assert!(nearest.all_hidden);
    }
}
