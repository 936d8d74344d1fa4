//! The ELF files of a run: each opened, parsed and loaded once, however many processes map it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::Path;
use std::rc::Rc;

use bee_elf::ElfFile;

use crate::facts::Facts;
use crate::kernel::bpf::table_arrays::TableArrays;
use crate::kernel::clock::{monotonic_ns, real_ns};
use crate::kernel::perf::side_band::{FileIdentity, NewMapping};
use crate::kernel::record::{MAX_OBJECTS, NO_OBJECT};
use crate::problems::Problems;
use crate::rights::access::Access;
use crate::tables::descriptors::Descriptors;
use crate::tables::file::contents::{contents_of, file_by_path, table_of, Loaded};
use crate::tables::file::file_copy::{is_young, Copies, MAX_SMALL_BYTES};
use crate::tables::file::file_memory::FileMemory;
use crate::tables::file::file_state::FileState;
use crate::tables::file::file_watch::FileWatch;
use crate::tables::file::opening::{is_elf, open_mapped, open_regular_file};
use crate::tables::no_table::{not_loaded, not_read};
use crate::tables::numbered_objects::NumberedObjects;
use crate::tables::object::Object;
use crate::tables::row_format::TableSlot;
use crate::tables::table_room::TableRoom;
use crate::tables::vdso::own_vdso;

pub struct Objects {
    access: Rc<Access>,
    all: NumberedObjects,
    by_state: HashMap<FileState, u32>,
    by_identity: HashMap<FileIdentity, u32>,
    /// The last state of each file, by device and inode.
    latest: HashMap<(u64, u64), u32>,
    /// By path.
    replaced: HashMap<Vec<u8>, u32>,
    copies: Copies,
    descriptors: Descriptors,
    pub watch: FileWatch,
    /// Where the next look for changed files begins.
    next_watched: usize,
    vdso: Option<u32>,
    pub room: TableRoom,
    /// When code was last found where other code had been: what is read there now is not what a walk before has seen.
    pub rewritten_ns: u64,
    /// Time spent parsing and loading.
    pub tables_ns: u64,
    pub problems: Problems,
}

impl Objects {
    pub fn new(access: Rc<Access>, memory: &TableArrays) -> Objects {
        Objects {
            access,
            all: NumberedObjects::default(),
            by_state: HashMap::new(),
            by_identity: HashMap::new(),
            latest: HashMap::new(),
            replaced: HashMap::new(),
            copies: Copies::new(),
            descriptors: Descriptors::of_this_process(),
            watch: FileWatch::open(),
            next_watched: 0,
            vdso: None,
            room: TableRoom::new(memory),
            rewritten_ns: 0,
            tables_ns: 0,
            problems: Problems::default(),
        }
    }

    pub fn get(&self, id: u32) -> Option<&Object> {
        self.all.get(id)
    }

    /// The one that frames with the number mean now.
    pub fn with_number(&self, number: u32) -> Option<&Object> {
        self.all.with_number(number)
    }

    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.all.iter()
    }

    /// How many numbers are in use.
    pub fn in_use(&self) -> usize {
        self.all.in_use()
    }

    /// The next of which the client is to be told.
    pub fn take_new(&mut self) -> Option<u32> {
        self.all.take_new()
    }

    /// Notes that a process has, or had until now, the file mapped.
    pub fn touch(&mut self, id: u32, now_ns: u64) {
        self.room.touch(id, now_ns);
        if let Some(object) = self.all.get_mut(id) {
            object.used_ns = now_ns;
        }
    }

    /// Files that nobody has used since then.
    pub fn idle_since<'a>(&'a self, time_ns: u64, used: &'a HashSet<u32>) -> impl Iterator<Item = u32> + 'a {
        let is_idle =
            move |object: &&Object| !object.is_vdso && object.used_ns <= time_ns && !used.contains(&object.id);
        self.all.iter().filter(is_idle).map(|object| object.id)
    }

    /// Files that nobody knows any more, and whose numbers are given to others: no process has them mapped, no walk can
    /// look up their tables, and no record that names them is on its way.
    pub fn let_go(&mut self, memory: &mut TableArrays, gone: &HashSet<u32>) {
        for id in gone {
            let Some(object) = self.all.remove(*id) else { continue };
            self.room.forget(memory, *id);
            if object.file.is_some() {
                self.descriptors.give_back();
            }
            self.copies.give_back(object.copy.as_ref().map_or(0, |copy| copy.bytes().len()));
            let is_watched = |watch: &i32| self.all.iter().any(|other| other.watch == Some(*watch));
            object.watch.filter(|watch| !is_watched(watch)).iter().for_each(|watch| self.watch.remove(*watch));
        }
        self.by_state.retain(|_, id| !gone.contains(id));
        self.by_identity.retain(|_, id| !gone.contains(id));
        self.latest.retain(|_, id| !gone.contains(id));
        self.replaced.retain(|_, id| !gone.contains(id));
    }

    /// None: no unwind table (not an ELF file, corrupt, no room).
    pub fn slot(&self, id: u32) -> Option<TableSlot> {
        self.room.slot(id)
    }

    /// A file that a process is about to map, named by the caller and opened with the caller's rights. What is no ELF
    /// file (a script) will not be mapped as code.
    pub fn load_path(&mut self, memory: &mut TableArrays, path: &Path) -> io::Result<u32> {
        let file = self.access.as_caller(|| open_regular_file(path))?;
        if !is_elf(&file) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an ELF file"));
        }
        self.load_file(memory, file, path.as_os_str().as_encoded_bytes().to_vec())
    }

    /// Without a look at the file.
    pub fn is_known(&self, identity: &FileIdentity) -> bool {
        self.by_identity.contains_key(identity)
    }

    /// The object of a mapped file, if it is one of those that were loaded, and no other has been written into it since.
    pub fn known(&mut self, pid: u32, new: &NewMapping) -> Option<u32> {
        let known = *self.by_identity.get(&new.identity)?;
        let link = format!("/proc/{pid}/map_files/{:x}-{:x}", new.begin, new.end);
        let state = FileState::of(&self.access.for_inspection(|| std::fs::metadata(link)).ok()?);
        if self.get(known)?.state == Some(state) {
            return Some(known);
        }
        let id = *self.by_state.get(&state)?;
        self.by_identity.insert(new.identity, id);
        Some(id)
    }

    pub fn is_mapped_elf(&self, pid: u32, new: &NewMapping) -> bool {
        self.open_mapped(pid, new).is_ok_and(|file| is_elf(&file))
    }

    /// A file that a process has mapped: what is known by it is read from there.
    pub fn open_mapped(&self, pid: u32, new: &NewMapping) -> io::Result<File> {
        open_mapped(&self.access, pid, new)
    }

    pub fn load_mapped(&mut self, memory: &mut TableArrays, file: File, new: &NewMapping) -> u32 {
        let loaded = self.load_file(memory, file, new.path.clone());
        let id = loaded.unwrap_or_else(|error| self.add_unreadable(new, &error));
        self.note_identity(new, id);
        id
    }

    /// Of a process that is gone already the inode is left, and the file that was loaded from it last. When that has been
    /// written again, it is what was mapped only if that was before the mapping.
    pub fn load_of_ended(&mut self, memory: &mut TableArrays, new: &NewMapping, mapped_ns: u64) -> Option<u32> {
        let FileIdentity { major, minor, inode, .. } = new.identity;
        let id = *self.latest.get(&(libc::makedev(major, minor), inode))?;
        let Some(object) = self.get(id) else { return None };
        let held = object.file.as_ref().and_then(|file| file.try_clone().ok());
        let file = held.or_else(|| file_by_path(&self.access, object))?;
        let now = FileState::of(&file.metadata().ok()?);
        if object.state.is_some_and(|state| !state.has_other_content(&now)) {
            return Some(id);
        }
        if now.changed_ns > as_real_ns(mapped_ns) {
            return Some(self.replaced(&new.path));
        }
        self.load_file(memory, file, new.path.clone()).ok()
    }

    /// Stands for files of a path whose content is gone.
    pub fn replaced(&mut self, path: &[u8]) -> u32 {
        if let Some(id) = self.replaced.get(path) {
            return *id;
        }
        let Some(object) = self.new_object(path.to_vec()) else { return NO_OBJECT };
        let id = self.number(Object { is_replaced: true, ..object });
        self.replaced.insert(path.to_vec(), id);
        id
    }

    /// Files whose content has changed since they were loaded; each is told of once, and its table is used no more. A
    /// call looks at so many of them that it does not cost too much, the next one at the next.
    pub fn take_rewritten(&mut self, memory: &mut TableArrays) -> Vec<u32> {
        const MAX_LOOKED_AT: usize = 256;
        let looked_at = self.all.some_from(self.next_watched, MAX_LOOKED_AT);
        let is_rewritten = |object: &&Object| object.is_as_loaded() == Some(false);
        let rewritten: Vec<u32> = looked_at.filter(is_rewritten).map(|object| object.id).collect();
        self.next_watched = (self.next_watched + MAX_LOOKED_AT) % self.all.numbers().max(1);
        for id in &rewritten {
            if self.all.get_mut(*id).and_then(|object| object.file.take()).is_some() {
                self.descriptors.give_back();
            }
            self.room.disown(memory, *id);
        }
        rewritten
    }

    /// The vdso is the same in every process of a kernel; ours is at hand.
    pub fn load_vdso(&mut self, memory: &mut TableArrays) -> u32 {
        if let Some(id) = self.vdso {
            return id;
        }
        let Some(object) = self.new_object(b"[vdso]".to_vec()) else { return NO_OBJECT };
        let id = self.add(memory, Object { is_vdso: true, ..object }, Contents::Mapped(own_vdso()));
        self.vdso = Some(id);
        id
    }

    fn load_file(&mut self, memory: &mut TableArrays, file: File, path: Vec<u8>) -> io::Result<u32> {
        let watch = self.watch.add(&file); // before its state is read
        let state = FileState::of(&file.metadata()?);
        if let Some(id) = self.with_state(&file, state) {
            return Ok(id);
        }
        let Some(object) = self.new_object(path) else { return Ok(NO_OBJECT) };
        let object = Object { state: Some(state), watch, ..object };
        let was_rewritten = self.latest.contains_key(&(state.device, state.inode));
        if was_rewritten {
            self.rewritten_ns = monotonic_ns();
        }
        if was_rewritten && !is_elf(&file) {
            // It is being written just now. To be looked at again, so it is no other file's placeholder.
            return Ok(self.number(Object { is_replaced: true, file: Some(file), ..object }));
        }
        let is_kept_small = self.descriptors.are_scarce() && state.size <= MAX_SMALL_BYTES;
        let is_to_be_copied = is_young(&state) || was_rewritten || is_kept_small;
        let id = self.add_file(memory, file, object, is_to_be_copied)?;
        self.by_state.insert(state, id);
        self.latest.insert((state.device, state.inode), id);
        Ok(id)
    }

    /// The object of a file in this state, if it was loaded.
    fn with_state(&mut self, file: &File, state: FileState) -> Option<u32> {
        if let Some(id) = self.by_state.get(&state) {
            return Some(*id);
        }
        let latest = *self.latest.get(&(state.device, state.inode))?;
        if !self.is_same_content(latest, file, &state) {
            return None;
        }
        self.by_state.insert(state, latest);
        Some(latest)
    }

    fn add_file(
        &mut self,
        memory: &mut TableArrays,
        file: File,
        object: Object,
        is_to_be_copied: bool,
    ) -> io::Result<u32> {
        let copy = object.state.filter(|_| is_to_be_copied).and_then(|state| self.copies.make(&file, &state));
        if let Some(copy) = copy {
            let object = Object { copy_descriptor: Some(copy.descriptor), file: Some(file), ..object };
            return Ok(self.add(memory, object, Contents::Copied(copy.memory)));
        }
        let contents = FileMemory::map(&file)?;
        Ok(self.add(memory, Object { file: Some(file), ..object }, Contents::Mapped(contents.bytes())))
    }

    /// Of a state that differs in the time of the inode alone, which a link or a mode changes, too.
    fn is_same_content(&self, id: u32, file: &File, now: &FileState) -> bool {
        let Some(object) = self.get(id) else { return false };
        if object.state.is_none_or(|state| state.has_other_content(now)) {
            return false;
        }
        let Ok(contents) = FileMemory::map(file) else { return false };
        match &object.copy {
            Some(copy) => copy.bytes() == contents.bytes(),
            None => {
                let build_id = ElfFile::parse(contents.bytes()).ok().and_then(|elf| elf.build_id().map(<[u8]>::to_vec));
                build_id.unwrap_or_default() == object.build_id
            }
        }
    }

    /// With the next number, to be added before there is another. None when all are in use.
    fn new_object(&mut self, path: Vec<u8>) -> Option<Object> {
        let id = self.all.next_id();
        if id.is_none() {
            self.problems.add(Facts::of("too-many-objects").number("most", MAX_OBJECTS));
        }
        Some(Object::new(id?, path))
    }

    fn add(&mut self, memory: &mut TableArrays, mut object: Object, contents: Contents) -> u32 {
        let begin_ns = monotonic_ns();
        if let Err(why) = self.fill(memory, &mut object, contents.bytes()) {
            self.problems.add(why.bytes("path", &object.path));
        }
        self.tables_ns += monotonic_ns() - begin_ns;
        if let Contents::Copied(copy) = contents {
            object.copy = Some(copy);
        }
        self.number(object)
    }

    fn number(&mut self, object: Object) -> u32 {
        let id = object.id;
        self.all.insert(object);
        id
    }

    /// The client has it: only what is needed from here on is kept.
    pub fn settle(&mut self, id: u32) {
        let Some(object) = self.all.get_mut(id) else { return };
        object.copy_descriptor = None;
        if object.file.is_some() && !self.descriptors.take() {
            object.file = None;
        }
    }

    fn fill(&mut self, memory: &mut TableArrays, object: &mut Object, contents: &[u8]) -> Result<(), Facts> {
        let elf = ElfFile::parse(contents).map_err(not_read)?;
        object.build_id = elf.build_id().unwrap_or_default().to_vec();
        object.segments = elf.executable_segments().collect();
        let table = table_of(&self.access, &elf, &object.path).map_err(not_read)?;
        self.room.load(memory, object.id, &elf, &table).map_err(not_loaded)
    }

    /// Loads a table for which there was no room, in place of others that are not in `used`: those, a process has mapped.
    /// False where there is no room, which is counted unless there `may_be_soon` be some.
    pub fn make_room(&mut self, memory: &mut TableArrays, id: u32, used: &HashSet<u32>, may_be_soon: bool) -> bool {
        let begin_ns = monotonic_ns();
        let is_loaded = self.room.could_fit(memory, id, used) && self.load_again(memory, id, used).is_some();
        if !is_loaded && !may_be_soon && self.room.refuse(id, begin_ns) {
            let path = self.get(id).map(|object| object.path.clone()).unwrap_or_default();
            self.problems.add(Facts::of("table-memory").bytes("path", &path));
        }
        self.tables_ns += monotonic_ns() - begin_ns;
        is_loaded
    }

    /// What was loaded, as long as it can be read.
    pub fn contents<'a>(&self, object: &'a Object) -> Option<Loaded<'a>> {
        contents_of(&self.access, object)
    }

    fn load_again(&mut self, memory: &mut TableArrays, id: u32, used: &HashSet<u32>) -> Option<()> {
        let object = self.all.get(id)?;
        let contents = contents_of(&self.access, object)?;
        let bytes = contents.bytes();
        let elf = ElfFile::parse(bytes).ok()?;
        let table = table_of(&self.access, &elf, &object.path).ok()?;
        self.room.load_evicting(memory, id, (&elf, &table), used)
    }

    pub fn add_unreadable(&mut self, new: &NewMapping, error: &io::Error) -> u32 {
        let facts = Facts::of("unreadable-object").bytes("path", &new.path);
        self.problems.add(match error.raw_os_error() {
            Some(errno) => facts.number("errno", errno).text("detail", ""),
            None => facts.number("errno", 0).text("detail", &error.to_string()),
        });
        let Some(object) = self.new_object(new.path.clone()) else { return NO_OBJECT };
        let id = self.number(object);
        self.note_identity(new, id);
        id
    }

    fn note_identity(&mut self, new: &NewMapping, id: u32) {
        if id != NO_OBJECT {
            self.by_identity.insert(new.identity, id);
        }
    }
}

enum Contents<'a> {
    Copied(FileMemory),
    Mapped(&'a [u8]),
}

impl Contents<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Contents::Copied(copy) => copy.bytes(),
            Contents::Mapped(bytes) => bytes,
        }
    }
}

/// Of a time of the kernel's news, by the clock of files.
fn as_real_ns(time_ns: u64) -> i64 {
    let age_ns = monotonic_ns().saturating_sub(time_ns);
    real_ns().saturating_sub(i64::try_from(age_ns).unwrap_or(i64::MAX))
}
