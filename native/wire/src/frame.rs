//! Frames on the socket: `u32 payloadLength, u16 kind, u16 zero, payload`. A descriptor travels beside the first byte of
//! its frame.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use crate::malformed::Malformed;

pub const HEADER_BYTES: usize = 8;
/// Longest payload that the client accepts: a batch of stacks is bounded by the ring.
pub const MAX_PAYLOAD_BYTES: usize = 64 << 20;
/// Longest payload of a request: START is small, TARGET has the paths of a few hundred libraries.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;

const READ_BYTES: usize = 256 << 10;
/// The kernel's SCM_MAX_FD is 253.
const CONTROL_BYTES: usize = 2048;

/// Why no frame can be read.
#[derive(Debug)]
pub enum FrameError {
    Malformed(Malformed),
    Io(io::Error),
    /// This process may not have as many descriptors as have come.
    TooManyFiles,
}

impl From<Malformed> for FrameError {
    fn from(malformed: Malformed) -> FrameError {
        FrameError::Malformed(malformed)
    }
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> FrameError {
        FrameError::Io(error)
    }
}

#[derive(Debug, PartialEq)]
pub struct Frame<'a> {
    pub kind: u16,
    pub payload: &'a [u8],
}

pub fn header(kind: u16, payload_bytes: usize) -> [u8; HEADER_BYTES] {
    let mut head = [0; HEADER_BYTES];
    head[..4].copy_from_slice(&(payload_bytes as u32).to_le_bytes());
    head[4..6].copy_from_slice(&kind.to_le_bytes());
    head
}

/// Kind and length.
fn parse_header(head: [u8; HEADER_BYTES], most_bytes: usize) -> Result<(u16, usize), Malformed> {
    let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let kind = u16::from_le_bytes([head[4], head[5]]);
    if head[6] != 0 || head[7] != 0 {
        return Err(Malformed::new(format!("a frame of kind {kind} has a non-zero reserved field")));
    }
    if length > most_bytes {
        return Err(Malformed::new(format!("a frame of kind {kind} claims {length} bytes")));
    }
    Ok((kind, length))
}

/// Never raises SIGPIPE, whose default action the host may not have changed.
pub fn send(socket: &impl AsRawFd, kind: u16, payload: &[u8]) -> io::Result<()> {
    send_all(socket.as_raw_fd(), &[header(kind, payload.len()).as_slice(), payload].concat())
}

pub fn send_with_descriptor(
    socket: &impl AsRawFd,
    kind: u16,
    payload: &[u8],
    descriptor: BorrowedFd<'_>,
) -> io::Result<()> {
    let head = header(kind, payload.len());
    let sent = send_message(socket.as_raw_fd(), &head, descriptor)?;
    send_all(socket.as_raw_fd(), &head[sent..])?;
    send_all(socket.as_raw_fd(), payload)
}

fn send_all(socket: RawFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // SAFETY: a live slice and its length.
        let sent = unsafe { libc::send(socket, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
        if sent >= 0 {
            bytes = &bytes[sent as usize..];
            continue;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(())
}

fn send_message(socket: RawFd, bytes: &[u8], descriptor: BorrowedFd<'_>) -> io::Result<usize> {
    let mut control = [0u64; 4];
    let mut vector = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: the control buffer is aligned and large enough for one descriptor; every pointer outlives the call.
    let sent = unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &mut vector;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(size_of::<RawFd>() as u32) as _;
        let rights = libc::CMSG_FIRSTHDR(&message);
        (*rights).cmsg_level = libc::SOL_SOCKET;
        (*rights).cmsg_type = libc::SCM_RIGHTS;
        (*rights).cmsg_len = libc::CMSG_LEN(size_of::<RawFd>() as u32) as _;
        libc::CMSG_DATA(rights).cast::<RawFd>().write_unaligned(descriptor.as_raw_fd());
        libc::sendmsg(socket, &message, libc::MSG_NOSIGNAL)
    };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(sent as usize)
}

/// The next frame and nothing behind it, for a reader that also polls the socket; None when the peer has gone.
pub fn receive(stream: &mut UnixStream, most_bytes: usize) -> Result<Option<(u16, Vec<u8>)>, FrameError> {
    let mut head = [0; HEADER_BYTES];
    match stream.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let (kind, length) = parse_header(head, most_bytes)?;
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload)?;
    Ok(Some((kind, payload)))
}

/// Reads many frames at once, with the descriptors that travel beside them.
pub struct FrameReader<'a, S: AsRawFd> {
    socket: &'a S,
    buffer: Vec<u8>,
    start: usize,
    descriptors: VecDeque<OwnedFd>,
}

impl<'a, S: AsRawFd> FrameReader<'a, S> {
    pub fn new(socket: &'a S) -> Self {
        FrameReader { socket, buffer: Vec::new(), start: 0, descriptors: VecDeque::new() }
    }

    /// The next whole frame; None when the peer closed the socket between two frames.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let Some(head) = self.fill(HEADER_BYTES)?.and_then(|bytes| bytes.first_chunk().copied()) else {
            return Ok(None);
        };
        let (kind, length) = parse_header(head, MAX_PAYLOAD_BYTES)?;
        let whole = HEADER_BYTES + length;
        if self.fill(whole)?.is_none() {
            return Err(ended_inside());
        }
        let begin = self.start;
        self.start += whole;
        Ok(Some(Frame { kind, payload: &self.buffer[begin + HEADER_BYTES..begin + whole] }))
    }

    /// Descriptors in the order of their arrival. The kernel delivers one together with the first byte of the
    /// message that carried it, so it is here before its frame is complete, and order alone pairs the two.
    pub fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.descriptors.pop_front()
    }

    /// At least `wanted` bytes from `start` on; None when the socket ended before the first of them.
    fn fill(&mut self, wanted: usize) -> Result<Option<&[u8]>, FrameError> {
        if self.buffer.len() - self.start < wanted && self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        while self.buffer.len() - self.start < wanted {
            if self.receive()? == 0 {
                return match self.buffer.len() - self.start {
                    0 => Ok(None),
                    _ => Err(ended_inside()),
                };
            }
        }
        Ok(Some(&self.buffer[self.start..]))
    }

    /// One recvmsg. Grows the buffer by what arrives, not by what a header claims.
    fn receive(&mut self) -> Result<usize, FrameError> {
        let old = self.buffer.len();
        self.buffer.resize(old + READ_BYTES, 0);
        let mut control = [0u64; CONTROL_BYTES / 8];
        let received = receive_into(self.socket.as_raw_fd(), &mut self.buffer[old..], &mut control);
        self.buffer.truncate(old + received.as_ref().map_or(0, |(bytes, _)| *bytes));
        let (bytes, descriptors) = received?;
        self.descriptors.extend(descriptors);
        Ok(bytes)
    }
}

fn ended_inside() -> FrameError {
    Malformed::new("the connection ended inside a frame").into()
}

fn receive_into(socket: RawFd, bytes: &mut [u8], control: &mut [u64]) -> Result<(usize, Vec<OwnedFd>), FrameError> {
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
            if received >= 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                break received;
            }
        };
        (header, received)
    };
    if received < 0 {
        return Err(io::Error::last_os_error().into());
    }
    let descriptors = received_descriptors(&header);
    if header.msg_flags & libc::MSG_CTRUNC != 0 {
        return Err(FrameError::TooManyFiles);
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
