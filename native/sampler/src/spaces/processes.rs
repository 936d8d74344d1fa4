//! Observed processes and what they have mapped, kept in step with the kernel's news.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use crate::facts::Facts;
use crate::failure::Outcome;
use crate::kernel::clock::monotonic_ns;
use crate::kernel::engine::Engine;
use crate::kernel::perf::side_band::{Item, NewMapping, News};
use crate::kernel::record::{Mapping, MAPPING_JIT, NO_OBJECT};
use crate::kernel::target::Target;
use crate::rights::access::Access;
use crate::spaces::comparisons::Comparisons;
use crate::spaces::covered_text::{memory_beside_files, possible_texts, restored_texts};
use crate::spaces::jit_dumps::{is_jit_dump, JitDumps};
use crate::spaces::mappings::{find_mapping, is_jit, with_table};
use crate::spaces::maps_file::{is_gone, list_mappings, scan_mappings, Listed};
use crate::spaces::process::Process;
use crate::spaces::process_list::ProcessList;
use crate::spaces::publication::Publication;
use crate::spaces::resolver::{Owner, Resolver};
use crate::spaces::table_demand::TableDemand;
use crate::tables::objects::Objects;

/// Of a mapping whose table takes some 10 ms to build and more.
const LARGE_TEXT_BYTES: u64 = 4 << 20;

/// Called after each file: descriptors are sent as they come, since all of them at once could be too many.
pub type SendLoaded<'a> = &'a mut dyn FnMut(&mut Objects) -> Outcome<()>;

pub struct Processes {
    list: ProcessList,
    demand: TableDemand,
    comparisons: Comparisons,
    publication: Publication,
    access: Rc<Access>,
    pub objects: Objects,
    pub jit_dumps: JitDumps,
}

impl Processes {
    pub fn new(engine: &mut Engine, access: Rc<Access>) -> Processes {
        Processes {
            list: ProcessList::default(),
            demand: TableDemand::default(),
            comparisons: Comparisons::default(),
            publication: Publication::new(engine),
            objects: Objects::new(Rc::clone(&access), &engine.tables),
            access,
            jit_dumps: JitDumps::default(),
        }
    }

    /// When what walks read was last used again without a rest, or became another.
    pub fn changed_ns(&self) -> u64 {
        self.objects.room.changed_ns.max(self.publication.woken_ns()).max(self.objects.rewritten_ns)
    }

    pub fn get(&self, pid: u32) -> Option<&Process> {
        self.list.get(pid)
    }

    /// Those that have not ended.
    pub fn living(&self) -> impl Iterator<Item = u32> + '_ {
        self.list.living()
    }

    /// Begins to follow a process with what it has mapped now. The BPF programs observe it already: what it maps
    /// meanwhile is in the news, and nothing falls between.
    pub fn add(&mut self, engine: &mut Engine, target: &Target, send_loaded: SendLoaded) -> Outcome<()> {
        let &Target { pid, is_alone, .. } = target;
        // Known first: what it maps is in use, and makes no room for the next of its files.
        self.list.insert(pid, Process { must_publish: true, is_alone, ..Process::default() });
        let maps = list_mappings(&self.access, pid);
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
        self.list.forget_ended();
        self.retry_waiting(engine);
        for item in items {
            if self.takes_long(&item) {
                self.publish(engine)?;
            }
            self.apply_one(engine, item)?;
            send_loaded(&mut self.objects)?;
        }
        self.publish(engine)
    }

    fn takes_long(&self, item: &Item) -> bool {
        let News::Mapped(new) = &item.news else { return false };
        new.end - new.begin >= LARGE_TEXT_BYTES && !self.objects.is_known(&new.identity)
    }

    fn apply_one(&mut self, engine: &mut Engine, item: Item) -> Outcome<()> {
        match item.news {
            News::Fork { parent } => self.fork(parent, item.pid),
            News::Exec => self.exec(item.pid),
            News::Mapped(new) => self.map(engine, item.pid, &new, item.time_ns),
            News::Ended => self.end(engine, item.pid)?,
            News::Lost { records } => {
                self.objects.problems.add(Facts::of("side-band-lost").number("records", records));
                self.rescan(engine)?;
            }
        }
        Ok(())
    }

    fn fork(&mut self, parent: u32, child: u32) {
        if let Some(process) = self.list.get(parent).filter(|process| !process.is_alone) {
            let copy = process.forked();
            self.list.insert(child, copy);
        }
    }

    fn exec(&mut self, pid: u32) {
        let now_ns = monotonic_ns();
        if self.list.get(pid).is_some() && !self.access.may_inspect(pid) && !is_gone(pid) {
            let left_out = self.list.remove(pid).and_then(|process| process.range);
            self.publication.release(left_out, now_ns);
            self.comparisons.forget(pid);
            self.jit_dumps.forget(pid);
            return;
        }
        if let Some(process) = self.list.get_mut(pid) {
            process.generation += 1;
            touch_objects(&mut self.objects, process, now_ns);
            process.mappings.clear();
            process.covered.clear();
            self.publication.release(process.range.take(), now_ns);
        }
    }

    fn map(&mut self, engine: &mut Engine, pid: u32, new: &NewMapping, time_ns: u64) {
        if self.list.get(pid).is_none() {
            return;
        }
        if is_jit_dump(&new.path) {
            return self.jit_dumps.note(pid, new, || self.objects.open_mapped(pid, new).ok());
        }
        let Some(mapping) = self.resolve(engine, pid, new, time_ns) else { return };
        self.list.note_changed(pid);
        let Some(process) = self.list.get_mut(pid) else { return };
        if !is_jit(&mapping) {
            process.covered.retain(|text| text.end <= mapping.begin || mapping.end <= text.begin);
            return process.insert(mapping);
        }
        process.cover(&mapping);
        process.insert(mapping);
        if self.uncover(pid, mapping.begin..mapping.end) {
            self.comparisons.schedule(pid);
        }
    }

    /// Gives text back to its file where memory over it has the same bytes. True when there is text in the range.
    fn uncover(&mut self, pid: u32, range: Range<u64>) -> bool {
        let Some(process) = self.list.get_mut(pid) else { return false };
        let restored = restored_texts(&self.objects, &self.access, (pid, process), &range);
        restored.into_iter().for_each(|text| process.insert(text));
        process.covered.iter().any(|text| text.begin < range.end && range.start < text.end)
    }

    /// Compares memory with the text under it, of processes whose time has come.
    pub fn compare_again(&mut self, engine: &mut Engine) -> Outcome<()> {
        let pids = self.comparisons.take_due();
        for pid in &pids {
            self.uncover(*pid, 0..u64::MAX);
            self.list.note_changed(*pid);
        }
        match pids.is_empty() {
            true => Ok(()),
            false => self.publish(engine),
        }
    }

    /// When memory is to be compared next.
    pub fn next_comparison_ns(&self) -> Option<u64> {
        self.comparisons.next_ns()
    }

    /// Where the text of a process was moved before we came, /proc shows memory among the mappings of a file. Notes the
    /// text that would be there; its bytes have to prove it.
    fn note_covered(&mut self, engine: &mut Engine, pid: u32, maps: &[Listed], time_ns: u64) {
        for (memory, file) in memory_beside_files(maps) {
            if !self.objects.is_known(&file.identity) && !self.objects.is_mapped_elf(pid, file) {
                continue; // data
            }
            let Some(id) = self.resolver(engine).file(pid, file, time_ns) else { continue };
            self.use_table(engine, id);
            let slot = self.objects.slot(id);
            let (Some(object), Some(process)) = (self.objects.get(id), self.list.get_mut(pid)) else { continue };
            let texts = possible_texts(memory, object, process);
            process.covered.extend(texts.into_iter().map(|text| with_table(text, slot)));
        }
    }

    /// The leader's end. Other threads may go on, and one of them may exec; no news tells of the last one's end.
    fn end(&mut self, engine: &Engine, pid: u32) -> Outcome<()> {
        let now_ns = monotonic_ns();
        let Some(process) = self.list.get_mut(pid) else { return Ok(()) };
        if !has_ended(engine, pid) {
            self.list.note_leaderless(pid);
            return Ok(());
        }
        process.has_ended = true;
        touch_objects(&mut self.objects, process, now_ns);
        process.must_publish = false;
        self.publication.release(process.range.take(), now_ns);
        self.list.note_ended(pid);
        self.comparisons.forget(pid);
        self.jit_dumps.forget(pid);
        if engine.is_observed(pid) {
            return Ok(()); // not freed yet, or the pid is another's already
        }
        engine.withdraw_space(pid)
    }

    /// Processes that have outlived their leader, and now have ended, too.
    pub fn end_leaderless(&mut self, engine: &Engine) -> Outcome<()> {
        self.list.take_leaderless().into_iter().try_for_each(|pid| self.end(engine, pid))
    }

    fn rescan(&mut self, engine: &mut Engine) -> Outcome<()> {
        let pids: Vec<u32> = self.living().collect();
        for pid in pids {
            if has_ended(engine, pid) {
                self.end(engine, pid)?; // that was lost, too
                continue;
            }
            for mapping in scan_mappings(&self.access, pid) {
                self.map(engine, pid, &mapping, monotonic_ns());
            }
        }
        Ok(())
    }

    /// Files that were written over where they lie: a process that has one mapped executes what is in it now.
    pub fn map_rewritten(&mut self, engine: &mut Engine, send_loaded: SendLoaded) -> Outcome<()> {
        let rewritten = self.objects.take_rewritten(&mut engine.tables);
        if rewritten.is_empty() {
            return Ok(());
        }
        let is_affected = |mapping: &Mapping| rewritten.contains(&mapping.object);
        let has_affected = |pid: &u32| self.get(*pid).is_some_and(|process| process.mappings.iter().any(is_affected));
        let pids: Vec<u32> = self.living().filter(has_affected).collect();
        for pid in pids {
            for new in scan_mappings(&self.access, pid) {
                let mapped = self.get(pid).and_then(|process| find_mapping(&process.mappings, new.begin));
                if mapped.is_some_and(is_affected) {
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
        let id = match self.resolver(engine).owner_of(pid, new, time_ns)? {
            Owner::Object(id) => id,
            Owner::Nobody => return Some(Mapping { flags: MAPPING_JIT, object: NO_OBJECT, ..mapping }),
        };
        self.use_table(engine, id);
        let bias = self.objects.get(id)?.bias(mapping.begin, new.file_offset);
        Some(with_table(Mapping { bias, object: id, ..mapping }, self.objects.slot(id)))
    }

    fn resolver<'a>(&'a mut self, engine: &'a mut Engine) -> Resolver<'a> {
        Resolver { objects: &mut self.objects, engine, access: &self.access }
    }

    /// Loads a file that a process is about to map.
    pub fn load_path(&mut self, engine: &mut Engine, path: &Path) -> io::Result<()> {
        let id = self.objects.load_path(&mut engine.tables, path)?;
        self.use_table(engine, id);
        Ok(())
    }

    fn use_table(&mut self, engine: &mut Engine, id: u32) {
        if self.demand.note_use(&mut self.objects, id) {
            self.make_room(engine, id, &self.list.used_objects());
        }
    }

    /// Files that no process has mapped any more are left out.
    fn retry_waiting(&mut self, engine: &mut Engine) {
        for id in self.demand.take_due(&self.objects) {
            let used = self.list.used_objects();
            if used.contains(&id) {
                self.make_room(engine, id, &used);
            }
        }
    }

    fn make_room(&mut self, engine: &mut Engine, id: u32, used: &HashSet<u32>) {
        let may_be_soon = self.list.has_just_ended();
        if self.demand.make_room(&mut self.objects, &mut engine.tables, id, used, may_be_soon) {
            self.list.describe_again(id, self.objects.slot(id));
        }
    }

    /// Files that no process is known to have mapped, and to which no mapping in the kernel leads. Those whose last use is
    /// not `idle_ns` ago are left out.
    pub fn unused_objects(&self, engine: &Engine, idle_ns: u64) -> HashSet<u32> {
        let time_ns = monotonic_ns().saturating_sub(idle_ns);
        let known = self.list.known_objects();
        let idle: HashSet<u32> = self.objects.idle_since(time_ns, &known).collect();
        match idle.is_empty() {
            true => idle,
            false => &idle - &engine.reachable_objects(),
        }
    }

    /// Lets go of what was unused before the epoch turned, and is so still.
    pub fn let_go(&mut self, engine: &mut Engine, unused: &HashSet<u32>, before_ns: u64) {
        let known = self.list.known_objects();
        let idle: HashSet<u32> = self.objects.idle_since(before_ns, &known).collect();
        let gone = &idle & unused;
        self.demand.forget(&gone);
        self.objects.let_go(&mut engine.tables, &gone);
    }

    /// munmap is no news. Compares what each process is known to have mapped with what it has.
    pub fn forget_unmapped(&mut self, engine: &mut Engine) -> Outcome<()> {
        let pids: Vec<u32> = self.living().collect();
        for pid in pids {
            let listed = scan_mappings(&self.access, pid);
            let Some(process) = self.list.get_mut(pid).filter(|_| !listed.is_empty()) else { continue };
            touch_objects(&mut self.objects, process, monotonic_ns());
            process.forget_unmapped(&listed);
            self.list.note_changed(pid);
        }
        self.publish(engine)
    }

    fn publish(&mut self, engine: &mut Engine) -> Outcome<()> {
        let now_ns = monotonic_ns();
        for pid in self.list.take_changed() {
            let Some(process) = self.list.get_mut(pid) else { continue };
            if std::mem::take(&mut process.has_other_code) {
                self.objects.rewritten_ns = now_ns;
            }
            if !std::mem::take(&mut process.must_publish) {
                continue; // published already, or ended
            }
            self.publication.publish(engine, (pid, process), &mut self.objects.problems)?;
        }
        Ok(())
    }
}

/// The kernel has freed it, or all of its threads have ended. The memory is asked for last: a thread that execs becomes the
/// only one first.
fn has_ended(engine: &Engine, pid: u32) -> bool {
    !engine.is_observed(pid) || (!has_other_threads(pid) && is_gone(pid))
}

fn has_other_threads(pid: u32) -> bool {
    std::fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|threads| threads.count() > 1)
}

fn touch_objects(objects: &mut Objects, process: &Process, now_ns: u64) {
    process.mappings.iter().for_each(|mapping| objects.touch(mapping.object, now_ns));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::engine::tests::{loaded_engine, sample_ourselves};
    use crate::kernel::record::{read_from, StackHead, FRAME_OBJECT_SHIFT, FRAME_RULE_SHIFT, MAX_OBJECTS};

    /// Of the stacks that wait in the ring: frames of files, by their CFI.
    fn take_cfi_frames(engine: &Engine) -> Vec<usize> {
        let records = engine.take_records().unwrap();
        let mut rest = records.as_slice();
        let mut counts = Vec::new();
        while let Some((length, tail)) = rest.split_at_checked(4) {
            let (record, tail) = tail.split_at(u32::from_le_bytes(length.try_into().unwrap()) as usize);
            let head: StackHead = read_from(record).unwrap();
            let frames = record[size_of::<StackHead>()..].chunks_exact(8).take(head.user_frames.into());
            let words = frames.map(|word| u64::from_le_bytes(word.try_into().unwrap()));
            let is_cfi = |word: &u64| word >> FRAME_RULE_SHIFT & 7 == 0 && word >> FRAME_OBJECT_SHIFT != 0;
            counts.push(words.filter(is_cfi).count());
            rest = tail;
        }
        counts
    }

    #[test]
    fn a_space_that_leads_to_a_table_that_is_gone_gets_no_rules() {
        let Some((mut engine, access)) = loaded_engine() else { return };
        let mut processes = Processes::new(&mut engine, Rc::new(access));
        engine.observe(&Target::of(1, std::process::id())).unwrap();
        processes.add(&mut engine, &Target::of(1, std::process::id()), &mut |_| Ok(())).unwrap();
        sample_ourselves(&engine);
        assert!(take_cfi_frames(&engine).iter().sum::<usize>() > 20);
        for slot in processes.objects.iter().filter_map(|object| processes.objects.slot(object.id)) {
            slot.name_owner(&mut engine.tables, NO_OBJECT);
        }
        engine.observe(&Target::of(2, std::process::id())).unwrap(); // another root: known stacks are not sent again
        sample_ourselves(&engine);
        assert_eq!(take_cfi_frames(&engine).iter().sum::<usize>(), 0);
    }

    #[test]
    fn rules_that_were_remembered_of_a_file_are_not_those_of_the_next_with_its_number() {
        let Some((mut engine, access)) = loaded_engine() else { return };
        let pid = std::process::id();
        let mut processes = Processes::new(&mut engine, Rc::new(access));
        engine.observe(&Target::of(1, pid)).unwrap();
        processes.add(&mut engine, &Target::of(1, pid), &mut |_| Ok(())).unwrap();
        sample_ourselves(&engine);
        assert!(take_cfi_frames(&engine).iter().sum::<usize>() > 20);
        let reused = |id: u32| id + MAX_OBJECTS;
        for object in processes.objects.iter() {
            let Some(slot) = processes.objects.slot(object.id) else { continue };
            slot.words().for_each(|word| engine.tables.directory.set(word, 0)); // a file without any rules
            slot.name_owner(&mut engine.tables, reused(object.id));
        }
        let process = processes.list.get_mut(pid).unwrap();
        process.mappings.iter_mut().for_each(|mapping| mapping.object = reused(mapping.object));
        process.must_publish = true;
        processes.list.note_changed(pid);
        processes.publish(&mut engine).unwrap();
        engine.observe(&Target::of(2, pid)).unwrap(); // another root: known stacks are not sent again
        sample_ourselves(&engine);
        let frames = take_cfi_frames(&engine);
        // Each walk ends at its first frame, in text of which nothing is known.
        assert!(!frames.is_empty() && frames.iter().all(|count| *count <= 1), "{frames:?}");
    }
}
