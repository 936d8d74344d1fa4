//! The symbol cache: what has been symbolized in a session, and the folder where that outlives the session.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::chains::{merge, Chains};
use super::disk::{DiskCache, Loaded, MAX_FILE_BYTES};
use crate::files::content_key::ContentKey;

/// A program of ripgrep's size has one megabyte.
const MAX_BYTES: usize = 32 << 20;
/// Of one file, before they are made one: every address is looked for in each.
const MAX_PIECES: usize = 16;

/// Off until `turn_on`.
#[derive(Default)]
pub struct SymbolCache {
    settings: OnceLock<Settings>,
    pieces: Mutex<Pieces>,
    is_over: Mutex<bool>,
    over: Condvar,
}

pub struct Settings {
    /// The version of whoever symbolizes: another one may give other names.
    pub stamp: String,
    pub disk: Option<DiskCache>,
}

#[derive(Default)]
struct Pieces {
    /// The oldest first.
    pieces: VecDeque<Piece>,
    bytes: usize,
    /// Files on disk that have been looked for.
    looked_for: HashSet<String>,
    counts: Counts,
}

#[derive(Clone)]
struct Piece {
    key: ContentKey,
    chains: Arc<Chains>,
    is_on_disk: bool,
}

/// Addresses, but for the files.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    /// Asked for at the end, and known since the run.
    pub ahead: usize,
    pub from_disk: usize,
    pub resolved: usize,
    /// Forgotten since the memory for them was full.
    pub evicted: usize,
    pub damaged_files: usize,
    pub unwritten_files: usize,
}

impl Counts {
    pub fn to_json(self) -> String {
        let Counts { ahead, from_disk, resolved, evicted, damaged_files, unwritten_files } = self;
        let places =
            format!("\"ahead\":{ahead},\"fromDisk\":{from_disk},\"resolved\":{resolved},\"evicted\":{evicted}");
        format!("{{{places},\"damagedFiles\":{damaged_files},\"unwrittenFiles\":{unwritten_files}}}")
    }
}

impl SymbolCache {
    pub fn turn_on(&self, settings: Settings) {
        let _ = self.settings.set(settings);
    }

    pub fn settings(&self) -> Option<&Settings> {
        self.settings.get()
    }

    /// All that is known under a key; the disk is asked once.
    pub fn known(&self, key: &ContentKey) -> Vec<Arc<Chains>> {
        self.look_on_disk(key);
        let pieces = lock(&self.pieces);
        pieces.of(key).map(|piece| Arc::clone(&piece.chains)).collect()
    }

    pub fn keep(&self, key: ContentKey, chains: Chains) {
        lock(&self.pieces).add(Piece { key, chains: Arc::new(chains), is_on_disk: false });
    }

    /// How many of an answer's addresses came from where.
    pub fn count(&self, key: &ContentKey, addresses: &[u64], resolved: usize) {
        let mut pieces = lock(&self.pieces);
        let is_from_disk =
            |address: &&u64| pieces.of(key).any(|it| it.is_on_disk && it.chains.find(**address).is_some());
        let from_disk = addresses.iter().filter(is_from_disk).count();
        pieces.counts.from_disk += from_disk;
        pieces.counts.resolved += resolved;
        pieces.counts.ahead += addresses.len().saturating_sub(from_disk + resolved);
    }

    pub fn counts(&self) -> Counts {
        lock(&self.pieces).counts
    }

    /// Writes what is new, and makes room for it. `Err` with the first cause.
    pub fn save(&self) -> Result<(), String> {
        let Some(disk) = self.settings().and_then(|settings| settings.disk.as_ref()) else { return Ok(()) };
        let (new, used) = lock(&self.pieces).by_file();
        used.iter().for_each(|name| disk.touch(name));
        let mut outcome = Ok(());
        for (key, chains) in new {
            if let Err(error) = write(disk, &key, &chains) {
                lock(&self.pieces).counts.unwritten_files += 1;
                outcome = outcome.and(Err(format!("{}: {error}", disk.directory.display())));
            }
        }
        disk.shrink();
        outcome
    }

    /// The run is over: nothing is resolved ahead any more.
    pub fn end(&self) {
        *lock(&self.is_over) = true;
        self.over.notify_all();
    }

    /// True when the run is over, at the latest after `pause`.
    pub fn is_over_within(&self, pause: Duration) -> bool {
        let wait = self.over.wait_timeout_while(lock(&self.is_over), pause, |is_over| !*is_over);
        *wait.unwrap_or_else(PoisonError::into_inner).0
    }

    fn look_on_disk(&self, key: &ContentKey) {
        let disk = self.settings().and_then(|settings| settings.disk.as_ref());
        let (Some(disk), Some(name)) = (disk, &key.file_name) else { return };
        if !lock(&self.pieces).looked_for.insert(name.clone()) {
            return;
        }
        match disk.load(name, &key.text) {
            Loaded::Chains(chains) => {
                let piece = Piece { key: key.clone(), chains: Arc::new(chains), is_on_disk: true };
                lock(&self.pieces).add(piece);
            }
            Loaded::Damaged => lock(&self.pieces).counts.damaged_files += 1,
            Loaded::Nothing => {}
        }
    }
}

impl Pieces {
    fn of<'a>(&'a self, key: &'a ContentKey) -> impl Iterator<Item = &'a Piece> {
        self.pieces.iter().filter(move |piece| piece.key.text == key.text)
    }

    fn add(&mut self, piece: Piece) {
        let is_like = |other: &Piece| other.key == piece.key && !other.is_on_disk && !piece.is_on_disk;
        let alike: Vec<Piece> = self.pieces.iter().filter(|other| is_like(other)).cloned().collect();
        if alike.len() < MAX_PIECES {
            return self.push(piece);
        }
        self.pieces.retain(|other| !is_like(other));
        self.bytes -= alike.iter().map(|other| other.chains.bytes().len()).sum::<usize>();
        let sources: Vec<&Chains> = alike.iter().chain([&piece]).map(|it| &*it.chains).collect();
        let chains = Arc::new(merge(&sources));
        self.push(Piece { chains, ..piece });
    }

    fn push(&mut self, piece: Piece) {
        self.bytes += piece.chains.bytes().len();
        self.pieces.push_back(piece);
        while self.bytes > MAX_BYTES {
            let Some(oldest) = self.pieces.pop_front() else { return };
            self.bytes -= oldest.chains.bytes().len();
            self.counts.evicted += oldest.chains.addresses().count();
        }
    }

    /// What is new for each file on disk, and which of the others have been of use.
    fn by_file(&self) -> (Vec<(ContentKey, Chains)>, Vec<String>) {
        let mut new: Vec<(ContentKey, Vec<&Chains>)> = Vec::new();
        for piece in self.pieces.iter().filter(|piece| !piece.is_on_disk && piece.key.file_name.is_some()) {
            match new.iter_mut().find(|(key, _)| *key == piece.key) {
                Some((_, chains)) => chains.push(&piece.chains),
                None => new.push((piece.key.clone(), vec![&piece.chains])),
            }
        }
        let is_new = |piece: &&Piece| new.iter().any(|(key, _)| *key == piece.key);
        let used = self.pieces.iter().filter(|piece| !is_new(piece)).filter_map(|piece| piece.key.file_name.clone());
        let used = used.collect();
        (new.into_iter().map(|(key, chains)| (key, merge(&chains))).collect(), used)
    }
}

/// Together with what other runs have written meanwhile; alone when both are too much.
fn write(disk: &DiskCache, key: &ContentKey, chains: &Chains) -> std::io::Result<()> {
    let Some(name) = &key.file_name else { return Ok(()) };
    let merged = match disk.load(name, &key.text) {
        Loaded::Chains(stored) => Some(merge(&[&stored, chains])),
        Loaded::Nothing | Loaded::Damaged => None,
    };
    let fits = |chains: &&Chains| (chains.bytes().len() as u64) < MAX_FILE_BYTES / 2;
    match merged.as_ref().filter(fits).or(Some(chains).filter(fits)) {
        Some(chains) => disk.store(name, &key.text, chains),
        None => Ok(()),
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
