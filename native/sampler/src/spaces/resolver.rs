//! Which object a mapping belongs to.

use crate::kernel::engine::Engine;
use crate::kernel::perf::side_band::NewMapping;
use crate::rights::access::Access;
use crate::spaces::maps_file::{is_gone, kind_of, memory_file_name, PathKind};
use crate::tables::file::opening::is_elf;
use crate::tables::objects::Objects;

pub struct Resolver<'a> {
    pub objects: &'a mut Objects,
    pub engine: &'a mut Engine,
    pub access: &'a Access,
}

pub enum Owner {
    Object(u32),
    /// Memory that is no file's: its code is made at run time.
    Nobody,
}

impl Resolver<'_> {
    /// None for what holds no code of interest.
    pub fn owner_of(&mut self, pid: u32, new: &NewMapping, time_ns: u64) -> Option<Owner> {
        let id = match kind_of(&new.path) {
            PathKind::Ignored => return None,
            PathKind::Anonymous => None,
            PathKind::Vdso => Some(self.objects.load_vdso(&mut self.engine.tables)),
            PathKind::MemoryFile => self.memory_file(pid, new),
            PathKind::File => Some(self.file(pid, new, time_ns)?),
        };
        Some(id.map_or(Owner::Nobody, Owner::Object))
    }

    /// None also where the process is not the caller's any more: then it is not even said which files it maps.
    pub fn file(&mut self, pid: u32, new: &NewMapping, time_ns: u64) -> Option<u32> {
        if let Some(id) = self.objects.known(pid, new) {
            return Some(id);
        }
        match self.objects.open_mapped(pid, new) {
            Ok(file) => Some(self.objects.load_mapped(&mut self.engine.tables, file, new)),
            Err(_) if is_gone(pid) => self.objects.load_of_ended(&mut self.engine.tables, new, time_ns),
            Err(_) if !self.access.may_inspect(pid) || !self.engine.is_observed(pid) => None,
            Err(error) => {
                let loaded = self.objects.load_of_ended(&mut self.engine.tables, new, time_ns);
                Some(loaded.unwrap_or_else(|| self.objects.add_unreadable(new, &error)))
            }
        }
    }

    /// A program or a library that lies in memory alone. None for what is no ELF file: code that is made at run time, and
    /// mapped a second time to be written.
    fn memory_file(&mut self, pid: u32, new: &NewMapping) -> Option<u32> {
        if let Some(id) = self.objects.known(pid, new) {
            return Some(id);
        }
        let file = self.objects.open_mapped(pid, new).ok().filter(is_elf)?;
        let named = NewMapping { path: memory_file_name(&new.path).to_vec(), ..new.clone() };
        Some(self.objects.load_mapped(&mut self.engine.tables, file, &named))
    }
}
