//! The connection to bee-sampler: listen, accept, send, and receive on a thread of its own.

use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::event_queue::EventQueue;
use super::listener::{is_trusted, listen};
use super::receiver::Receiver;
use crate::failure::{Failure, Outcome};
use crate::protocol::MAX_REQUEST_BYTES;
use crate::received::Received;

/// How long a send may block on a sampler that does not read.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

pub struct SamplerConnection {
    listener: Mutex<Option<UnixListener>>,
    stream: OnceLock<UnixStream>,
    receiving: Mutex<Option<JoinHandle<()>>>,
    /// Serializes senders: a frame is never interleaved with another.
    sending: Mutex<()>,
    pub events: EventQueue,
    received: Arc<Received>,
}

impl SamplerConnection {
    /// Listens on `socket_path`; without a path no sampler will come.
    pub fn open(socket_path: Option<&str>, received: Arc<Received>) -> Outcome<Arc<SamplerConnection>> {
        Ok(Arc::new(SamplerConnection {
            listener: Mutex::new(socket_path.map(listen).transpose()?),
            stream: OnceLock::new(),
            receiving: Mutex::new(None),
            sending: Mutex::new(()),
            events: EventQueue::new()?,
            received,
        }))
    }

    /// Waits for the sampler to connect and starts to receive. Accepts one connection only.
    pub fn accept(self: &Arc<Self>, timeout: Duration) -> Outcome<()> {
        let mut held = lock(&self.listener);
        let listener = held.as_ref().ok_or_else(|| Failure::new(libc::EINVAL, "The session does not listen."))?;
        let stream = self.accept_trusted(listener, Instant::now() + timeout)?;
        *held = None;
        drop(held);
        limit_send_time(&stream)?;
        if self.stream.set(stream).is_err() {
            return Err(Failure::new(libc::EISCONN, "The sampler is already connected."));
        }
        let connection = Arc::clone(self);
        let thread = std::thread::Builder::new()
            .name("bee-receive".into())
            .spawn(move || connection.receive())
            .map_err(|error| Failure::from_io("Cannot start the receiving thread", &error))?;
        *lock(&self.receiving) = Some(thread);
        self.hang_up_if_ended();
        Ok(())
    }

    /// Sends one frame.
    pub fn send(&self, kind: u16, payload: &[u8]) -> Outcome<()> {
        let stream = self.stream.get().ok_or_else(not_connected)?;
        if payload.len() > MAX_REQUEST_BYTES {
            return Err(Failure::new(libc::EMSGSIZE, "The message is too long."));
        }
        let mut frame = Vec::with_capacity(8 + payload.len());
        frame.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        frame.extend_from_slice(&kind.to_le_bytes());
        frame.extend_from_slice(&[0, 0]);
        frame.extend_from_slice(payload);
        let _one_at_a_time = lock(&self.sending);
        send_all(stream.as_raw_fd(), &frame)
    }

    /// Ends the connection and the receiving thread; waiters return EPIPE.
    pub fn close(&self) {
        self.events.end(Failure::new(libc::EPIPE, "The session is closed."));
        self.events.wake_for_good();
        if let Some(stream) = self.stream.get() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        let thread = lock(&self.receiving).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    fn accept_trusted(&self, listener: &UnixListener, deadline: Instant) -> Outcome<UnixStream> {
        loop {
            if let Some(ended) = self.events.ended() {
                return Err(ended);
            }
            if !self.events.wait_for_socket(listener.as_raw_fd(), deadline)? {
                let timed_out = || Failure::new(libc::ETIMEDOUT, "The sampler did not connect in time.");
                return Err(self.events.interruption().unwrap_or_else(timed_out));
            }
            let (stream, _) =
                listener.accept().map_err(|error| Failure::from_io("Accepting the sampler failed", &error))?;
            // Anybody else is hung up on; the sampler may still come.
            if is_trusted(&stream)? {
                return Ok(stream);
            }
        }
    }

    /// A close that ran while accept did has found no connection to shut down.
    fn hang_up_if_ended(&self) {
        if let (Some(stream), true) = (self.stream.get(), self.events.ended().is_some()) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    fn receive(&self) {
        let Some(stream) = self.stream.get() else { return };
        let ended = Receiver::new(stream, &self.received, &self.events).run();
        let _ = stream.shutdown(std::net::Shutdown::Both);
        self.events.end(ended);
    }
}

fn not_connected() -> Failure {
    Failure::new(libc::ENOTCONN, "The sampler is not connected.")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn limit_send_time(stream: &UnixStream) -> Outcome<()> {
    stream
        .set_write_timeout(Some(SEND_TIMEOUT))
        .map_err(|error| Failure::from_io("Cannot set the send timeout", &error))
}

/// Not `write_all`: that would raise SIGPIPE's default action in a host that has not ignored it.
fn send_all(socket: RawFd, mut bytes: &[u8]) -> Outcome<()> {
    while !bytes.is_empty() {
        // SAFETY: a live slice and its length.
        let sent = unsafe { libc::send(socket, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
        if sent >= 0 {
            bytes = &bytes[sent as usize..];
        } else if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
            return Err(Failure::last_os_error("Sending to the sampler failed"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::*;
    use std::fs::File;
    use std::io::{Read, Write};
    use std::path::PathBuf;

    const SECOND: Duration = Duration::from_secs(10);

    struct Connected {
        connection: Arc<SamplerConnection>,
        peer: UnixStream,
        path: PathBuf,
    }

    impl Drop for Connected {
        fn drop(&mut self) {
            self.connection.close();
            let _ = std::fs::remove_file(&self.path);
        }
    }

    fn connect(name: &str) -> Connected {
        let path = std::env::temp_dir().join(format!("bee-{}-{name}.sock", std::process::id()));
        let connection = SamplerConnection::open(path.to_str(), Arc::default()).unwrap();
        let peer = UnixStream::connect(&path).unwrap();
        connection.accept(SECOND).unwrap();
        Connected { connection, peer, path }
    }

    fn frame(kind: u16, payload: &[u8]) -> Vec<u8> {
        [&(payload.len() as u32).to_le_bytes()[..], &kind.to_le_bytes(), &[0, 0], payload].concat()
    }

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn next_event(connection: &SamplerConnection) -> Outcome<Option<Vec<u8>>> {
        let mut taken = Vec::new();
        let waited = connection.events.wait(SECOND, |event| {
            taken = event.to_vec();
            true
        });
        waited.map(|length| length.map(|_| taken))
    }

    fn error_after(name: &str, bytes: &[u8]) -> i32 {
        let mut connected = connect(name);
        connected.peer.write_all(bytes).unwrap();
        connected.peer.shutdown(std::net::Shutdown::Write).unwrap();
        next_event(&connected.connection).unwrap_err().code
    }

    #[test]
    fn frames_cut_anywhere_arrive_whole_and_in_order() {
        let mut connected = connect("cut");
        let bytes = [
            frame(MESSAGE_HELLO, &words(&[PROTOCOL_VERSION, 42])),
            frame(MESSAGE_TOTALS, b"{}"),
            frame(MESSAGE_DONE, b""),
        ]
        .concat();
        for byte in bytes.chunks(3) {
            connected.peer.write_all(byte).unwrap();
        }
        connected.peer.shutdown(std::net::Shutdown::Write).unwrap();
        let kinds: Vec<u16> = (0..3)
            .map(|_| next_event(&connected.connection).unwrap().unwrap())
            .map(|event| u16::from_le_bytes([event[0], event[1]]))
            .collect();
        assert_eq!(kinds, [MESSAGE_HELLO, MESSAGE_TOTALS, MESSAGE_DONE]);
        assert_eq!(next_event(&connected.connection).unwrap_err().code, -libc::EPIPE);
    }

    #[test]
    fn an_end_before_done_is_the_samplers_death() {
        assert_eq!(
            error_after("death", &frame(MESSAGE_HELLO, &words(&[PROTOCOL_VERSION, 42]))[..0]),
            -libc::ECONNRESET
        );
    }

    #[test]
    fn malformed_frames_end_the_session() {
        assert_eq!(error_after("huge", &words(&[65 << 20, u32::from(MESSAGE_STACKS)])), -libc::EPROTO);
        assert_eq!(error_after("reserved", &words(&[0, 1 << 16 | u32::from(MESSAGE_DONE)])), -libc::EPROTO);
        assert_eq!(error_after("inside", &frame(MESSAGE_DONE, b"abc")[..9]), -libc::EPROTO);
        assert_eq!(error_after("type", &frame(7, b"")), -libc::EPROTO);
        assert_eq!(error_after("short", &frame(MESSAGE_EXIT, &[0; 15])), -libc::EPROTO);
        assert_eq!(
            error_after("stack", &frame(MESSAGE_STACKS, &[0; crate::stacks::layout::STACK_SIZE - 1])),
            -libc::EPROTO
        );
        assert_eq!(error_after("object", &object(1, false, b"/a")[..20]), -libc::EPROTO);
        assert_eq!(
            error_after("text", &frame(MESSAGE_OBJECT, &words(&[&[1, 9, 0, 0][..], &[0; 10]].concat()))),
            -libc::EPROTO
        );
        assert_eq!(
            error_after("version", &frame(MESSAGE_HELLO, &words(&[PROTOCOL_VERSION + 1, 42]))),
            -libc::EPROTONOSUPPORT
        );
        assert_eq!(
            error_after("nofd", &frame(MESSAGE_OBJECT, &words(&[&[1, 0, 0, 1][..], &[0; 10]].concat()))),
            -libc::EPROTO
        );
    }

    #[test]
    fn descriptors_reach_their_objects_among_other_frames() {
        let connected = connect("descriptors");
        let peer = &connected.peer;
        let files: Vec<File> = ["/proc/self/status", "/proc/self/stat"].map(|path| File::open(path).unwrap()).into();
        send_with_descriptor(peer, &object(1, true, b"/a"), Some(files[0].as_raw_fd()));
        send_with_descriptor(peer, &object(2, false, b"[vdso]"), None);
        send_with_descriptor(peer, &object(3, true, b"/\"c"), Some(files[1].as_raw_fd()));
        send_with_descriptor(peer, &frame(MESSAGE_DONE, b""), None);
        next_event(&connected.connection).unwrap();
        let objects = connected.connection.received.objects();
        let first_bytes = |id: u32| {
            let object = objects.get(id).unwrap();
            let mut text = [0; 5];
            File::open(object.open().ok()?.path()).unwrap().read_exact(&mut text).unwrap();
            Some(String::from_utf8_lossy(&text).into_owned())
        };
        assert_eq!(first_bytes(1).unwrap(), "Name:");
        assert_eq!(first_bytes(2), None);
        assert!(first_bytes(3).unwrap().starts_with(char::is_numeric));
        assert!(objects.to_json().contains(r#"{"id":3,"path":"/\"c","buildId":"abcd","vdso":false}"#));
    }

    #[test]
    fn cancel_ends_a_wait_and_a_later_wait_works() {
        let connected = connect("cancel");
        let connection = Arc::clone(&connected.connection);
        let waiter = std::thread::spawn(move || next_event(&connection));
        connected.connection.events.cancel();
        assert_eq!(waiter.join().unwrap().unwrap_err().code, -libc::ECANCELED);
        assert_eq!(connected.connection.events.wait(Duration::from_millis(1), |_| true).unwrap(), None);
    }

    #[test]
    fn close_ends_a_wait_and_an_accept() {
        let connected = connect("close");
        let connection = Arc::clone(&connected.connection);
        let waiter = std::thread::spawn(move || next_event(&connection));
        connected.connection.close();
        assert_eq!(waiter.join().unwrap().unwrap_err().code, -libc::EPIPE);
        let path = std::env::temp_dir().join(format!("bee-{}-lonely.sock", std::process::id()));
        let lonely = SamplerConnection::open(path.to_str(), Arc::default()).unwrap();
        let connection = Arc::clone(&lonely);
        let accepting = std::thread::spawn(move || connection.accept(SECOND));
        lonely.close();
        assert_eq!(accepting.join().unwrap().unwrap_err().code, -libc::EPIPE);
        let _ = std::fs::remove_file(path);
    }

    #[test]
    fn an_event_that_does_not_fit_stays() {
        let mut connected = connect("fit");
        connected.peer.write_all(&frame(MESSAGE_TOTALS, b"{\"a\":1}")).unwrap();
        assert_eq!(connected.connection.events.wait(SECOND, |_| false).unwrap(), Some(11));
        assert_eq!(next_event(&connected.connection).unwrap().unwrap()[4..], *b"{\"a\":1}");
    }

    fn object(id: u32, has_descriptor: bool, path: &[u8]) -> Vec<u8> {
        let head = words(&[&[id, path.len() as u32, 2, u32::from(has_descriptor)][..], &[0; 10]].concat());
        frame(MESSAGE_OBJECT, &[&head, path, &[0xab, 0xcd]].concat())
    }

    fn send_with_descriptor(peer: &UnixStream, bytes: &[u8], descriptor: Option<RawFd>) {
        let mut control = [0u64; 8];
        let mut vector = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        // SAFETY: the buffers outlive the call; the control buffer has room for one descriptor.
        unsafe {
            let mut header: libc::msghdr = std::mem::zeroed();
            header.msg_iov = &mut vector;
            header.msg_iovlen = 1;
            if let Some(descriptor) = descriptor {
                header.msg_control = control.as_mut_ptr().cast();
                header.msg_controllen = libc::CMSG_SPACE(4) as _;
                let message = libc::CMSG_FIRSTHDR(&header);
                (*message).cmsg_level = libc::SOL_SOCKET;
                (*message).cmsg_type = libc::SCM_RIGHTS;
                (*message).cmsg_len = libc::CMSG_LEN(4) as _;
                libc::CMSG_DATA(message).cast::<RawFd>().write_unaligned(descriptor);
            }
            assert_eq!(libc::sendmsg(peer.as_raw_fd(), &header, 0), bytes.len() as isize);
        }
    }
}
