//! Numbers of mapped files. The sampler has 14 bits for them and uses a number again for another file; ours are never
//! used again, so that a frame means the same file for as long as anybody holds it.

use super::layout::FRAME_OBJECT_SHIFT;
use bee_wire::KERNEL_OBJECT;

const SAMPLER_NUMBERS: usize = 1 << (u64::BITS - FRAME_OBJECT_SHIFT);

pub struct ObjectNumbers {
    /// By the sampler's number; 0: not used yet.
    ours: Vec<u32>,
    next: u32,
}

impl Default for ObjectNumbers {
    fn default() -> ObjectNumbers {
        ObjectNumbers { ours: vec![0; SAMPLER_NUMBERS], next: 1 }
    }
}

impl ObjectNumbers {
    /// From here on the sampler's number means another file.
    pub fn renew(&mut self, number: u32) -> u32 {
        if number == KERNEL_OBJECT {
            return KERNEL_OBJECT;
        }
        self.ours[number as usize] = self.next;
        self.next += 1;
        self.next - 1
    }

    /// Of the file that the sampler's number means by now; 0 is no file. One of which no OBJECT has told has a number,
    /// too, but nothing stands behind it.
    pub fn of(&mut self, number: usize) -> u32 {
        if number != 0 && self.ours[number] == 0 {
            self.renew(number as u32);
        }
        self.ours[number]
    }

    /// Those that a frame to come may name.
    pub fn in_use(&self) -> impl Iterator<Item = u32> + '_ {
        self.ours.iter().copied().filter(|&number| number != 0)
    }
}
