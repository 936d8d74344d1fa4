//! JIT code: jitdump files, as perf's `jitdump-specification.txt` has them. A runtime that writes one maps a page of it
//! executable, which is how the sampler finds it. They tell what was at an address and when; here the newest that covers an
//! address names it, as in a perf map, and addresses that held several functions are counted. Lines are left out: V8
//! shifts their addresses by the size of an ELF header, others do not.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, Seek};

use crate::symbolize::symbols::{Frame, Symbols};

const MAGIC: u32 = 0x4a69_5444;
const CODE_LOAD: u32 = 0;
const CODE_MOVE: u32 = 1;
const HEADER_BYTES: usize = 40;
const PREFIX_BYTES: usize = 16;
/// Behind the prefix: pid, tid, vma, address, size, index.
const LOAD_BYTES: usize = 40;
/// Behind the prefix: pid, tid, vma, old address, new address, size, index.
const MOVE_BYTES: usize = 48;
/// Longer ones are cut.
const MAX_NAME_BYTES: usize = 4096;
/// A record takes 16 bytes and more. A file of nothing else would be read for minutes.
const MAX_RECORDS: usize = 1 << 24;
/// Of code that may be moved.
const MAX_KNOWN_NAMES: usize = 1 << 18;

/// The names of ascending addresses, from one file or several after one another.
pub struct JitNames<'a> {
    addresses: &'a [u64],
    names: Vec<Option<String>>,
    is_ambiguous: Vec<bool>,
}

impl<'a> JitNames<'a> {
    pub fn new(addresses: &'a [u64]) -> JitNames<'a> {
        JitNames { addresses, names: vec![None; addresses.len()], is_ambiguous: vec![false; addresses.len()] }
    }

    /// Reads as far as the file is whole: its last record may be being written.
    pub fn read(&mut self, mut dump: impl BufRead + Seek) -> io::Result<()> {
        let header: [u8; HEADER_BYTES] = read_array(&mut dump)?;
        if word32(&header, 0) != MAGIC {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it does not begin as a jitdump of this machine does",
            ));
        }
        skip(&mut dump, u64::from(word32(&header, 8)).saturating_sub(HEADER_BYTES as u64))?;
        let mut known = HashMap::new();
        for _ in 0..MAX_RECORDS {
            let Ok(prefix) = read_array::<PREFIX_BYTES>(&mut dump) else { break };
            let body_bytes = (word32(&prefix, 4) as usize).checked_sub(PREFIX_BYTES);
            let Some(body_bytes) = body_bytes else { break };
            let read = match word32(&prefix, 0) {
                CODE_LOAD if body_bytes > LOAD_BYTES => self.load(&mut dump, body_bytes, &mut known),
                CODE_MOVE if body_bytes >= MOVE_BYTES => self.follow(&mut dump, body_bytes, &known),
                _ => skip(&mut dump, body_bytes as u64),
            };
            if read.is_err() {
                break;
            }
        }
        Ok(())
    }

    fn load(
        &mut self,
        dump: &mut (impl BufRead + Seek),
        body_bytes: usize,
        known: &mut HashMap<u64, String>,
    ) -> io::Result<()> {
        let fixed: [u8; LOAD_BYTES] = read_array(dump)?;
        let mut text = vec![0; (body_bytes - LOAD_BYTES).min(MAX_NAME_BYTES)];
        dump.read_exact(&mut text)?;
        skip(dump, (body_bytes - LOAD_BYTES - text.len()) as u64)?;
        let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
        let name = String::from_utf8_lossy(&text[..end]).into_owned();
        self.cover(word64(&fixed, 16), word64(&fixed, 24), &name);
        if known.len() < MAX_KNOWN_NAMES {
            known.insert(word64(&fixed, 32), name);
        }
        Ok(())
    }

    fn follow(
        &mut self,
        dump: &mut (impl BufRead + Seek),
        body_bytes: usize,
        known: &HashMap<u64, String>,
    ) -> io::Result<()> {
        let fixed: [u8; MOVE_BYTES] = read_array(dump)?;
        skip(dump, (body_bytes - MOVE_BYTES) as u64)?;
        if let Some(name) = known.get(&word64(&fixed, 40)) {
            self.cover(word64(&fixed, 24), word64(&fixed, 32), name);
        }
        Ok(())
    }

    fn cover(&mut self, start: u64, size: u64, name: &str) {
        let first = self.addresses.partition_point(|&address| address < start);
        let end = self.addresses.partition_point(|&address| address < start.saturating_add(size));
        for index in first..end {
            let slot = &mut self.names[index];
            self.is_ambiguous[index] |= slot.as_ref().is_some_and(|other| other != name);
            *slot = Some(name.to_string());
        }
    }

    /// Of addresses that held more than one function.
    pub fn ambiguous(&self) -> usize {
        self.is_ambiguous.iter().filter(|&&is_ambiguous| is_ambiguous).count()
    }

    /// With these names in place of those that a perf map has.
    pub fn over(&self, symbols: Symbols) -> Symbols {
        let named: Vec<usize> = (0..self.names.len()).filter(|&index| self.names[index].is_some()).collect();
        let mut own = Symbols::default();
        for name in self.names.iter().flatten() {
            let name = own.strings.intern(name.as_str());
            own.push(Frame { name, file: 0, line: 0, column: 0, flags: 0 });
            own.finish_address();
        }
        symbols.replaced(&named, &own)
    }
}

fn read_array<const N: usize>(dump: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    dump.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Seeks past the end succeed; the next read tells.
fn skip(dump: &mut (impl BufRead + Seek), bytes: u64) -> io::Result<()> {
    dump.seek_relative(i64::try_from(bytes).map_err(|_| io::ErrorKind::InvalidData)?)
}

fn word32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn word64(bytes: &[u8], at: usize) -> u64 {
    u64::from(word32(bytes, at)) | u64::from(word32(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn header() -> Vec<u8> {
        let mut bytes = Vec::new();
        [MAGIC, 1, HEADER_BYTES as u32, 62, 0, 7].iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        bytes.extend([0; 16]);
        bytes
    }

    fn record(id: u32, words: &[u64], rest: &[u8]) -> Vec<u8> {
        let total = PREFIX_BYTES + 8 + 8 * words.len() + rest.len();
        let mut bytes = Vec::new();
        [id, total as u32, 0, 0, 7, 7].iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        bytes.extend(rest);
        bytes
    }

    fn load(address: u64, size: u64, index: u64, name: &str) -> Vec<u8> {
        let code = vec![0xcc; size as usize];
        record(CODE_LOAD, &[address, address, size, index], &[name.as_bytes(), b"\0", &code].concat())
    }

    fn names_of(dump: &[u8], addresses: &[u64]) -> (Vec<Option<String>>, usize) {
        let mut names = JitNames::new(addresses);
        names.read(Cursor::new(dump)).unwrap();
        let ambiguous = names.ambiguous();
        (names.names, ambiguous)
    }

    #[test]
    fn the_newest_code_at_an_address_names_it_and_reuse_is_counted() {
        let dump = [
            header(),
            load(0x1000, 0x20, 1, "first"),
            record(2, &[0x1000, 0], b""),
            load(0x1010, 0x10, 2, "second one"),
            record(CODE_MOVE, &[0, 0x1000, 0x3000, 0x20, 1], b""),
        ]
        .concat();
        let (names, ambiguous) = names_of(&dump, &[0xfff, 0x1000, 0x1010, 0x1020, 0x301f]);
        let names: Vec<Option<&str>> = names.iter().map(Option::as_deref).collect();
        assert_eq!(names, [None, Some("first"), Some("second one"), None, Some("first")]);
        assert_eq!(ambiguous, 1);
    }

    #[test]
    fn what_is_cut_off_or_nonsense_ends_the_reading() {
        let whole = [header(), load(0x1000, 16, 1, "one"), load(0x2000, 16, 2, "two")].concat();
        for length in HEADER_BYTES..whole.len() {
            let (names, _) = names_of(&whole[..length], &[0x1008, 0x2008]);
            assert!(names[1].is_none() || names[0].is_some(), "{length} bytes");
        }
        for (id, total) in [(CODE_LOAD, 0u32), (CODE_LOAD, 16), (CODE_MOVE, 20), (99, u32::MAX)] {
            let nonsense = [id.to_le_bytes(), total.to_le_bytes(), [0; 4], [0; 4]].concat();
            names_of(&[whole.clone(), nonsense].concat(), &[0x1008]);
        }
        assert!(JitNames::new(&[]).read(Cursor::new(vec![0; 100])).is_err());
    }
}
