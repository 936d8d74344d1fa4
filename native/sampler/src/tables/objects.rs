//! The ELF files of a run: each opened, parsed and loaded once, however many processes map it.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::rc::Rc;

use bee_elf::{unwind_table_of, ElfError, ElfFile, Segment, UnwindTable};

use crate::kernel::record::{
    FRAME_ADDRESS_MASK, FRAME_OBJECT_SHIFT, FRAME_RULE_MASK, FRAME_RULE_SHIFT, MAX_OBJECTS, NO_OBJECT, RULE_NAMES,
};
use crate::kernel::side_band::{FileIdentity, NewMapping};
use crate::kernel::table_arrays::TableArrays;
use crate::problems::Problems;
use crate::rights::access::Access;
use crate::tables::descriptors::Descriptors;
use crate::tables::file_copy::{is_young, Copies, MAX_SMALL_BYTES};
use crate::tables::file_memory::FileMemory;
use crate::tables::file_state::FileState;
use crate::tables::file_watch::FileWatch;
use crate::tables::table_memory::{TableError, TableSlot};
use crate::tables::table_room::TableRoom;

/// One state of a file. A file that is written again while it is mapped becomes another object.
pub struct Object {
    pub id: u32,
    pub path: Vec<u8>,
    pub build_id: Vec<u8>,
    pub is_vdso: bool,
    /// What was mapped is not to be had any more: only where it lay is known.
    pub is_replaced: bool,
    /// None for what is no file, or could not be read.
    pub state: Option<FileState>,
    /// The mapped file itself, to see whether it is still the same; not for all when descriptors are few.
    file: Option<File>,
    copy: Option<FileMemory>,
    /// Until it is sent.
    copy_descriptor: Option<OwnedFd>,
    segments: Vec<Segment>,
}

impl Object {
    /// Of which nothing is known but its path.
    fn new(id: u32, path: Vec<u8>) -> Object {
        Object {
            id,
            path,
            build_id: Vec::new(),
            is_vdso: false,
            is_replaced: false,
            state: None,
            file: None,
            copy: None,
            copy_descriptor: None,
            segments: Vec::new(),
        }
    }

    /// Process address - bias = ELF address, for a mapping of this file.
    pub fn bias(&self, begin: u64, file_offset: u64) -> u64 {
        let page = |offset: u64| offset & !4095;
        let segment = self.segments.iter().find(|segment| {
            file_offset >= page(segment.offset) && file_offset < segment.offset.saturating_add(segment.file_size)
        });
        let address = match segment {
            Some(segment) => segment.vaddr.wrapping_add(file_offset).wrapping_sub(segment.offset),
            None => file_offset,
        };
        begin.wrapping_sub(address)
    }

    /// The segment whose bytes in the file hold the address.
    fn segment_at(&self, address: u64) -> Option<&Segment> {
        let ends_at = |segment: &Segment| segment.vaddr.saturating_add(segment.file_size);
        self.segments.iter().find(|segment| (segment.vaddr..ends_at(segment)).contains(&address))
    }

    /// The bytes of the text from an address on, as far as the file has them.
    pub fn bytes_at<'a>(&self, contents: &'a [u8], address: u64) -> &'a [u8] {
        let Some(segment) = self.segment_at(address) else { return &[] };
        let offset = |address: u64| usize::try_from(address.wrapping_sub(segment.vaddr).wrapping_add(segment.offset));
        let end = segment.vaddr.saturating_add(segment.file_size);
        let (Ok(begin), Ok(end)) = (offset(address), offset(end)) else { return &[] };
        contents.get(begin..end.min(contents.len())).unwrap_or_default()
    }

    /// Fills `code` from an address on, or says that the file has less there, or is not at hand.
    pub fn read_code(&self, address: u64, code: &mut [u8]) -> bool {
        if let Some(copy) = &self.copy {
            let bytes = self.bytes_at(copy.bytes(), address).get(..code.len());
            return bytes.map(|bytes| code.copy_from_slice(bytes)).is_some();
        }
        let (Some(file), Some(segment)) = (&self.file, self.segment_at(address)) else { return false };
        file.read_exact_at(code, address.wrapping_sub(segment.vaddr).wrapping_add(segment.offset)).is_ok()
    }

    /// Where its text would begin to be mapped, in its own addresses.
    pub fn text_pages(&self) -> impl Iterator<Item = u64> + '_ {
        self.segments.iter().map(|segment| segment.vaddr & !4095)
    }

    /// What the client reads names from.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        if self.is_replaced {
            return None;
        }
        self.copy_descriptor.as_ref().map(AsFd::as_fd).or_else(|| self.file.as_ref().map(AsFd::as_fd))
    }

    pub fn is_copied(&self) -> bool {
        self.copy.is_some()
    }

    /// None while nothing can be said.
    fn is_as_loaded(&self) -> Option<bool> {
        let now = FileState::of(&self.file.as_ref()?.metadata().ok()?);
        Some(!self.state?.has_other_content(&now))
    }
}

pub struct Objects {
    access: Rc<Access>,
    all: Vec<Object>,
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
            all: Vec::new(),
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
        self.all.get(id.checked_sub(1)? as usize)
    }

    /// Objects numbered above `after`, in order.
    #[cfg(test)]
    pub fn since(&self, after: u32) -> &[Object] {
        &self.all[after as usize..]
    }

    /// "libc.so.6+0x1234 cfi"
    pub fn frame_text(&self, frame: u64) -> String {
        let rule = (frame & FRAME_RULE_MASK) >> FRAME_RULE_SHIFT;
        let object = self.get((frame >> FRAME_OBJECT_SHIFT) as u32);
        let path = object.map(|object| String::from_utf8_lossy(&object.path)).unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        format!("{name}+{:#x} {}", frame & FRAME_ADDRESS_MASK, RULE_NAMES[rule as usize])
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

    /// A file that a process has mapped. What was mapped is what is read: the kernel's own link to it, and the path
    /// in the process's root only where that link is not to be had, the inode agrees, and the caller could open it
    /// alone: in a mount namespace of its own it can bind anybody's file over a library.
    pub fn open_mapped(&self, pid: u32, new: &NewMapping) -> io::Result<File> {
        let link = format!("/proc/{pid}/map_files/{:x}-{:x}", new.begin, new.end);
        let followed = self.access.for_inspection(|| open_regular_file(Path::new(&link)));
        let Err(link_error) = followed else { return followed };
        let path = format!("/proc/{pid}/root{}", String::from_utf8_lossy(&new.path));
        let file = self.access.as_caller(|| open_regular_file(Path::new(&path))).map_err(|_| link_error)?;
        if FileState::of(&file.metadata()?).inode != new.identity.inode {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the file was replaced while it was mapped"));
        }
        Ok(file)
    }

    pub fn load_mapped(&mut self, memory: &mut TableArrays, file: File, new: &NewMapping) -> u32 {
        let loaded = self.load_file(memory, file, new.path.clone());
        let id = loaded.unwrap_or_else(|error| self.add_unreadable(new, &error));
        self.by_identity.insert(new.identity, id);
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
        let object = Object { is_replaced: true, ..self.new_object(path.to_vec()) };
        let id = self.number(object);
        self.replaced.insert(path.to_vec(), id);
        id
    }

    /// Files whose content has become another since they were loaded, out of as many as a look at them may cost; each is
    /// told of once. Their tables are used no more.
    pub fn take_rewritten(&mut self, memory: &mut TableArrays) -> Vec<u32> {
        const MAX_LOOKED_AT: usize = 256;
        let count = self.all.len();
        let first = self.next_watched;
        self.next_watched = (first + MAX_LOOKED_AT) % count.max(1);
        let looked_at = (0..count.min(MAX_LOOKED_AT)).map(|step| (first + step) % count);
        let rewritten: Vec<usize> = looked_at.filter(|index| self.all[*index].is_as_loaded() == Some(false)).collect();
        for index in &rewritten {
            let object = &mut self.all[*index];
            if object.file.take().is_some() {
                self.descriptors.give_back();
            }
            self.room.disown(memory, object.id);
        }
        rewritten.iter().map(|index| self.all[*index].id).collect()
    }

    /// The vdso is the same in every process of a kernel; ours is at hand.
    pub fn load_vdso(&mut self, memory: &mut TableArrays) -> u32 {
        if let Some(id) = self.vdso {
            return id;
        }
        let object = Object { is_vdso: true, ..self.new_object(b"[vdso]".to_vec()) };
        let id = self.add(memory, object, Contents::Mapped(own_vdso()));
        self.vdso = Some(id);
        id
    }

    fn load_file(&mut self, memory: &mut TableArrays, file: File, path: Vec<u8>) -> io::Result<u32> {
        self.watch.add(&file); // before its state is read
        let state = FileState::of(&file.metadata()?);
        if let Some(id) = self.by_state.get(&state) {
            return Ok(*id);
        }
        let earlier = self.latest.get(&(state.device, state.inode)).copied();
        if let Some(id) = earlier.filter(|id| self.is_same_content(*id, &file, &state)) {
            self.by_state.insert(state, id);
            return Ok(id);
        }
        if earlier.is_some() {
            self.rewritten_ns = crate::kernel::clock::monotonic_ns();
        }
        if earlier.is_some() && !is_elf(&file) {
            // It is being written just now. To be looked at again, so it is no other file's placeholder.
            let object = Object { is_replaced: true, state: Some(state), file: Some(file), ..self.new_object(path) };
            return Ok(self.number(object));
        }
        let is_kept_small = self.descriptors.are_scarce() && state.size <= MAX_SMALL_BYTES;
        let is_to_be_copied = is_young(&state) || earlier.is_some() || is_kept_small;
        let copy = if is_to_be_copied { self.copies.make(&file, &state) } else { None };
        let object = Object { state: Some(state), ..self.new_object(path) };
        let id = match copy {
            Some(copy) => {
                let object = Object { copy_descriptor: Some(copy.descriptor), file: Some(file), ..object };
                self.add(memory, object, Contents::Copied(copy.memory))
            }
            None => {
                let contents = FileMemory::map(&file)?;
                self.add(memory, Object { file: Some(file), ..object }, Contents::Mapped(contents.bytes()))
            }
        };
        self.by_state.insert(state, id);
        self.latest.insert((state.device, state.inode), id);
        Ok(id)
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

    fn new_object(&self, path: Vec<u8>) -> Object {
        Object::new(self.all.len() as u32 + 1, path)
    }

    fn add(&mut self, memory: &mut TableArrays, mut object: Object, contents: Contents) -> u32 {
        let begin_ns = crate::kernel::clock::monotonic_ns();
        if let Err((code, reason)) = self.fill(memory, &mut object, contents.bytes()) {
            let path = String::from_utf8_lossy(&object.path);
            self.problems.add(code, format!("{path}: {reason}"));
        }
        self.tables_ns += crate::kernel::clock::monotonic_ns() - begin_ns;
        if let Contents::Copied(copy) = contents {
            object.copy = Some(copy);
        }
        self.number(object)
    }

    /// Its number, or none when there are no more.
    fn number(&mut self, object: Object) -> u32 {
        let id = object.id;
        if id >= MAX_OBJECTS {
            self.problems.add("too-many-objects", format!("more than {MAX_OBJECTS} files are mapped"));
            return NO_OBJECT;
        }
        self.all.push(object);
        id
    }

    /// Keeps of an object what is needed from here on, its client having it.
    pub fn settle(&mut self, id: u32) {
        let Some(object) = self.all.get_mut(id as usize - 1) else { return };
        object.copy_descriptor = None;
        if object.file.is_some() && !self.descriptors.take() {
            object.file = None;
        }
    }

    fn fill(&mut self, memory: &mut TableArrays, object: &mut Object, contents: &[u8]) -> Result<(), Impossible> {
        let elf = ElfFile::parse(contents).map_err(impossible)?;
        object.build_id = elf.build_id().unwrap_or_default().to_vec();
        object.segments = elf.executable_segments().collect();
        let table = table_of(&self.access, &elf, &object.path).map_err(impossible)?;
        self.room.load(memory, object.id, &elf, &table).map_err(|error| match error {
            TableError::TooManyRules => without_table("there are too many distinct rules"),
            TableError::TooLarge | TableError::Full => without_table("its text is too large"),
        })
    }

    /// Loads a table for which there was no room, in the place of others; never of those in `used`, which a process has
    /// mapped. False: there is no room, which is counted unless it `may_be_soon`.
    pub fn make_room(&mut self, memory: &mut TableArrays, id: u32, used: &HashSet<u32>, may_be_soon: bool) -> bool {
        let begin_ns = crate::kernel::clock::monotonic_ns();
        let is_loaded = self.room.could_fit(memory, id, used) && self.load_again(memory, id, used).is_some();
        if !is_loaded && !may_be_soon && self.room.refuse(id, begin_ns) {
            let path = self.get(id).map(|object| String::from_utf8_lossy(&object.path)).unwrap_or_default();
            let message = format!("{path}: no room for its unwind table; its frames need frame pointers");
            self.problems.add("table-memory", message);
        }
        self.tables_ns += crate::kernel::clock::monotonic_ns() - begin_ns;
        is_loaded
    }

    /// What was loaded, while it is to be had.
    pub fn contents<'a>(&self, object: &'a Object) -> Option<Loaded<'a>> {
        contents_of(&self.access, object)
    }

    fn load_again(&mut self, memory: &mut TableArrays, id: u32, used: &HashSet<u32>) -> Option<()> {
        let object = self.all.get(id.checked_sub(1)? as usize)?;
        let contents = contents_of(&self.access, object)?;
        let bytes = contents.bytes();
        let elf = ElfFile::parse(bytes).ok()?;
        let table = table_of(&self.access, &elf, &object.path).ok()?;
        self.room.load_evicting(memory, id, (&elf, &table), used)
    }

    pub fn add_unreadable(&mut self, new: &NewMapping, error: &io::Error) -> u32 {
        let text = String::from_utf8_lossy(&new.path);
        self.problems.add("unreadable-object", format!("{text}: {error}; its frames have no table and no names"));
        let id = self.number(self.new_object(new.path.clone()));
        self.by_identity.insert(new.identity, id);
        id
    }
}

pub enum Loaded<'a> {
    Kept(&'a [u8]),
    Mapped(FileMemory),
}

impl Loaded<'_> {
    pub fn bytes(&self) -> &[u8] {
        match self {
            Loaded::Kept(bytes) => bytes,
            Loaded::Mapped(memory) => memory.bytes(),
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
fn as_real_ns(monotonic_ns: u64) -> i64 {
    let age_ns = crate::kernel::clock::monotonic_ns().saturating_sub(monotonic_ns);
    crate::kernel::clock::real_ns().saturating_sub(i64::try_from(age_ns).unwrap_or(i64::MAX))
}

/// The debug file is one that the caller could open alone: a path in a process's file, or beside it, proves nothing.
fn table_of(access: &Access, elf: &ElfFile, path: &[u8]) -> Result<UnwindTable, ElfError> {
    let open = |path: &Path| {
        let file = access.as_caller(|| open_regular_file(path)).ok()?;
        FileMemory::map(&file).ok()
    };
    unwind_table_of(elf, Path::new(OsStr::from_bytes(path)), open)
}

/// Of an object whose descriptor was not kept; only what is still that inode, and what the caller could open alone.
fn file_by_path(access: &Access, object: &Object) -> Option<File> {
    let state = object.state?;
    let path = Path::new(OsStr::from_bytes(&object.path));
    let file = access.as_caller(|| open_regular_file(path)).ok()?;
    let now = FileState::of(&file.metadata().ok()?);
    ((now.device, now.inode) == (state.device, state.inode)).then_some(file)
}

fn contents_of<'a>(access: &Access, object: &'a Object) -> Option<Loaded<'a>> {
    match &object.copy {
        _ if object.is_vdso => Some(Loaded::Kept(own_vdso())),
        Some(copy) => Some(Loaded::Kept(copy.bytes())),
        None => map_again(access, object).map(Loaded::Mapped),
    }
}

/// What an object was loaded from, if it is still the same.
fn map_again(access: &Access, object: &Object) -> Option<FileMemory> {
    let reopened = if object.file.is_none() { file_by_path(access, object) } else { None };
    let file = object.file.as_ref().or(reopened.as_ref())?;
    let now = FileState::of(&file.metadata().ok()?);
    object.state.filter(|state| !state.has_other_content(&now))?;
    FileMemory::map(file).ok()
}

/// Code and text of a problem.
type Impossible = (&'static str, String);

fn impossible(error: ElfError) -> Impossible {
    match error {
        ElfError::Not64Bit => {
            ("thirty-two-bit", "a 32-bit file: the stacks of programs that run it are not walked".into())
        }
        error => without_table(&error.to_string()),
    }
}

fn without_table(reason: &str) -> Impossible {
    ("no-unwind-table", format!("{reason}; its frames need frame pointers"))
}

/// Ended, a zombie included: those have no mappings any more.
pub fn is_gone(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/maps")).map_or(true, |maps| maps.is_empty())
}

pub fn is_elf(file: &File) -> bool {
    let mut magic = [0; 4];
    file.read_exact_at(&mut magic, 0).is_ok() && &magic == b"\x7fELF"
}

/// A device or a pipe is not even opened: that alone can have an effect, or wait.
fn open_regular_file(path: &Path) -> io::Result<File> {
    let place = File::options().read(true).custom_flags(libc::O_PATH).open(path)?;
    if !place.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    File::open(format!("/proc/self/fd/{}", place.as_raw_fd()))
}

fn own_vdso() -> &'static [u8] {
    // SAFETY: the kernel maps a whole ELF image there for the life of the process; see the length below.
    unsafe {
        let begin = libc::getauxval(libc::AT_SYSINFO_EHDR);
        let length = vdso_bytes(begin);
        match length {
            0 => &[],
            length => std::slice::from_raw_parts(begin as *const u8, length),
        }
    }
}

fn vdso_bytes(begin: u64) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let range = maps.lines().filter(|line| line.ends_with("[vdso]")).find_map(|line| line.split_once(' '));
    let Some((first, last)) = range.and_then(|(range, _)| range.split_once('-')) else { return 0 };
    match (u64::from_str_radix(first, 16), u64::from_str_radix(last, 16)) {
        (Ok(first), Ok(last)) if first == begin => (last - first) as usize,
        _ => 0,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An object with one segment of text.
    pub fn object_with_text(vaddr: u64, offset: u64, size: u64) -> Object {
        let segment = Segment { vaddr, offset, file_size: size, memory_size: size };
        Object { segments: vec![segment], ..Object::new(1, Vec::new()) }
    }
}
