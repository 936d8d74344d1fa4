//! Frames from a unix stream socket, with the descriptors that travel beside them.

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use crate::failure::{Failure, Outcome};
use crate::protocol::{FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES};

const READ_BYTES: usize = 256 << 10;
/// The kernel's SCM_MAX_FD is 253.
const CONTROL_BYTES: usize = 2048;

pub struct FrameReader<'a, S: AsRawFd> {
    socket: &'a S,
    buffer: Vec<u8>,
    start: usize,
    descriptors: VecDeque<OwnedFd>,
}

#[derive(Debug, PartialEq)]
pub struct Frame<'a> {
    pub kind: u16,
    pub payload: &'a [u8],
}

impl<'a, S: AsRawFd> FrameReader<'a, S> {
    pub fn new(socket: &'a S) -> Self {
        FrameReader { socket, buffer: Vec::new(), start: 0, descriptors: VecDeque::new() }
    }

    /// The next whole frame; None when the peer closed the socket between two frames.
    pub fn next_frame(&mut self) -> Outcome<Option<Frame<'_>>> {
        let Some(header) = self.fill(FRAME_HEADER_BYTES)? else { return Ok(None) };
        let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let kind = u16::from_le_bytes([header[4], header[5]]);
        if header[6] != 0 || header[7] != 0 {
            return Err(Failure::malformed(format!("a frame of type {kind} has a non-zero reserved field")));
        }
        if length > MAX_PAYLOAD_BYTES {
            return Err(Failure::malformed(format!("a frame of type {kind} claims {length} bytes")));
        }
        let whole = FRAME_HEADER_BYTES + length;
        if self.fill(whole)?.is_none() {
            return Err(Failure::malformed("the connection ended inside a frame"));
        }
        let begin = self.start;
        self.start += whole;
        Ok(Some(Frame { kind, payload: &self.buffer[begin + FRAME_HEADER_BYTES..begin + whole] }))
    }

    /// Descriptors in the order of their arrival. The kernel delivers one together with the first byte of the
    /// message that carried it, so it is here before its frame is complete, and order alone pairs the two.
    pub fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.descriptors.pop_front()
    }

    /// At least `wanted` bytes from `start` on; None when the socket ended before the first of them.
    fn fill(&mut self, wanted: usize) -> Outcome<Option<&[u8]>> {
        if self.buffer.len() - self.start < wanted && self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        while self.buffer.len() - self.start < wanted {
            if self.receive()? == 0 {
                return match self.buffer.len() - self.start {
                    0 => Ok(None),
                    _ => Err(Failure::malformed("the connection ended inside a frame")),
                };
            }
        }
        Ok(Some(&self.buffer[self.start..]))
    }

    /// One recvmsg. Grows the buffer by what arrives, not by what a header claims.
    fn receive(&mut self) -> Outcome<usize> {
        let old = self.buffer.len();
        self.buffer.resize(old + READ_BYTES, 0);
        let mut control = [0u64; CONTROL_BYTES / 8];
        let received = receive_into(self.socket.as_raw_fd(), &mut self.buffer[old..], &mut control);
        let (bytes, descriptors) = match received {
            Ok(received) => received,
            Err(failure) => {
                self.buffer.truncate(old);
                return Err(failure);
            }
        };
        self.buffer.truncate(old + bytes);
        self.descriptors.extend(descriptors);
        Ok(bytes)
    }
}

fn receive_into(socket: RawFd, bytes: &mut [u8], control: &mut [u64]) -> Outcome<(usize, Vec<OwnedFd>)> {
    let mut vector = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    // SAFETY: an all-zero msghdr is valid; both buffers outlive the call and their lengths are given in bytes.
    let (header, received) = unsafe {
        let mut header: libc::msghdr = std::mem::zeroed();
        header.msg_iov = &mut vector;
        header.msg_iovlen = 1;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = std::mem::size_of_val(control) as _;
        let received = loop {
            let received = libc::recvmsg(socket, &mut header, libc::MSG_CMSG_CLOEXEC);
            if received >= 0 || std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
                break received;
            }
        };
        (header, received)
    };
    if received < 0 {
        return Err(Failure::last_os_error("Receiving from the sampler failed"));
    }
    let descriptors = received_descriptors(&header);
    if header.msg_flags & libc::MSG_CTRUNC != 0 {
        return Err(Failure::new(libc::EMFILE, "This process may not open as many files as the target has mapped."));
    }
    Ok((received as usize, descriptors))
}

fn received_descriptors(header: &libc::msghdr) -> Vec<OwnedFd> {
    let mut descriptors = Vec::new();
    // SAFETY: `header` is as recvmsg left it, its control buffer is alive and aligned; every descriptor in an
    // SCM_RIGHTS message is new and ours.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while !message.is_null() {
            if (*message).cmsg_level == libc::SOL_SOCKET && (*message).cmsg_type == libc::SCM_RIGHTS {
                let bytes = (*message).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                let data = libc::CMSG_DATA(message).cast::<RawFd>();
                for index in 0..bytes / size_of::<RawFd>() {
                    descriptors.push(OwnedFd::from_raw_fd(data.add(index).read_unaligned()));
                }
            }
            message = libc::CMSG_NXTHDR(header, message);
        }
    }
    descriptors
}
