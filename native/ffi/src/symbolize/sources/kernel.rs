//! Kernel and modules from /proc/kallsyms. The kernel takes 40 ms to write that file: its functions are read once and held,
//! some 40 bytes each, until another module is loaded.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use crate::symbolize::answer::{Answer, Problem};
use crate::symbolize::symbols::{Frame, Symbols, FLAG_KERNEL};
use bee_wire::KERNEL_OBJECT;

const PATH: &str = "/proc/kallsyms";
const MODULES_PATH: &str = "/proc/modules";
const KERNEL_MODULE: &str = "[kernel]";
/// Names of what stands before functions and is never run: half of all symbols of a kernel with CFI.
const PADDING: &str = "__pfx_";
/// Marks behind the last function: what lies above belongs to no symbol (BPF programs, trampolines).
const END_MARKS: [&str; 2] = ["_etext", "_einittext"];

/// What was read last.
#[derive(Default)]
pub struct KernelSymbols(Mutex<Option<Known>>);

struct Known {
    /// The modules that were loaded then.
    modules: Vec<u8>,
    functions: Arc<Functions>,
}

impl KernelSymbols {
    /// `held`: the file as the sampler opened it, which shows what this user may not see.
    pub fn resolve(&self, addresses: &[u64], held: Option<Arc<OwnedFd>>) -> Answer {
        let (symbols, message) = match self.functions(held) {
            Ok(functions) if functions.are_hidden => {
                (None, Some("Kernel symbol addresses are hidden from this user (kernel.kptr_restrict).".to_string()))
            }
            Ok(functions) => (Some(functions.symbols(addresses)), None),
            Err(error) => (None, Some(format!("Cannot be read: {error}"))),
        };
        let problem = message.map(|message| Problem { object: KERNEL_OBJECT, path: PATH.to_string(), message });
        Answer::new(symbols.unwrap_or_else(|| Symbols::unresolved(addresses.len())), problem)
    }

    fn functions(&self, held: Option<Arc<OwnedFd>>) -> std::io::Result<Arc<Functions>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let modules = std::fs::read(MODULES_PATH).unwrap_or_default();
        if let Some(known) = known.as_ref().filter(|known| known.modules == modules) {
            return Ok(Arc::clone(&known.functions));
        }
        let functions = Arc::new(Functions::read(BufReader::with_capacity(64 << 10, open(held)?))?);
        *known = Some(Known { modules, functions: Arc::clone(&functions) });
        Ok(functions)
    }
}

fn open(held: Option<Arc<OwnedFd>>) -> std::io::Result<File> {
    let Some(held) = held else { return File::open(PATH) };
    let mut file = File::from(held.try_clone()?);
    file.rewind()?;
    Ok(file)
}

/// By address, each once.
struct Functions {
    functions: Vec<Function>,
    /// A line for each: its name, and behind a tab its module.
    names: String,
    are_hidden: bool,
}

#[derive(Clone, Copy)]
struct Function {
    address: u64,
    /// Where its line begins.
    name: u32,
}

impl Functions {
    fn read(mut kallsyms: impl BufRead) -> std::io::Result<Functions> {
        let mut all = Functions { functions: Vec::new(), names: String::new(), are_hidden: true };
        let mut line = String::new();
        while kallsyms.read_line(&mut line)? > 0 {
            if let Some((address, name, module)) = parse(&line) {
                all.push(address, name, module);
            }
            line.clear();
        }
        let Functions { functions, names, .. } = &mut all;
        functions
            .sort_unstable_by_key(|&Function { address, name }| (address, underscores(&names[name as usize..]), name));
        functions.dedup_by_key(|function| function.address);
        functions.shrink_to_fit();
        names.shrink_to_fit();
        Ok(all)
    }

    fn push(&mut self, address: u64, name: &str, module: Option<&str>) {
        self.are_hidden &= address == 0;
        if name.starts_with(PADDING) {
            return;
        }
        self.functions.push(Function { address, name: self.names.len() as u32 });
        self.names.push_str(name);
        if let Some(module) = module {
            self.names.push('\t');
            self.names.push_str(module);
        }
        self.names.push('\n');
    }

    /// The text symbol with the highest address not above, and its module.
    fn find(&self, address: u64) -> Option<(&str, &str)> {
        let above = self.functions.partition_point(|function| function.address <= address);
        let function = self.functions[..above].last()?;
        let line = self.names[function.name as usize..].lines().next()?;
        let (name, module) = line.split_once('\t').unwrap_or((line, KERNEL_MODULE));
        (!END_MARKS.contains(&name)).then_some((name, module))
    }

    fn symbols(&self, addresses: &[u64]) -> Symbols {
        let mut symbols = Symbols::default();
        for &address in addresses {
            if let Some((name, module)) = self.find(address) {
                let (name, file) = (symbols.strings.intern(name), symbols.strings.intern(module));
                symbols.push(Frame { name, file, line: 0, column: 0, flags: FLAG_KERNEL });
            }
            symbols.finish_address();
        }
        symbols
    }
}

/// `address type name [\t[module]]`; data symbols are no functions.
fn parse(line: &str) -> Option<(u64, &str, Option<&str>)> {
    let mut fields = line.split_ascii_whitespace();
    let address = u64::from_str_radix(fields.next()?, 16).ok()?;
    if !matches!(fields.next()?, "t" | "T" | "w" | "W") {
        return None;
    }
    Some((address, fields.next()?, fields.next()))
}

/// Of symbols at one address, the one with fewer leading ones: `__start_…` marks a place.
fn underscores(name: &str) -> usize {
    name.bytes().take_while(|&byte| byte == b'_').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KALLSYMS: &str = "\
ffffffff81000000 T _stext
ffffffff81000000 T startup_64
ffffffff810000f0 t __pfx_helper
ffffffff81000100 t helper
ffffffff81000180 D some_data
ffffffffa0000000 t ext4_read\t[ext4]
";

    fn names(addresses: &[u64]) -> Vec<Option<(String, String)>> {
        let functions = Functions::read(KALLSYMS.as_bytes()).unwrap();
        let owned = |(name, module): (&str, &str)| (name.to_string(), module.to_string());
        addresses.iter().map(|&address| functions.find(address).map(owned)).collect()
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
        assert!(Functions::read("0000000000000000 T _stext\n".as_bytes()).unwrap().are_hidden);
        assert!(!Functions::read(KALLSYMS.as_bytes()).unwrap().are_hidden);
    }
}
