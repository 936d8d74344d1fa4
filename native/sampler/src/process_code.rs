//! Code as it lies in a process's memory.

use crate::access::Access;

/// Eight bytes from an address of the process. `None` where it has ended, or has nothing there, or may not be read.
pub fn read_code(access: &Access, pid: u32, address: u64) -> Option<[u8; 8]> {
    let mut code = [0; 8];
    read_code_into(access, pid, address, &mut code).then_some(code)
}

/// Fills `code`, or says that it cannot.
pub fn read_code_into(access: &Access, pid: u32, address: u64, code: &mut [u8]) -> bool {
    access.for_inspection(|| read_memory(pid, address, code))
}

/// The same of a process that the caller may profile, with our own rights: the kernel asks more of who reads memory than of
/// who reads a process's map (kernel.yama.ptrace_scope). What is read is compared with a file, and goes nowhere.
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
