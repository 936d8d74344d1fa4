//! Observed processes and what they have mapped, kept in step with the kernel's news.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::rc::Rc;

use crate::access::Access;
use crate::engine::Engine;
use crate::failure::Outcome;
use crate::objects::{is_gone, Objects, NO_OBJECT};
use crate::record::{Mapping, Space, MAPPING_JIT, MAPPING_TABLE};
use crate::side_band::{FileIdentity, Item, NewMapping, News};
use crate::space_ranges::{Range, SpaceRanges};
use crate::tables::{first_step_log2, TableMemory, TableSlot};

/// What one search of the kernel program can cover.
const MAX_MAPPINGS: usize = 4096;
/// Of a mapping whose table takes some 10 ms to build and more.
const LARGE_TEXT_BYTES: u64 = 4 << 20;

#[derive(Default)]
pub struct Process {
    pub generation: u32,
    /// Sorted by begin, without overlap.
    pub mappings: Vec<Mapping>,
    /// Shared with the parent until one of the two maps something.
    range: Option<Rc<Range>>,
    must_publish: bool,
    has_ended: bool,
}

/// `mappings`: sorted by begin, without overlap.
pub fn find_mapping(mappings: &[Mapping], address: u64) -> Option<&Mapping> {
    let after = mappings.partition_point(|mapping| mapping.begin <= address);
    mappings.get(after.checked_sub(1)?).filter(|mapping| address < mapping.end)
}

impl Process {
    /// munmap is not reported: what is mapped later wins where the two overlap.
    fn insert(&mut self, new: Mapping) {
        let mut kept = Vec::with_capacity(self.mappings.len() + 2);
        for old in &self.mappings {
            if old.begin < new.begin {
                kept.push(Mapping { end: old.end.min(new.begin), ..*old });
            }
            if old.end > new.end {
                kept.push(Mapping { begin: old.begin.max(new.end), ..*old });
            }
        }
        kept.push(new);
        kept.sort_by_key(|mapping| mapping.begin);
        self.mappings = kept;
        self.must_publish = true;
    }
}

pub struct Processes {
    all: HashMap<u32, Process>,
    /// To be published; looking through all of them at every wake-up would cost a fork storm its square.
    changed: Vec<u32>,
    /// Ended by the last news: samples that came with them may still ask for their mappings.
    ended: Vec<u32>,
    /// Files whose tables found no room.
    waiting: Vec<u32>,
    ranges: SpaceRanges,
    access: Rc<Access>,
    pub objects: Objects,
    pub problems: Vec<(&'static str, String)>,
}

impl Processes {
    pub fn new(engine: &mut Engine, access: Rc<Access>) -> Processes {
        let entries = u32::try_from(engine.mappings.len()).unwrap_or(u32::MAX);
        Processes {
            all: HashMap::new(),
            changed: Vec::new(),
            ended: Vec::new(),
            waiting: Vec::new(),
            ranges: SpaceRanges::new(entries),
            objects: Objects::new(Rc::clone(&access), &table_memory(engine)),
            access,
            problems: Vec::new(),
        }
    }

    pub fn get(&self, pid: u32) -> Option<&Process> {
        self.all.get(&pid)
    }

    /// Those that have not ended.
    pub fn living(&self) -> impl Iterator<Item = u32> + '_ {
        self.all.iter().filter(|(_, process)| !process.has_ended).map(|(pid, _)| *pid)
    }

    /// Begins to follow a process with what it has mapped now. The caller observes it in the kernel afterwards.
    pub fn add(&mut self, engine: &mut Engine, pid: u32) -> Outcome<()> {
        // Known first: what it maps is in use, and makes no room for the next of its files.
        self.all.insert(pid, Process { must_publish: true, ..Process::default() });
        self.changed.push(pid);
        for mapping in self.scan_mappings(pid) {
            self.map(engine, pid, &mapping);
        }
        self.publish(engine)
    }

    /// Applies the news and publishes what changed, at the end and before it takes long: the stacks of a process that
    /// starts with a large library need the small ones at their outer end.
    pub fn apply(&mut self, engine: &mut Engine, items: Vec<Item>) -> Outcome<()> {
        self.forget_ended();
        self.retry_waiting(engine);
        for item in items {
            if self.takes_long(&item) {
                self.publish(engine)?;
            }
            self.apply_one(engine, item);
        }
        self.publish(engine)
    }

    fn takes_long(&self, item: &Item) -> bool {
        let News::Mapped(new) = &item.news else { return false };
        new.end - new.begin >= LARGE_TEXT_BYTES && self.objects.known(&new.identity).is_none()
    }

    /// Not a process that has got the pid of an ended one since.
    fn forget_ended(&mut self) {
        for pid in std::mem::take(&mut self.ended) {
            if self.all.get(&pid).is_some_and(|process| process.has_ended) {
                self.all.remove(&pid);
            }
        }
    }

    fn apply_one(&mut self, engine: &mut Engine, item: Item) {
        match item.news {
            News::Fork { parent } => self.fork(parent, item.pid),
            News::Exec => self.exec(item.pid),
            News::Mapped(new) => self.map(engine, item.pid, &new),
            News::Ended => self.end(item.pid),
            News::Lost { records } => {
                self.problems.push(("side-band-lost", format!("{records} notices of new mappings were lost")));
                self.rescan(engine);
            }
        }
    }

    fn fork(&mut self, parent: u32, child: u32) {
        let Some(process) = self.all.get(&parent) else { return };
        let copy = Process {
            generation: process.generation,
            mappings: process.mappings.clone(),
            range: process.range.clone(),
            must_publish: process.must_publish,
            has_ended: false,
        };
        if copy.must_publish {
            self.changed.push(child);
        }
        self.all.insert(child, copy);
    }

    fn exec(&mut self, pid: u32) {
        let now_ns = crate::clock::monotonic_ns();
        if self.all.contains_key(&pid) && !self.access.may_inspect(pid) && !is_gone(pid) {
            let left_out = self.all.remove(&pid).and_then(|process| process.range);
            release(&mut self.ranges, left_out, now_ns);
            return;
        }
        if let Some(process) = self.all.get_mut(&pid) {
            process.generation += 1;
            touch_objects(&mut self.objects, process, now_ns);
            process.mappings.clear();
            release(&mut self.ranges, process.range.take(), now_ns);
        }
    }

    fn map(&mut self, engine: &mut Engine, pid: u32, new: &NewMapping) {
        if !self.all.contains_key(&pid) {
            return;
        }
        let Some(mapping) = self.resolve(engine, pid, new) else { return };
        if let Some(process) = self.all.get_mut(&pid) {
            process.insert(mapping);
            self.changed.push(pid);
        }
    }

    /// The leader's end; other threads may go on, so the mappings stay until the process is gone.
    fn end(&mut self, pid: u32) {
        let now_ns = crate::clock::monotonic_ns();
        let Some(process) = self.all.get_mut(&pid) else { return };
        if has_other_threads(pid) {
            return;
        }
        process.has_ended = true;
        touch_objects(&mut self.objects, process, now_ns);
        process.must_publish = false;
        self.ended.push(pid);
        release(&mut self.ranges, process.range.take(), now_ns);
    }

    fn rescan(&mut self, engine: &mut Engine) {
        let pids: Vec<u32> = self.living().collect();
        for pid in pids {
            for mapping in self.scan_mappings(pid) {
                self.map(engine, pid, &mapping);
            }
        }
    }

    /// A mapping with its object and table. None for what holds no code of interest.
    fn resolve(&mut self, engine: &mut Engine, pid: u32, new: &NewMapping) -> Option<Mapping> {
        let mapping = Mapping { begin: new.begin, end: new.end, ..Mapping::default() };
        let id = match kind_of(&new.path) {
            PathKind::Ignored => return None,
            PathKind::Anonymous => return Some(Mapping { flags: MAPPING_JIT, object: NO_OBJECT, ..mapping }),
            PathKind::Vdso => self.objects.load_vdso(&mut table_memory(engine)),
            PathKind::File => self.resolve_file(engine, pid, new)?,
        };
        self.use_table(engine, id);
        let bias = self.objects.get(id)?.bias(mapping.begin, new.file_offset);
        Some(with_table(Mapping { bias, object: id, ..mapping }, self.objects.slot(id)))
    }

    /// Loads a file that a process is about to map.
    pub fn load_path(&mut self, engine: &mut Engine, path: &Path) -> io::Result<()> {
        let id = self.objects.load_path(&mut table_memory(engine), path)?;
        self.use_table(engine, id);
        Ok(())
    }

    fn use_table(&mut self, engine: &mut Engine, id: u32) {
        let now_ns = crate::clock::monotonic_ns();
        self.objects.room.touch(id, now_ns);
        if self.objects.room.wants(id, now_ns) && !self.waiting.contains(&id) {
            self.make_room(engine, id, &self.used_objects());
        }
    }

    /// Once a second each, and not for files that no process has mapped any more.
    fn retry_waiting(&mut self, engine: &mut Engine) {
        let now_ns = crate::clock::monotonic_ns();
        let (due, later) =
            std::mem::take(&mut self.waiting).into_iter().partition(|id| self.objects.room.wants(*id, now_ns));
        self.waiting = later;
        for id in due {
            let used = self.used_objects();
            if used.contains(&id) {
                self.make_room(engine, id, &used);
            }
        }
    }

    /// Asked only when the memory is used up: nothing is counted per mapping. Processes that have just ended still use
    /// their tables, for the samples that came with the news.
    fn used_objects(&self) -> HashSet<u32> {
        self.all.values().flat_map(|process| &process.mappings).map(|mapping| mapping.object).collect()
    }

    fn make_room(&mut self, engine: &mut Engine, id: u32, used: &HashSet<u32>) {
        let may_be_soon = !self.ended.is_empty();
        match self.objects.make_room(&mut table_memory(engine), id, used, may_be_soon) {
            true => self.describe_again(id),
            false => self.waiting.push(id),
        }
    }

    /// Processes that had mapped the file before there was room for its table.
    fn describe_again(&mut self, id: u32) {
        let slot = self.objects.slot(id);
        for (pid, process) in &mut self.all {
            for mapping in process.mappings.iter_mut().filter(|mapping| mapping.object == id) {
                *mapping = with_table(*mapping, slot);
                process.must_publish = !process.has_ended;
                self.changed.push(*pid);
            }
        }
    }

    /// None also where the process is not the caller's any more: then it is not even said which files it maps.
    fn resolve_file(&mut self, engine: &mut Engine, pid: u32, new: &NewMapping) -> Option<u32> {
        if let Some(id) = self.objects.known(&new.identity) {
            return Some(id);
        }
        match self.objects.open_mapped(pid, new) {
            Ok(file) => Some(self.objects.load_mapped(&mut table_memory(engine), file, new)),
            Err(_) if is_gone(pid) => self.objects.known_by_inode(new),
            Err(_) if !self.access.may_inspect(pid) || !engine.is_observed(pid) => None,
            Err(error) => Some(self.objects.add_unreadable(new, &error)),
        }
    }

    /// The executable mappings of a process as /proc has them.
    fn scan_mappings(&self, pid: u32) -> Vec<NewMapping> {
        let maps = self.access.for_inspection(|| std::fs::read(format!("/proc/{pid}/maps"))).unwrap_or_default();
        maps.split(|&byte| byte == b'\n').filter_map(parse_maps_line).collect()
    }

    fn publish(&mut self, engine: &mut Engine) -> Outcome<()> {
        let now_ns = crate::clock::monotonic_ns();
        for pid in std::mem::take(&mut self.changed) {
            let Some(process) = self.all.get_mut(&pid) else { continue };
            if !std::mem::take(&mut process.must_publish) {
                continue; // published already, or ended
            }
            let count = process.mappings.len().min(MAX_MAPPINGS);
            if count < process.mappings.len() {
                self.problems.push((
                    "too-many-mappings",
                    format!("process {pid} has more than {MAX_MAPPINGS} executable mappings"),
                ));
            }
            let Some(range) = self.ranges.allocate(count, now_ns) else {
                self.problems.push(("too-many-processes", format!("no room for the mappings of process {pid}")));
                continue;
            };
            for (index, mapping) in process.mappings[..count].iter().enumerate() {
                engine.mappings.set(range.first as usize + index, *mapping);
            }
            let log2_step = first_step_log2(count) as u32;
            let space = Space { first: range.first, count: count as u32, log2_step, generation: process.generation };
            engine.publish_space(pid, &space)?;
            let replaced = process.range.replace(Rc::new(range));
            release(&mut self.ranges, replaced, crate::clock::monotonic_ns()); // it was in use until here
        }
        Ok(())
    }
}

fn touch_objects(objects: &mut Objects, process: &Process, now_ns: u64) {
    process.mappings.iter().for_each(|mapping| objects.room.touch(mapping.object, now_ns));
}

fn release(ranges: &mut SpaceRanges, range: Option<Rc<Range>>, now_ns: u64) {
    if let Some(range) = range.and_then(Rc::into_inner) {
        ranges.release(range, now_ns);
    }
}

pub fn table_memory(engine: &mut Engine) -> TableMemory<'_> {
    TableMemory { directory: &mut engine.directory, rows: &mut engine.rows, rules: &mut engine.rules }
}

pub fn with_table(mapping: Mapping, slot: Option<TableSlot>) -> Mapping {
    let Some(TableSlot { first_page, dir_first, pages }) = slot else { return mapping };
    Mapping { first_page, dir_first, pages, flags: MAPPING_TABLE, ..mapping }
}

pub enum PathKind {
    File,
    Anonymous,
    Vdso,
    Ignored,
}

/// perf writes "//anon" where /proc/PID/maps has nothing.
pub fn kind_of(path: &[u8]) -> PathKind {
    match path {
        b"[vdso]" => PathKind::Vdso,
        b"[vsyscall]" | b"[uprobes]" => PathKind::Ignored,
        b"" => PathKind::Anonymous,
        path if path.starts_with(b"//anon") || path.starts_with(b"[") => PathKind::Anonymous,
        path if path.starts_with(b"/memfd:") || path.starts_with(b"/dev/zero") => PathKind::Anonymous,
        path if path.starts_with(b"/") => PathKind::File,
        _ => PathKind::Anonymous,
    }
}

fn has_other_threads(pid: u32) -> bool {
    std::fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|threads| threads.count() > 1)
}

/// "begin-end perms offset major:minor inode   path"
pub fn parse_maps_line(line: &[u8]) -> Option<NewMapping> {
    let mut fields = line.splitn(6, |&byte| byte == b' ');
    let mut next = || fields.next().and_then(|field| std::str::from_utf8(field).ok());
    let (begin, end) = next()?.split_once('-')?;
    if next()?.as_bytes().get(2) != Some(&b'x') {
        return None;
    }
    let file_offset = u64::from_str_radix(next()?, 16).ok()?;
    let (major, minor) = next()?.split_once(':')?;
    let inode = next()?.parse().ok()?;
    let path = fields.next().unwrap_or_default();
    let blank = path.iter().take_while(|&&byte| byte == b' ').count();
    Some(NewMapping {
        begin: u64::from_str_radix(begin, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        file_offset,
        identity: FileIdentity {
            major: u32::from_str_radix(major, 16).ok()?,
            minor: u32::from_str_radix(minor, 16).ok()?,
            inode,
            generation: 0,
        },
        path: path[blank..].to_vec(),
    })
}
