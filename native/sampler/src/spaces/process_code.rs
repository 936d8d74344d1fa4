//! Code of a process: that of its files as they were loaded, and otherwise what lies in its memory.

use crate::kernel::record::{Mapping, NO_OBJECT};
use crate::rights::access::Access;
use crate::spaces::mappings::find_mapping;
use crate::tables::objects::Objects;

/// Where the code of a stack is read. A file's is not read from memory: by then the process may have executed another.
pub struct ProcessCode<'a> {
    pub access: &'a Access,
    pub objects: &'a Objects,
    pub mappings: &'a [Mapping],
    pub pid: u32,
}

impl ProcessCode<'_> {
    /// Eight bytes from an address of the process. `None` where there are less, or they are gone, or may not be read.
    pub fn eight_at(&self, address: u64) -> Option<[u8; 8]> {
        let mut code = [0; 8];
        self.read(address, &mut code).then_some(code)
    }

    /// Fills `code`, or says that it cannot.
    pub fn read(&self, address: u64, code: &mut [u8]) -> bool {
        match find_mapping(self.mappings, address) {
            Some(mapping) if mapping.object != NO_OBJECT => {
                let object = self.objects.get(mapping.object);
                object.is_some_and(|object| object.read_code(address.wrapping_sub(mapping.bias), code))
            }
            _ => read_code_into(self.access, self.pid, address, code),
        }
    }
}

fn read_code_into(access: &Access, pid: u32, address: u64, code: &mut [u8]) -> bool {
    access.for_inspection(|| read_memory(pid, address, code))
}

/// Memory of a process that the caller may profile, if need be with our own rights: the kernel demands more for reading
/// memory than for reading the map of a process (kernel.yama.ptrace_scope). It is compared with a file, and goes nowhere.
pub fn read_for_comparison(access: &Access, pid: u32, address: u64, memory: &mut [u8]) -> bool {
    read_code_into(access, pid, address, memory)
        || access.may_inspect(pid) && access.with_own_rights(|| read_memory(pid, address, memory))
}

fn read_memory(pid: u32, address: u64, code: &mut [u8]) -> bool {
    let local = libc::iovec { iov_base: code.as_mut_ptr().cast(), iov_len: code.len() };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: code.len() };
    // SAFETY: the local range is ours; the kernel checks the other, which is in another process.
    let read = unsafe { libc::process_vm_readv(pid as i32, &local, 1, &remote, 1, 0) };
    usize::try_from(read) == Ok(code.len())
}
