use std::io;
use std::path::Path;
use std::rc::Rc;

use bee_elf::{symbols_at, ElfFile};

use crate::kernel::bpf::table_arrays::TableArrays;
use crate::kernel::perf::side_band::NewMapping;
use crate::kernel::record::{
    Mapping, Snapshot, FRAME_ADDRESS_MASK, FRAME_OBJECT_SHIFT, MAPPING_JIT, MAX_USER_FRAMES, NO_OBJECT,
};
use crate::kernel::settings::Limits;
use crate::rights::access::Access;
use crate::rights::caller::Caller;
use crate::rights::capabilities::NONE;
use crate::rights::policy::Policy;
use crate::spaces::mappings::{find_mapping, with_table};
use crate::spaces::maps_file::{kind_of, parse_maps_line, PathKind};
use crate::spaces::process::Process;
use crate::spaces::process_code::ProcessCode;
use crate::tables::objects::Objects;
use crate::unwind::walk::{unwind, Surroundings, Walked};

/// Object and address in it.
pub type Frame = (u32, u64);

/// A process with its mappings and tables, as the sampler has them, but without the BPF program.
pub struct Observed {
    access: Rc<Access>,
    pub process: Process,
    pub objects: Objects,
    tables: TableArrays,
}

impl Observed {
    pub fn new() -> io::Result<Observed> {
        // SAFETY: no preconditions.
        let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
        let access = Access::of(Caller { uid, gid, groups: vec![] }, NONE, &Policy::default())?;
        let tables = TableArrays::apart(1 << 16, 1 << 20, 1 << 12)?;
        let access = Rc::new(access);
        let objects = Objects::new(Rc::clone(&access), &tables);
        Ok(Observed { access, process: Process::default(), objects, tables })
    }

    pub fn follow(&mut self, pid: u32) -> io::Result<()> {
        let maps = std::fs::read(format!("/proc/{pid}/maps"))?;
        let lines = maps.split(|&byte| byte == b'\n');
        self.process.mappings =
            lines.filter_map(parse_maps_line).filter_map(|mapping| self.resolve(&mapping)).collect();
        Ok(())
    }

    fn resolve(&mut self, new: &NewMapping) -> Option<Mapping> {
        let mapping = Mapping { begin: new.begin, end: new.end, ..Mapping::default() };
        let Observed { objects, tables, .. } = self;
        let id = match kind_of(&new.path) {
            PathKind::Ignored => return None,
            PathKind::Anonymous | PathKind::MemoryFile => return Some(Mapping { flags: MAPPING_JIT, ..mapping }),
            PathKind::Vdso => objects.load_vdso(tables),
            PathKind::File => objects.load_path(tables, Path::new(std::str::from_utf8(&new.path).ok()?)).ok()?,
        };
        let bias = objects.get(id)?.bias(mapping.begin, new.file_offset);
        Some(with_table(Mapping { bias, object: id, ..mapping }, objects.slot(id)))
    }

    pub fn locate(&self, address: u64) -> Frame {
        let mapping = find_mapping(&self.process.mappings, address);
        mapping.map_or((NO_OBJECT, address), |mapping| (mapping.object, address.wrapping_sub(mapping.bias)))
    }

    /// Its name, or that of its file where the symbol table has none.
    pub fn function_at(&self, (id, address): Frame) -> String {
        let Some(object) = self.objects.get(id) else { return "[unmapped]".into() };
        let mapped = self.objects.contents(object);
        let elf = mapped.as_ref().and_then(|contents| ElfFile::parse(contents.bytes()).ok());
        let symbol = elf.as_ref().and_then(|elf| symbols_at(elf, &[address])[0]);
        let name = symbol.map_or(&object.path[..], |symbol| symbol.name);
        String::from_utf8_lossy(name).into_owned()
    }

    pub fn unwind(&self, snapshot: &Snapshot) -> (Vec<Frame>, u8) {
        let limits = Limits { max_depth: MAX_USER_FRAMES, frame_pointers_only: false };
        let (access, objects, mappings) = (&*self.access, &self.objects, &self.process.mappings);
        let code = ProcessCode { access, objects, mappings, pid: snapshot.head.pid };
        let read_code = |address| code.eight_at(address);
        let around = Surroundings { mappings: &self.process.mappings, tables: &self.tables, read_code: &read_code };
        let Walked { frames: words, outcome } = unwind(snapshot, around, limits);
        let frame = |word: &u64| ((word >> FRAME_OBJECT_SHIFT) as u32, word & FRAME_ADDRESS_MASK);
        (words.iter().map(frame).collect(), outcome)
    }
}
