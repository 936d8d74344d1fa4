//! Frames on the socket: writing (with a descriptor where one travels along) and reading.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use crate::serve::protocol::{FRAME_HEADER_BYTES, MAX_REQUEST_BYTES};

pub struct Wire {
    stream: UnixStream,
}

impl Wire {
    pub fn new(stream: UnixStream) -> Wire {
        Wire { stream }
    }

    pub fn as_raw_fd(&self) -> i32 {
        self.stream.as_raw_fd()
    }

    pub fn send(&mut self, kind: u16, payload: &[u8]) -> io::Result<()> {
        self.stream.write_all(&[header(kind, payload.len()).as_slice(), payload].concat())
    }

    /// The descriptor rides on the header's first byte.
    pub fn send_with_descriptor(&mut self, kind: u16, payload: &[u8], file: BorrowedFd) -> io::Result<()> {
        let sent = send_message(self.stream.as_raw_fd(), &header(kind, payload.len()), file)?;
        self.stream.write_all(&header(kind, payload.len())[sent..])?;
        self.stream.write_all(payload)
    }

    /// The next frame; None when the client has gone.
    pub fn receive(&mut self) -> io::Result<Option<(u16, Vec<u8>)>> {
        let mut head = [0; FRAME_HEADER_BYTES];
        match self.stream.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if length > MAX_REQUEST_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame claims {length} bytes")));
        }
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload)?;
        Ok(Some((u16::from_le_bytes([head[4], head[5]]), payload)))
    }
}

fn header(kind: u16, payload_bytes: usize) -> [u8; FRAME_HEADER_BYTES] {
    let mut head = [0; FRAME_HEADER_BYTES];
    head[..4].copy_from_slice(&(payload_bytes as u32).to_le_bytes());
    head[4..6].copy_from_slice(&kind.to_le_bytes());
    head
}

fn send_message(socket: i32, bytes: &[u8], file: BorrowedFd) -> io::Result<usize> {
    let mut control = [0u64; 4];
    let mut vector = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: the control buffer is aligned and large enough for one descriptor; every pointer outlives the call.
    let sent = unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &mut vector;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(size_of::<i32>() as u32) as _;
        let rights = libc::CMSG_FIRSTHDR(&message);
        (*rights).cmsg_level = libc::SOL_SOCKET;
        (*rights).cmsg_type = libc::SCM_RIGHTS;
        (*rights).cmsg_len = libc::CMSG_LEN(size_of::<i32>() as u32) as _;
        libc::CMSG_DATA(rights).cast::<i32>().write_unaligned(file.as_raw_fd());
        libc::sendmsg(socket, &message, libc::MSG_NOSIGNAL)
    };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(sent as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::protocol::{MESSAGE_ADD, MESSAGE_START, PROTOCOL_VERSION};
    use crate::serve::requests::{parse_add, parse_start};

    /// xorshift64: the same rounds every time.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % limit as u64) as usize
        }
    }

    fn frame(kind: u16, payload: &[u8]) -> Vec<u8> {
        [header(kind, payload.len()).as_slice(), payload].concat()
    }

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn conversation() -> Vec<u8> {
        let start = words(&[PROTOCOL_VERSION, 997, 0, 1 << 20, 0, 1024, 0]);
        let add = [words(&[1, 42, 1, 2]), b"/bin/a\0/lib/b\0".to_vec()].concat();
        [frame(MESSAGE_START, &start), frame(MESSAGE_ADD, &add), frame(3, &[])].concat()
    }

    /// Everything that a client can send, until it hangs up or is refused.
    fn receive_all(bytes: Vec<u8>) -> usize {
        let (client, sampler) = UnixStream::pair().unwrap();
        let sending = std::thread::spawn(move || (&client).write_all(&bytes));
        let mut wire = Wire::new(sampler);
        let mut received = 0;
        while let Ok(Some((kind, payload))) = wire.receive() {
            assert!(payload.len() <= MAX_REQUEST_BYTES);
            match kind {
                MESSAGE_START => drop(parse_start(&payload)),
                MESSAGE_ADD => drop(parse_add(&payload).map(|request| request.paths().count())),
                _ => {}
            }
            received += 1;
        }
        drop(wire);
        let _ = sending.join();
        received
    }

    #[test]
    fn whatever_a_client_sends_is_a_request_or_an_error() {
        assert_eq!(receive_all(conversation()), 3);
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..3000 {
            let mut bytes = conversation();
            for _ in 0..random.below(6) {
                let at = random.below(bytes.len());
                bytes[at] = random.below(256) as u8;
            }
            bytes.truncate(bytes.len() - random.below(bytes.len()) * random.below(2));
            receive_all(bytes);
        }
    }

    #[test]
    fn a_length_is_not_believed() {
        let (mut client, sampler) = UnixStream::pair().unwrap();
        client.write_all(&header(MESSAGE_ADD, MAX_REQUEST_BYTES + 1)).unwrap();
        assert_eq!(Wire::new(sampler).receive().unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
