//! Resolved addresses of one file in one piece of memory, as the symbol cache has them in memory and on disk. Little-endian:
//! `u32 nAddresses, nFrames, nStrings, stringBytes`, `u64 address[nAddresses]` ascending, `u32 frameEnd[nAddresses]`,
//! `frames[nFrames] {u32 name, u32 file, u32 line, u32 column, u32 flags}`, `u32 stringEnd[nStrings]`, the strings.

use crate::symbolize::symbols::{Frame, Symbols};

const HEADER_BYTES: usize = 16;
const FRAME_BYTES: usize = 20;
const UNKNOWN: u32 = u32::MAX;

pub struct Chains {
    bytes: Vec<u8>,
    counts: Counts,
}

#[derive(Clone, Copy)]
struct Counts {
    addresses: usize,
    frames: usize,
    strings: usize,
    string_bytes: usize,
}

impl Counts {
    fn frame_ends_at(&self) -> usize {
        HEADER_BYTES + self.addresses * 8
    }

    fn frames_at(&self) -> usize {
        self.frame_ends_at() + self.addresses * 4
    }

    fn string_ends_at(&self) -> usize {
        self.frames_at() + self.frames * FRAME_BYTES
    }

    fn strings_at(&self) -> usize {
        self.string_ends_at() + self.strings * 4
    }

    fn total(&self) -> usize {
        self.strings_at() + self.string_bytes
    }
}

impl Chains {
    /// `symbols` are those of `addresses`, which ascend.
    pub fn encode(addresses: &[u64], symbols: &Symbols) -> Chains {
        let strings = symbols.strings.in_order();
        let string_bytes = strings.iter().map(|text| text.len()).sum();
        let (frames, strings_count) = (symbols.frames.len(), strings.len());
        let counts = Counts { addresses: addresses.len(), frames, strings: strings_count, string_bytes };
        let mut bytes = Vec::with_capacity(counts.total());
        for count in [counts.addresses, counts.frames, counts.strings, counts.string_bytes] {
            bytes.extend_from_slice(&(count as u32).to_le_bytes());
        }
        addresses.iter().for_each(|address| bytes.extend_from_slice(&address.to_le_bytes()));
        symbols.ends.iter().for_each(|end| bytes.extend_from_slice(&end.to_le_bytes()));
        for frame in &symbols.frames {
            let fields = [frame.name, frame.file, frame.line, frame.column, frame.flags];
            fields.iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
        }
        let mut end = 0;
        for text in &strings {
            end += text.len() as u32;
            bytes.extend_from_slice(&end.to_le_bytes());
        }
        strings.iter().for_each(|text| bytes.extend_from_slice(text.as_bytes()));
        Chains { bytes, counts }
    }

    /// `None` for what is not as long as it says; its numbers are checked where they are used.
    pub fn decode(bytes: Vec<u8>) -> Option<Chains> {
        if bytes.len() < HEADER_BYTES {
            return None;
        }
        let [addresses, frames, strings, string_bytes] = [0, 4, 8, 12].map(|at| u32_at(&bytes, at) as usize);
        let counts = Counts { addresses, frames, strings, string_bytes };
        (counts.total() == bytes.len()).then_some(Chains { bytes, counts })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn addresses(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.counts.addresses).map(|index| self.address(index))
    }

    pub fn find(&self, wanted: u64) -> Option<usize> {
        let (mut low, mut high) = (0, self.counts.addresses);
        while low < high {
            let middle = (low + high) / 2;
            match self.address(middle) {
                address if address == wanted => return Some(middle),
                address if address < wanted => low = middle + 1,
                _ => high = middle,
            }
        }
        None
    }

    fn address(&self, index: usize) -> u64 {
        let at = HEADER_BYTES + index * 8;
        u64::from(u32_at(&self.bytes, at)) | u64::from(u32_at(&self.bytes, at + 4)) << 32
    }

    fn frames_of(&self, index: usize) -> impl Iterator<Item = Frame> + '_ {
        let end = |index: usize| u32_at(&self.bytes, self.counts.frame_ends_at() + index * 4) as usize;
        let first = index.checked_sub(1).map_or(0, end);
        (first..end(index).min(self.counts.frames)).map(|frame| {
            let at = self.counts.frames_at() + frame * FRAME_BYTES;
            let [name, file, line, column, flags] = [0, 4, 8, 12, 16].map(|field| u32_at(&self.bytes, at + field));
            Frame { name, file, line, column, flags }
        })
    }

    fn string(&self, id: u32) -> &str {
        let id = id as usize;
        if id >= self.counts.strings {
            return "";
        }
        let end = |id: usize| u32_at(&self.bytes, self.counts.string_ends_at() + id * 4) as usize;
        let range = id.checked_sub(1).map_or(0, end)..end(id);
        let strings = &self.bytes[self.counts.strings_at()..];
        strings.get(range).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

/// The frames of these addresses, each from the first of the sources that knows it.
pub fn select(sources: &[&Chains], addresses: &[u64]) -> Symbols {
    let mut symbols = Symbols::default();
    let mut numbers: Vec<Vec<u32>> = sources.iter().map(|source| vec![UNKNOWN; source.counts.strings]).collect();
    for &address in addresses {
        let known = sources.iter().enumerate().find_map(|(number, it)| it.find(address).map(|index| (number, index)));
        if let Some((source, index)) = known {
            let (chains, numbers) = (sources[source], &mut numbers[source]);
            for frame in chains.frames_of(index) {
                let name = translate(frame.name, chains, numbers, &mut symbols);
                let file = translate(frame.file, chains, numbers, &mut symbols);
                symbols.push(Frame { name, file, ..frame });
            }
        }
        symbols.finish_address();
    }
    symbols
}

/// All that they know, in one.
pub fn merge(sources: &[&Chains]) -> Chains {
    let mut addresses: Vec<u64> = sources.iter().flat_map(|source| source.addresses()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    Chains::encode(&addresses, &select(sources, &addresses))
}

fn translate(id: u32, chains: &Chains, numbers: &mut [u32], symbols: &mut Symbols) -> u32 {
    let Some(number) = numbers.get_mut(id as usize) else { return 0 };
    if *number == UNKNOWN {
        *number = symbols.strings.intern(chains.string(id));
    }
    *number
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chains(named: &[(u64, &[&str])]) -> Chains {
        let mut symbols = Symbols::default();
        for (address, names) in named {
            for name in *names {
                let (name, file) = (symbols.strings.intern(*name), symbols.strings.intern("file.rs"));
                symbols.push(Frame { name, file, line: *address as u32, column: 7, flags: 1 });
            }
            symbols.finish_address();
        }
        let addresses: Vec<u64> = named.iter().map(|&(address, _)| address).collect();
        Chains::encode(&addresses, &symbols)
    }

    fn texts(symbols: &Symbols) -> Vec<String> {
        let strings = symbols.strings.in_order();
        let text = |frame: &Frame| {
            let (name, file) = (strings[frame.name as usize], strings[frame.file as usize]);
            format!("{name} {file}:{}:{} {}", frame.line, frame.column, frame.flags)
        };
        let of_address = |index| symbols.frames_of(index).iter().map(text).collect::<Vec<_>>().join(" < ");
        (0..symbols.ends.len()).map(of_address).collect()
    }

    #[test]
    fn what_is_kept_comes_back_from_its_bytes_and_from_several_pieces() {
        let first = chains(&[(1, &["inner", "outer"]), (5, &[]), (9, &["nine"])]);
        let second = chains(&[(2, &["two", "outer"]), (9, &["other"])]);
        let again = Chains::decode(first.bytes().to_vec()).unwrap();
        let found = select(&[&again, &second], &[1, 2, 3, 5, 9]);
        let expected = ["inner file.rs:1:7 1 < outer file.rs:1:7 1", "two file.rs:2:7 1 < outer file.rs:2:7 1", "", ""];
        assert_eq!(texts(&found)[..4], expected);
        assert_eq!(texts(&found)[4], "nine file.rs:9:7 1");
        let merged = merge(&[&first, &second]);
        assert_eq!(merged.addresses().collect::<Vec<_>>(), [1, 2, 5, 9]);
        assert_eq!(texts(&select(&[&merged], &[1, 2, 3, 5, 9])), texts(&found));
    }

    #[test]
    fn bytes_of_any_kind_are_refused_or_read_without_harm() {
        let bytes = chains(&[(1, &["inner", "outer"]), (5, &["five"])]).bytes().to_vec();
        assert!((0..bytes.len()).all(|length| Chains::decode(bytes[..length].to_vec()).is_none()));
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                if let Some(chains) = Chains::decode(changed) {
                    select(&[&chains], &[0, 1, 5, u64::MAX]);
                }
            }
        }
    }
}
