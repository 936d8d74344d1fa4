//! A mmapable BPF array as memory. The BPF program reads it while we write, so every publication is a single
//! aligned word or an entry that nothing points to yet.

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;

pub struct ArrayMemory<T> {
    base: NonNull<T>,
    length: usize,
    entry: PhantomData<T>,
}

impl<T: Copy> ArrayMemory<T> {
    /// `bytes` is the size of the whole array; it is counted in Ts here, whatever its own entries are.
    pub fn map(array: BorrowedFd, bytes: usize) -> io::Result<ArrayMemory<T>> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new shared mapping, unmapped in drop.
        let base = unsafe {
            libc::mmap(std::ptr::null_mut(), page_rounded(bytes), protection, libc::MAP_SHARED, array.as_raw_fd(), 0)
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(ArrayMemory { base, length: bytes / size_of::<T>(), entry: PhantomData })
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn get(&self, index: usize) -> Option<T> {
        // SAFETY: inside the mapping; T is plain data and may change only through us.
        (index < self.length).then(|| unsafe { self.base.as_ptr().add(index).read_volatile() })
    }

    /// Entries that nothing points to yet. Panics when they are out of range.
    pub fn set_all(&mut self, first: usize, values: &[T]) {
        assert!(first + values.len() <= self.length, "entries {first} to {} of {}", first + values.len(), self.length);
        // SAFETY: inside the mapping, which is no Rust value's.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), self.base.as_ptr().add(first), values.len()) };
    }

    /// Panics when the index is out of range: the caller has allocated it.
    pub fn set(&mut self, index: usize, value: T) {
        assert!(index < self.length, "entry {index} of {}", self.length);
        // SAFETY: inside the mapping.
        unsafe { self.base.as_ptr().add(index).write_volatile(value) };
    }
}

fn page_rounded(bytes: usize) -> usize {
    bytes.next_multiple_of(4096)
}

impl<T> Drop for ArrayMemory<T> {
    fn drop(&mut self) {
        let bytes = page_rounded(self.length * size_of::<T>());
        // SAFETY: unmaps what map() mapped.
        unsafe { libc::munmap(self.base.as_ptr().cast(), bytes) };
    }
}

#[cfg(test)]
impl<T: Copy> ArrayMemory<T> {
    /// Of no BPF map.
    pub fn apart(entries: usize) -> io::Result<ArrayMemory<T>> {
        use std::os::fd::{AsFd, FromRawFd, OwnedFd};
        let bytes = entries * size_of::<T>();
        // SAFETY: a constant string, and a new descriptor of ours.
        let file = unsafe { OwnedFd::from_raw_fd(libc::memfd_create(c"array".as_ptr(), libc::MFD_CLOEXEC)) };
        let file = std::fs::File::from(file);
        file.set_len(page_rounded(bytes) as u64)?;
        ArrayMemory::map(file.as_fd(), bytes)
    }
}
