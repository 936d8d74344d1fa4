//! The ELF files of a run: each opened, parsed and loaded once, however many processes map it.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::rc::Rc;

use bee_elf::{unwind_table_of, ElfError, ElfFile, Segment, UnwindTable};

use crate::access::Access;
use crate::file_memory::FileMemory;
use crate::record::{
    FRAME_ADDRESS_MASK, FRAME_OBJECT_SHIFT, FRAME_RULE_MASK, FRAME_RULE_SHIFT, MAX_OBJECTS, RULE_NAMES,
};
use crate::side_band::{FileIdentity, NewMapping};
use crate::table_room::TableRoom;
use crate::tables::{TableError, TableMemory, TableSlot};

/// As many files without room for their table are named; the others are counted.
const MAX_REFUSALS_NAMED: u64 = 8;

/// Stands for code that belongs to no file.
pub const NO_OBJECT: u32 = 0;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct FileKey {
    device: u64,
    inode: u64,
    size: u64,
    modified_ns: i64,
}

pub struct Object {
    pub id: u32,
    pub path: Vec<u8>,
    pub build_id: Vec<u8>,
    pub is_vdso: bool,
    pub file: Option<File>,
    segments: Vec<Segment>,
}

impl Object {
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
}

pub struct Objects {
    access: Rc<Access>,
    all: Vec<Object>,
    by_file: HashMap<FileKey, u32>,
    by_identity: HashMap<FileIdentity, u32>,
    vdso: Option<u32>,
    pub room: TableRoom,
    /// Time spent parsing and loading.
    pub tables_ns: u64,
    pub problems: Vec<(&'static str, String)>,
}

impl Objects {
    pub fn new(access: Rc<Access>, memory: &TableMemory) -> Objects {
        Objects {
            access,
            all: Vec::new(),
            by_file: HashMap::new(),
            by_identity: HashMap::new(),
            vdso: None,
            room: TableRoom::new(memory),
            tables_ns: 0,
            problems: Vec::new(),
        }
    }

    pub fn get(&self, id: u32) -> Option<&Object> {
        self.all.get(id.checked_sub(1)? as usize)
    }

    /// Objects numbered above `after`, in order.
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
    pub fn load_path(&mut self, memory: &mut TableMemory, path: &Path) -> io::Result<u32> {
        let file = self.access.as_caller(|| open_regular_file(path))?;
        let mut magic = [0; 4];
        file.read_exact_at(&mut magic, 0)?;
        if &magic != b"\x7fELF" {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an ELF file"));
        }
        self.load_file(memory, file, path.as_os_str().as_encoded_bytes().to_vec())
    }

    pub fn known(&self, identity: &FileIdentity) -> Option<u32> {
        self.by_identity.get(identity).copied()
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
        if file.metadata()?.ino() != new.identity.inode {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the file was replaced while it was mapped"));
        }
        Ok(file)
    }

    pub fn load_mapped(&mut self, memory: &mut TableMemory, file: File, new: &NewMapping) -> u32 {
        let loaded = self.load_file(memory, file, new.path.clone());
        let id = loaded.unwrap_or_else(|error| self.add_unreadable(new, &error));
        self.by_identity.insert(new.identity, id);
        id
    }

    /// Of a process that is gone already the inode is left: the file of that inode that was loaded before.
    pub fn known_by_inode(&self, new: &NewMapping) -> Option<u32> {
        let FileIdentity { major, minor, inode, .. } = new.identity;
        let device = libc::makedev(major, minor);
        // Our descriptor keeps the inode from becoming another file's.
        self.by_file.iter().find(|(key, _)| key.device == device && key.inode == inode).map(|(_, id)| *id)
    }

    /// The vdso is the same in every process of a kernel; ours is at hand.
    pub fn load_vdso(&mut self, memory: &mut TableMemory) -> u32 {
        if let Some(id) = self.vdso {
            return id;
        }
        let object = self.new_object(b"[vdso]".to_vec(), None);
        let object = Object { is_vdso: true, ..object };
        let id = self.add(memory, object, own_vdso());
        self.vdso = Some(id);
        id
    }

    fn load_file(&mut self, memory: &mut TableMemory, file: File, path: Vec<u8>) -> io::Result<u32> {
        let metadata = file.metadata()?;
        let key = FileKey {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified_ns: metadata.mtime().wrapping_mul(1_000_000_000).wrapping_add(metadata.mtime_nsec()),
        };
        if let Some(id) = self.by_file.get(&key) {
            return Ok(*id);
        }
        let contents = FileMemory::map(&file)?;
        let object = self.new_object(path, Some(file));
        let id = self.add(memory, object, contents.bytes());
        self.by_file.insert(key, id);
        Ok(id)
    }

    fn new_object(&self, path: Vec<u8>, file: Option<File>) -> Object {
        let id = self.all.len() as u32 + 1;
        Object { id, path, build_id: Vec::new(), is_vdso: false, file, segments: Vec::new() }
    }

    fn add(&mut self, memory: &mut TableMemory, mut object: Object, contents: &[u8]) -> u32 {
        if object.id >= MAX_OBJECTS {
            self.problems.push(("too-many-objects", format!("more than {MAX_OBJECTS} files are mapped")));
            return NO_OBJECT;
        }
        let begin_ns = crate::clock::monotonic_ns();
        if let Err((code, reason)) = self.fill(memory, &mut object, contents) {
            let path = String::from_utf8_lossy(&object.path);
            self.problems.push((code, format!("{path}: {reason}")));
        }
        self.tables_ns += crate::clock::monotonic_ns() - begin_ns;
        let id = object.id;
        self.all.push(object);
        id
    }

    fn fill(&mut self, memory: &mut TableMemory, object: &mut Object, contents: &[u8]) -> Result<(), Impossible> {
        let elf = ElfFile::parse(contents).map_err(impossible)?;
        object.build_id = elf.build_id().unwrap_or_default().to_vec();
        object.segments = elf.executable_segments().collect();
        let table = self.table_of(&elf, &object.path).map_err(impossible)?;
        self.room.load(memory, object.id, &elf, &table).map_err(|error| match error {
            TableError::TooManyRules => without_table("there are too many distinct rules"),
            TableError::TooLarge | TableError::Full => without_table("its text is too large"),
        })
    }

    /// The debug file is one that the caller could open alone: a path in a process's file, or beside it, proves nothing.
    fn table_of(&self, elf: &ElfFile, path: &[u8]) -> Result<UnwindTable, ElfError> {
        let open = |path: &Path| {
            let file = self.access.as_caller(|| open_regular_file(path)).ok()?;
            FileMemory::map(&file).ok()
        };
        unwind_table_of(elf, Path::new(OsStr::from_bytes(path)), open)
    }

    /// Loads a table for which there was no room, in the place of others; never of those in `used`, which a process has
    /// mapped. False: there is no room, which is counted unless it `may_be_soon`.
    pub fn make_room(&mut self, memory: &mut TableMemory, id: u32, used: &HashSet<u32>, may_be_soon: bool) -> bool {
        let begin_ns = crate::clock::monotonic_ns();
        let is_loaded = self.room.could_fit(memory, id, used) && self.load_again(memory, id, used).is_some();
        if !is_loaded && !may_be_soon && self.room.refuse(id, begin_ns) && self.room.refused <= MAX_REFUSALS_NAMED {
            let path = self.get(id).map(|object| String::from_utf8_lossy(&object.path)).unwrap_or_default();
            let message = format!("{path}: no room for its unwind table; its frames need frame pointers");
            self.problems.push(("table-memory", message));
        }
        self.tables_ns += crate::clock::monotonic_ns() - begin_ns;
        is_loaded
    }

    fn load_again(&mut self, memory: &mut TableMemory, id: u32, used: &HashSet<u32>) -> Option<()> {
        let object = self.get(id)?;
        let contents = object.file.as_ref().and_then(|file| FileMemory::map(file).ok());
        let bytes = if object.is_vdso { own_vdso() } else { contents.as_ref()?.bytes() };
        let elf = ElfFile::parse(bytes).ok()?;
        let table = self.table_of(&elf, &object.path).ok()?;
        self.room.load_evicting(memory, id, (&elf, &table), used)
    }

    pub fn add_unreadable(&mut self, new: &NewMapping, error: &io::Error) -> u32 {
        let text = String::from_utf8_lossy(&new.path);
        self.problems.push(("unreadable-object", format!("{text}: {error}; its frames have no table and no names")));
        let object = self.new_object(new.path.clone(), None);
        let id = object.id;
        self.by_identity.insert(new.identity, id);
        if id >= MAX_OBJECTS {
            return NO_OBJECT;
        }
        self.all.push(object);
        id
    }
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
