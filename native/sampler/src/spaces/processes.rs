//! Observed processes and what they have mapped, kept in step with the kernel's news.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use crate::failure::Outcome;
use crate::kernel::clock::monotonic_ns;
use crate::kernel::engine::Engine;
use crate::kernel::record::{Mapping, Space, MAPPING_JIT, MAPPING_TABLE, NO_OBJECT};
use crate::kernel::side_band::{FileIdentity, Item, NewMapping, News};
use crate::kernel::target::Target;
use crate::rights::access::Access;
use crate::spaces::covered_text::same_parts_in;
use crate::spaces::jit_dumps::{is_jit_dump, JitDumps};
use crate::spaces::space_ranges::{self, SpaceRanges};
use crate::tables::objects::{is_elf, is_gone, Objects};
use crate::tables::table_memory::{first_step_log2, TableSlot};

/// What one search of the kernel program can cover.
const MAX_MAPPINGS: usize = 4096;
/// Pieces of text of one process under other memory. Code that is compiled where many libraries were is not looked at for
/// ever.
const MAX_COVERED: usize = 64;
/// After memory was mapped over text.
const COMPARED_AGAIN_MS: [u64; 4] = [10, 50, 250, 1000];
/// Of a mapping whose table takes some 10 ms to build and more.
const LARGE_TEXT_BYTES: u64 = 4 << 20;

#[derive(Default)]
pub struct Process {
    pub generation: u32,
    /// Sorted by begin, without overlap.
    pub mappings: Vec<Mapping>,
    /// Text of files over which memory was mapped that has (not yet) the same bytes.
    covered: Vec<Mapping>,
    /// Shared with the parent until one of the two maps something.
    range: Option<Rc<space_ranges::Range>>,
    must_publish: bool,
    has_ended: bool,
    /// Its children are not followed.
    is_alone: bool,
    /// Code has come to lie where other code was.
    has_other_code: bool,
}

/// `mappings`: sorted by begin, without overlap.
pub fn find_mapping(mappings: &[Mapping], address: u64) -> Option<&Mapping> {
    let after = mappings.partition_point(|mapping| mapping.begin <= address);
    mappings.get(after.checked_sub(1)?).filter(|mapping| address < mapping.end)
}

impl Process {
    /// munmap is not reported: what is mapped later wins where the two overlap. Code without a file is one mapping where
    /// it touches: a compiler at run time maps thousands of pages one by one.
    fn insert(&mut self, mut new: Mapping) {
        let mut first = self.mappings.partition_point(|mapping| mapping.end <= new.begin);
        let mut end = self.mappings.partition_point(|mapping| mapping.begin < new.end);
        let is_new_jit = is_jit(&new);
        let joins = |mapping: &Mapping| is_new_jit && is_jit(mapping);
        if self.mappings[first..end]
            .iter()
            .filter(|old| joins(old))
            .any(|old| old.begin <= new.begin && new.end <= old.end)
        {
            return; // known
        }
        if let Some(before) = first.checked_sub(1).and_then(|index| self.mappings.get(index)).filter(|it| joins(it)) {
            first -= usize::from(before.end == new.begin);
        }
        if let Some(after) = self.mappings.get(end).filter(|it| joins(it)) {
            end += usize::from(after.begin == new.end);
        }
        let replaced = &self.mappings[first..end];
        self.has_other_code |= replaced.iter().any(|old| old.object != new.object);
        let mut head = replaced.first().copied().filter(|old| old.begin < new.begin);
        let mut tail = replaced.last().copied().filter(|old| old.end > new.end);
        new.begin = head.take_if(|old| joins(old)).map_or(new.begin, |old| old.begin);
        new.end = tail.take_if(|old| joins(old)).map_or(new.end, |old| old.end);
        let head = head.map(|old| Mapping { end: new.begin, ..old });
        let tail = tail.map(|old| Mapping { begin: new.end, ..old });
        self.mappings.splice(first..end, head.into_iter().chain([new]).chain(tail));
        self.must_publish = true;
    }
}

impl Process {
    /// Remembers the text of files over which memory comes to lie.
    fn cover(&mut self, memory: &Mapping) {
        let lies_under = |text: &&Mapping| text.begin < memory.end && memory.begin < text.end;
        let texts: Vec<Mapping> = self.mappings.iter().filter(lies_under).filter(|it| !is_jit(it)).copied().collect();
        for text in texts {
            let text = Mapping { begin: text.begin.max(memory.begin), end: text.end.min(memory.end), ..text };
            if !self.covered.contains(&text) && self.covered.len() < MAX_COVERED {
                self.covered.push(text);
            }
        }
    }

    /// Where memory without a file lies in a range.
    fn jit_within(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let first = self.mappings.partition_point(|mapping| mapping.end <= range.start);
        let within = self.mappings[first..].iter().take_while(|mapping| mapping.begin < range.end);
        within.filter(|it| is_jit(it)).map(|it| it.begin.max(range.start)..it.end.min(range.end)).collect()
    }
}

fn is_jit(mapping: &Mapping) -> bool {
    mapping.flags & MAPPING_JIT != 0
}

/// At most `limit` of them. Where there are more, code without a file is taken together over the smallest gaps, in which
/// nothing is known to be. `Err` with what can be had when that does not suffice.
fn fit(mappings: &[Mapping], limit: usize) -> Result<Cow<'_, [Mapping]>, Cow<'_, [Mapping]>> {
    let excess = mappings.len().saturating_sub(limit);
    if excess == 0 {
        return Ok(mappings.into());
    }
    let pairs = mappings.windows(2).enumerate().filter(|(_, pair)| pair.iter().all(is_jit));
    let mut gaps: Vec<(u64, usize)> = pairs.map(|(index, pair)| (pair[1].begin - pair[0].end, index + 1)).collect();
    gaps.sort_unstable();
    let joined: HashSet<usize> = gaps.iter().take(excess).map(|(_, index)| *index).collect();
    let mut fitted: Vec<Mapping> = Vec::with_capacity(mappings.len().min(limit));
    for (index, mapping) in mappings.iter().enumerate() {
        match fitted.last_mut().filter(|_| joined.contains(&index)) {
            Some(last) => last.end = mapping.end,
            None => fitted.push(*mapping),
        }
    }
    let is_whole = fitted.len() <= limit;
    fitted.truncate(limit);
    if is_whole {
        Ok(fitted.into())
    } else {
        Err(fitted.into())
    }
}

/// Called when files have been loaded: their descriptors are not kept until all are.
pub type SendLoaded<'a> = &'a mut dyn FnMut(&mut Objects) -> Outcome<()>;

pub struct Processes {
    all: HashMap<u32, Process>,
    /// To be published; looking through all of them at every wake-up would cost a fork storm its square.
    changed: Vec<u32>,
    /// Ended by the last news: samples that came with them may still ask for their mappings.
    ended: Vec<u32>,
    /// Files whose tables found no room.
    waiting: Vec<u32>,
    /// When memory over text is compared with it again, the soonest first.
    comparisons: Vec<(u64, u32)>,
    ranges: SpaceRanges,
    access: Rc<Access>,
    pub objects: Objects,
    pub jit_dumps: JitDumps,
}

impl Processes {
    pub fn new(engine: &mut Engine, access: Rc<Access>) -> Processes {
        let entries = u32::try_from(engine.mappings.len()).unwrap_or(u32::MAX);
        Processes {
            all: HashMap::new(),
            changed: Vec::new(),
            ended: Vec::new(),
            waiting: Vec::new(),
            comparisons: Vec::new(),
            ranges: SpaceRanges::new(entries),
            objects: Objects::new(Rc::clone(&access), &engine.tables),
            access,
            jit_dumps: JitDumps::default(),
        }
    }

    /// When what walks read was last used again without a rest, or became another.
    pub fn changed_ns(&self) -> u64 {
        self.objects.room.changed_ns.max(self.ranges.woken_ns).max(self.objects.rewritten_ns)
    }

    pub fn get(&self, pid: u32) -> Option<&Process> {
        self.all.get(&pid)
    }

    /// Those that have not ended.
    pub fn living(&self) -> impl Iterator<Item = u32> + '_ {
        self.all.iter().filter(|(_, process)| !process.has_ended).map(|(pid, _)| *pid)
    }

    /// Begins to follow a process with what it has mapped now. The caller observes it in the kernel afterwards.
    pub fn add(&mut self, engine: &mut Engine, target: &Target, send_loaded: SendLoaded) -> Outcome<()> {
        let &Target { pid, is_alone, .. } = target;
        // Known first: what it maps is in use, and makes no room for the next of its files.
        self.all.insert(pid, Process { must_publish: true, is_alone, ..Process::default() });
        self.changed.push(pid);
        let maps = self.list_mappings(pid);
        for listed in maps.iter().filter(|listed| listed.is_executable) {
            self.map(engine, pid, &listed.mapping, monotonic_ns());
            send_loaded(&mut self.objects)?;
        }
        self.note_covered(engine, pid, &maps, monotonic_ns());
        self.uncover(pid, 0..u64::MAX);
        send_loaded(&mut self.objects)?;
        self.publish(engine)
    }

    /// Applies the news and publishes what changed, at the end and before it takes long: the stacks of a process that
    /// starts with a large library need the small ones at their outer end.
    pub fn apply(&mut self, engine: &mut Engine, items: Vec<Item>, send_loaded: SendLoaded) -> Outcome<()> {
        self.forget_ended();
        self.retry_waiting(engine);
        for item in items {
            if self.takes_long(&item) {
                self.publish(engine)?;
            }
            self.apply_one(engine, item);
            send_loaded(&mut self.objects)?;
        }
        self.publish(engine)
    }

    fn takes_long(&self, item: &Item) -> bool {
        let News::Mapped(new) = &item.news else { return false };
        new.end - new.begin >= LARGE_TEXT_BYTES && !self.objects.is_known(&new.identity)
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
            News::Mapped(new) => self.map(engine, item.pid, &new, item.time_ns),
            News::Ended => self.end(item.pid),
            News::Lost { records } => {
                self.objects.problems.add("side-band-lost", format!("{records} notices of new mappings were lost"));
                self.rescan(engine);
            }
        }
    }

    fn fork(&mut self, parent: u32, child: u32) {
        let Some(process) = self.all.get(&parent).filter(|process| !process.is_alone) else { return };
        let copy = Process {
            generation: process.generation,
            mappings: process.mappings.clone(),
            covered: process.covered.clone(),
            range: process.range.clone(),
            must_publish: process.must_publish,
            has_ended: false,
            is_alone: false,
            has_other_code: false,
        };
        if copy.must_publish {
            self.changed.push(child);
        }
        self.all.insert(child, copy);
    }

    fn exec(&mut self, pid: u32) {
        let now_ns = monotonic_ns();
        if self.all.contains_key(&pid) && !self.access.may_inspect(pid) && !is_gone(pid) {
            let left_out = self.all.remove(&pid).and_then(|process| process.range);
            release(&mut self.ranges, left_out, now_ns);
            return;
        }
        if let Some(process) = self.all.get_mut(&pid) {
            process.generation += 1;
            touch_objects(&mut self.objects, process, now_ns);
            process.mappings.clear();
            process.covered.clear();
            release(&mut self.ranges, process.range.take(), now_ns);
        }
    }

    fn map(&mut self, engine: &mut Engine, pid: u32, new: &NewMapping, time_ns: u64) {
        if !self.all.contains_key(&pid) {
            return;
        }
        if is_jit_dump(&new.path) {
            return self.jit_dumps.note(pid, new, || self.objects.open_mapped(pid, new).ok());
        }
        let Some(mapping) = self.resolve(engine, pid, new, time_ns) else { return };
        let Some(process) = self.all.get_mut(&pid) else { return };
        self.changed.push(pid);
        if !is_jit(&mapping) {
            process.covered.retain(|text| text.end <= mapping.begin || mapping.end <= text.begin);
            return process.insert(mapping);
        }
        process.cover(&mapping);
        process.insert(mapping);
        if self.uncover(pid, mapping.begin..mapping.end) {
            let now_ns = monotonic_ns();
            self.comparisons.retain(|(_, other)| *other != pid);
            self.comparisons.extend(COMPARED_AGAIN_MS.map(|ms| (now_ns + ms * 1_000_000, pid)));
            self.comparisons.sort_unstable();
        }
    }

    /// Gives text back to its file where memory over it has the same bytes. True when there is text in the range.
    fn uncover(&mut self, pid: u32, range: Range<u64>) -> bool {
        let Some(process) = self.all.get_mut(&pid) else { return false };
        let mut same = Vec::new();
        let is_within = |text: &&Mapping| text.begin < range.end && range.start < text.end;
        for text in process.covered.iter().filter(is_within) {
            let Some(object) = self.objects.get(text.object) else { continue };
            let Some(contents) = self.objects.contents(object) else { continue };
            for part in process.jit_within(text.begin..text.end) {
                let parts = same_parts_in(&self.access, pid, part, text, object, contents.bytes());
                let restored = with_table(Mapping { flags: 0, ..*text }, self.objects.slot(text.object));
                same.extend(parts.into_iter().map(|part| Mapping { begin: part.start, end: part.end, ..restored }));
            }
        }
        let is_any = process.covered.iter().any(|text| is_within(&text));
        same.into_iter().for_each(|text| process.insert(text));
        is_any
    }

    /// Memory may be mapped first and filled then, and the second is not told of.
    pub fn compare_again(&mut self, engine: &mut Engine) -> Outcome<()> {
        let now_ns = monotonic_ns();
        let due = self.comparisons.partition_point(|(due_ns, _)| *due_ns <= now_ns);
        let pids: HashSet<u32> = self.comparisons.drain(..due).map(|(_, pid)| pid).collect();
        for pid in pids {
            self.uncover(pid, 0..u64::MAX);
            self.changed.push(pid);
        }
        if due > 0 {
            self.publish(engine)?;
        }
        Ok(())
    }

    /// When memory is to be compared next.
    pub fn next_comparison_ns(&self) -> Option<u64> {
        self.comparisons.first().map(|(due_ns, _)| *due_ns)
    }

    /// Of memory that lies among the mappings of a file, as /proc shows a process whose text was moved before we came:
    /// the text that would be there, which its bytes have to prove.
    fn note_covered(&mut self, engine: &mut Engine, pid: u32, maps: &[Listed], time_ns: u64) {
        let is_file = |listed: &&Listed| matches!(kind_of(&listed.mapping.path), PathKind::File);
        let is_memory = |listed: &Listed| matches!(kind_of(&listed.mapping.path), PathKind::Anonymous);
        for (index, memory) in maps.iter().enumerate().filter(|(_, listed)| listed.is_executable && is_memory(listed)) {
            let before = maps[..index].iter().rev().find(|listed| !is_memory(listed)).filter(is_file);
            let behind = maps[index + 1..].iter().find(|listed| !is_memory(listed)).filter(is_file);
            for beside in before.into_iter().chain(behind) {
                self.note_covered_by(engine, pid, &memory.mapping, (&beside.mapping, time_ns));
            }
        }
    }

    fn note_covered_by(
        &mut self,
        engine: &mut Engine,
        pid: u32,
        memory: &NewMapping,
        (beside, time_ns): (&NewMapping, u64),
    ) {
        if !self.objects.is_known(&beside.identity) && !self.objects.is_mapped_elf(pid, beside) {
            return; // data
        }
        let Some(id) = self.resolve_file(engine, pid, beside, time_ns) else { return };
        self.use_table(engine, id);
        let slot = self.objects.slot(id);
        let (Some(object), Some(process)) = (self.objects.get(id), self.all.get_mut(&pid)) else { return };
        let known = process.mappings.iter().find(|mapping| mapping.object == id).map(|mapping| mapping.bias);
        let biases: Vec<u64> = match known {
            Some(bias) => vec![bias],
            None => object.text_pages().map(|page| memory.begin.wrapping_sub(page)).collect(),
        };
        for bias in biases {
            let text = Mapping { begin: memory.begin, end: memory.end, bias, object: id, ..Mapping::default() };
            process.covered.push(with_table(text, slot));
        }
    }

    /// The leader's end; other threads may go on, so the mappings stay until the process is gone.
    fn end(&mut self, pid: u32) {
        let now_ns = monotonic_ns();
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
                self.map(engine, pid, &mapping, monotonic_ns());
            }
        }
    }

    /// Files that were written over where they lie: a process that has one mapped executes what is in it now.
    pub fn map_rewritten(&mut self, engine: &mut Engine, send_loaded: SendLoaded) -> Outcome<()> {
        let rewritten = self.objects.take_rewritten(&mut engine.tables);
        if rewritten.is_empty() {
            return Ok(());
        }
        let is_affected = |mapping: &Mapping| rewritten.contains(&mapping.object);
        let pids: Vec<u32> = self.living().filter(|pid| self.all[pid].mappings.iter().any(is_affected)).collect();
        for pid in pids {
            for new in self.scan_mappings(pid) {
                if find_mapping(&self.all[&pid].mappings, new.begin).is_some_and(is_affected) {
                    self.map(engine, pid, &new, monotonic_ns());
                    send_loaded(&mut self.objects)?;
                }
            }
        }
        self.publish(engine)
    }

    /// A mapping with its object and table. None for what holds no code of interest.
    fn resolve(&mut self, engine: &mut Engine, pid: u32, new: &NewMapping, time_ns: u64) -> Option<Mapping> {
        let mapping = Mapping { begin: new.begin, end: new.end, ..Mapping::default() };
        let id = match kind_of(&new.path) {
            PathKind::Ignored => return None,
            PathKind::Anonymous => None,
            PathKind::Vdso => Some(self.objects.load_vdso(&mut engine.tables)),
            PathKind::MemoryFile => self.resolve_memory_file(engine, pid, new),
            PathKind::File => Some(self.resolve_file(engine, pid, new, time_ns)?),
        };
        let Some(id) = id else { return Some(Mapping { flags: MAPPING_JIT, object: NO_OBJECT, ..mapping }) };
        self.use_table(engine, id);
        let bias = self.objects.get(id)?.bias(mapping.begin, new.file_offset);
        Some(with_table(Mapping { bias, object: id, ..mapping }, self.objects.slot(id)))
    }

    /// Loads a file that a process is about to map.
    pub fn load_path(&mut self, engine: &mut Engine, path: &Path) -> io::Result<()> {
        let id = self.objects.load_path(&mut engine.tables, path)?;
        self.use_table(engine, id);
        Ok(())
    }

    fn use_table(&mut self, engine: &mut Engine, id: u32) {
        let now_ns = monotonic_ns();
        self.objects.room.touch(id, now_ns);
        if self.objects.room.wants(id, now_ns) && !self.waiting.contains(&id) {
            self.make_room(engine, id, &self.used_objects());
        }
    }

    /// Once a second each, and not for files that no process has mapped any more.
    fn retry_waiting(&mut self, engine: &mut Engine) {
        let now_ns = monotonic_ns();
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
        match self.objects.make_room(&mut engine.tables, id, used, may_be_soon) {
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
    fn resolve_file(&mut self, engine: &mut Engine, pid: u32, new: &NewMapping, time_ns: u64) -> Option<u32> {
        if let Some(id) = self.objects.known(pid, new) {
            return Some(id);
        }
        match self.objects.open_mapped(pid, new) {
            Ok(file) => Some(self.objects.load_mapped(&mut engine.tables, file, new)),
            Err(_) if is_gone(pid) => self.objects.load_of_ended(&mut engine.tables, new, time_ns),
            Err(_) if !self.access.may_inspect(pid) || !engine.is_observed(pid) => None,
            Err(error) => {
                let loaded = self.objects.load_of_ended(&mut engine.tables, new, time_ns);
                Some(loaded.unwrap_or_else(|| self.objects.add_unreadable(new, &error)))
            }
        }
    }

    /// A program or a library that lies in memory alone. None for what is no ELF file: code that is made at run time, and
    /// mapped a second time to be written.
    fn resolve_memory_file(&mut self, engine: &mut Engine, pid: u32, new: &NewMapping) -> Option<u32> {
        if let Some(id) = self.objects.known(pid, new) {
            return Some(id);
        }
        let file = self.objects.open_mapped(pid, new).ok().filter(is_elf)?;
        let named = NewMapping { path: memory_file_name(&new.path).to_vec(), ..new.clone() };
        Some(self.objects.load_mapped(&mut engine.tables, file, &named))
    }

    /// The executable mappings of a process as /proc has them.
    fn scan_mappings(&self, pid: u32) -> Vec<NewMapping> {
        let listed = self.list_mappings(pid).into_iter().filter(|listed| listed.is_executable);
        listed.map(|listed| listed.mapping).collect()
    }

    fn list_mappings(&self, pid: u32) -> Vec<Listed> {
        let maps = self.access.for_inspection(|| std::fs::read(format!("/proc/{pid}/maps"))).unwrap_or_default();
        maps.split(|&byte| byte == b'\n').filter_map(parse_listed).collect()
    }

    fn publish(&mut self, engine: &mut Engine) -> Outcome<()> {
        let now_ns = monotonic_ns();
        for pid in std::mem::take(&mut self.changed) {
            let Some(process) = self.all.get_mut(&pid) else { continue };
            if std::mem::take(&mut process.has_other_code) {
                self.objects.rewritten_ns = now_ns;
            }
            if !std::mem::take(&mut process.must_publish) {
                continue; // published already, or ended
            }
            let mappings = fit(&process.mappings, MAX_MAPPINGS).unwrap_or_else(|fitted| {
                let message = format!("process {pid} has more than {MAX_MAPPINGS} executable mappings");
                self.objects.problems.add("too-many-mappings", message);
                fitted
            });
            let count = mappings.len();
            let Some(range) = self.ranges.allocate(count, now_ns) else {
                let message = format!("no room for the mappings of process {pid}");
                self.objects.problems.add("too-many-processes", message);
                process.must_publish = true; // with its next mapping
                continue;
            };
            engine.mappings.set_all(range.first as usize, &mappings);
            let log2_step = first_step_log2(count) as u32;
            let space = Space { first: range.first, count: count as u32, log2_step, generation: process.generation };
            engine.publish_space(pid, &space)?;
            let replaced = process.range.replace(Rc::new(range));
            release(&mut self.ranges, replaced, monotonic_ns()); // it was in use until here
        }
        Ok(())
    }
}

fn touch_objects(objects: &mut Objects, process: &Process, now_ns: u64) {
    process.mappings.iter().for_each(|mapping| objects.room.touch(mapping.object, now_ns));
}

fn release(ranges: &mut SpaceRanges, range: Option<Rc<space_ranges::Range>>, now_ns: u64) {
    if let Some(range) = range.and_then(Rc::into_inner) {
        ranges.release(range, now_ns);
    }
}

pub fn with_table(mapping: Mapping, slot: Option<TableSlot>) -> Mapping {
    let Some(TableSlot { first_page, dir_first, pages }) = slot else { return mapping };
    Mapping { first_page, dir_first, pages, flags: MAPPING_TABLE, ..mapping }
}

pub enum PathKind {
    File,
    /// Of memfd_create.
    MemoryFile,
    Anonymous,
    Vdso,
    Ignored,
}

/// Shared, huge and System V memory, which the kernel names as files.
const MEMORY_PATHS: [&[u8]; 3] = [b"/dev/zero", b"/anon_hugepage", b"/SYSV"];

/// "memfd:NAME" of "/memfd:NAME (deleted)".
fn memory_file_name(path: &[u8]) -> &[u8] {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    path.strip_suffix(b" (deleted)").unwrap_or(path)
}

/// perf writes "//anon" where /proc/PID/maps has nothing.
pub fn kind_of(path: &[u8]) -> PathKind {
    match path {
        b"[vdso]" => PathKind::Vdso,
        b"[vsyscall]" | b"[uprobes]" => PathKind::Ignored,
        b"" => PathKind::Anonymous,
        path if path.starts_with(b"//anon") || path.starts_with(b"[") => PathKind::Anonymous,
        path if path.starts_with(b"/memfd:") => PathKind::MemoryFile,
        path if MEMORY_PATHS.iter().any(|known| path.starts_with(known)) => PathKind::Anonymous,
        path if path.starts_with(b"/") => PathKind::File,
        _ => PathKind::Anonymous,
    }
}

fn has_other_threads(pid: u32) -> bool {
    std::fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|threads| threads.count() > 1)
}

/// A line of /proc/PID/maps.
struct Listed {
    is_executable: bool,
    mapping: NewMapping,
}

/// That of an executable mapping.
#[cfg(test)]
pub fn parse_maps_line(line: &[u8]) -> Option<NewMapping> {
    parse_listed(line).filter(|listed| listed.is_executable).map(|listed| listed.mapping)
}

/// "begin-end perms offset major:minor inode   path"
fn parse_listed(line: &[u8]) -> Option<Listed> {
    let mut fields = line.splitn(6, |&byte| byte == b' ');
    let mut next = || fields.next().and_then(|field| std::str::from_utf8(field).ok());
    let (begin, end) = next()?.split_once('-')?;
    let is_executable = next()?.as_bytes().get(2) == Some(&b'x');
    let file_offset = u64::from_str_radix(next()?, 16).ok()?;
    let (major, minor) = next()?.split_once(':')?;
    let inode = next()?.parse().ok()?;
    let path = fields.next().unwrap_or_default();
    let blank = path.iter().take_while(|&&byte| byte == b' ').count();
    let mapping = NewMapping {
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
    };
    Some(Listed { is_executable, mapping })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(begin: u64, end: u64, object: u32) -> Mapping {
        Mapping { begin, end, object, flags: MAPPING_TABLE, ..Mapping::default() }
    }

    fn jit(begin: u64, end: u64) -> Mapping {
        Mapping { begin, end, flags: MAPPING_JIT, ..Mapping::default() }
    }

    fn process(mappings: &[Mapping]) -> Process {
        let mut process = Process::default();
        mappings.iter().for_each(|mapping| process.insert(*mapping));
        process
    }

    #[test]
    fn what_is_mapped_later_wins_and_leaves_the_rest() {
        let seen = process(&[file(10, 20, 1), file(30, 40, 2), file(5, 8, 3), file(15, 35, 4)]).mappings;
        assert_eq!(seen, [file(5, 8, 3), file(10, 15, 1), file(15, 35, 4), file(35, 40, 2)]);
        let seen = process(&[file(10, 40, 1), file(20, 30, 2)]).mappings;
        assert_eq!(seen, [file(10, 20, 1), file(20, 30, 2), file(30, 40, 1)]);
        assert_eq!(process(&[file(10, 20, 1), file(0, 50, 2)]).mappings, [file(0, 50, 2)]);
    }

    #[test]
    fn code_without_a_file_is_one_mapping_where_it_touches() {
        assert_eq!(process(&[jit(10, 20), jit(30, 40), jit(20, 30)]).mappings, [jit(10, 40)]);
        assert_eq!(process(&[jit(10, 20), jit(15, 30), jit(5, 12)]).mappings, [jit(5, 30)]);
        let beside_files = [file(0, 10, 1), jit(10, 20), file(20, 30, 2), jit(25, 30)];
        assert_eq!(process(&beside_files).mappings, [file(0, 10, 1), jit(10, 20), file(20, 25, 2), jit(25, 30)]);
    }

    #[test]
    fn code_that_is_known_is_not_published_again() {
        let mut process = process(&[jit(10, 40)]);
        process.must_publish = false;
        process.insert(jit(20, 30));
        assert!(!process.must_publish);
        process.insert(jit(20, 50));
        assert!(process.must_publish && process.mappings == [jit(10, 50)]);
    }

    #[test]
    fn any_order_of_many_gives_the_same_as_one_page_after_the_other() {
        let mut owner = [0u32; 200];
        let mut process = Process::default();
        let mut random = 1u64;
        for number in 1..500u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let begin = (random >> 33) % 190;
            let end = begin + 1 + (random >> 50) % 10;
            let object = if number % 3 == 0 { 0 } else { number };
            process.insert(if object == 0 { jit(begin, end) } else { file(begin, end, object) });
            owner[begin as usize..end as usize].fill(if object == 0 { u32::MAX } else { object });
            let at = |address: u64| find_mapping(&process.mappings, address);
            let found =
                (0..200).map(|address| at(address).map_or(0, |it| if is_jit(it) { u32::MAX } else { it.object }));
            assert!(found.eq(owner), "after {number}");
            assert!(process.mappings.windows(2).all(|pair| pair[0].end <= pair[1].begin));
        }
    }

    #[test]
    fn too_many_are_joined_over_the_smallest_gaps_and_files_are_never() {
        let many = [jit(0, 10), jit(11, 20), file(20, 30, 1), jit(40, 50), jit(90, 100)];
        assert_eq!(fit(&many, 5), Ok(many[..].into()));
        assert_eq!(fit(&many, 4), Ok(vec![jit(0, 20), many[2], many[3], many[4]].into()));
        assert_eq!(fit(&many, 3), Ok(vec![jit(0, 20), many[2], jit(40, 100)].into()));
        assert_eq!(fit(&many, 2), Err(vec![jit(0, 20), many[2]].into()));
    }
}
