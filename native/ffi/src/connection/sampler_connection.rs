//! One conversation with bee-sampler: listen, accept, receive on an own thread, queue what JavaScript must see.

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::frame_reader::{Frame, FrameReader};
use crate::failure::{Failure, Outcome};
use crate::files::jit_dumps::{JitDump, JitDumps};
use crate::files::object::{ObjectMessage, Objects};
use crate::protocol::*;
use crate::stacks::samples::Samples;
use crate::symbolize::Kept;

/// Events are a handful per target process; a peer that floods must not fill this process's memory.
const MAX_QUEUED_EVENTS: usize = 1 << 16;
const MAX_QUEUED_BYTES: usize = 64 << 20;
/// How long a send may block on a sampler that does not read.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

pub struct Session {
    listener: Mutex<Option<UnixListener>>,
    connection: OnceLock<UnixStream>,
    receiver: Mutex<Option<JoinHandle<()>>>,
    /// Serializes senders: a frame is never interleaved with another.
    sending: Mutex<()>,
    /// Readable while somebody asked waiters to give up; accept polls it beside the listener.
    wake: OwnedFd,
    queue: Mutex<Queue>,
    queue_changed: Condvar,
    samples: Mutex<Samples>,
    objects: Mutex<Objects>,
    jit_dumps: Mutex<JitDumps>,
    kept: Kept,
    error: Mutex<String>,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Set once: why no further event will come.
    ended: Option<Failure>,
    is_cancelled: bool,
    is_done: bool,
}

/// Who connects must be able to write, whatever the umask.
fn listen(path: &str) -> std::io::Result<UnixListener> {
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

impl Session {
    /// Listens on `socket_path`; without a path the session only holds objects for symbolization.
    pub fn open(socket_path: Option<&str>) -> Outcome<Arc<Session>> {
        let listener = match socket_path {
            Some(path) => {
                Some(listen(path).map_err(|error| Failure::from_io(&format!("Cannot listen on {path}"), &error))?)
            }
            None => None,
        };
        Ok(Arc::new(Session {
            listener: Mutex::new(listener),
            connection: OnceLock::new(),
            receiver: Mutex::new(None),
            sending: Mutex::new(()),
            wake: new_event_descriptor()?,
            queue: Mutex::new(Queue::default()),
            queue_changed: Condvar::new(),
            samples: Mutex::new(Samples::default()),
            objects: Mutex::new(Objects::default()),
            jit_dumps: Mutex::new(JitDumps::default()),
            kept: Kept::default(),
            error: Mutex::new(String::new()),
        }))
    }

    /// Waits for the sampler to connect and starts to receive. One connection per session.
    pub fn accept(self: &Arc<Self>, timeout: Duration) -> Outcome<()> {
        let mut held = lock(&self.listener);
        let listener = held.as_ref().ok_or_else(|| Failure::new(libc::EINVAL, "The session does not listen."))?;
        let stream = self.accept_trusted(listener, Instant::now() + timeout)?;
        *held = None;
        drop(held);
        limit_send_time(&stream)?;
        if self.connection.set(stream).is_err() {
            return Err(Failure::new(libc::EISCONN, "The sampler is already connected."));
        }
        let session = Arc::clone(self);
        let thread = std::thread::Builder::new()
            .name("bee-receive".into())
            .spawn(move || session.receive())
            .map_err(|error| Failure::from_io("Cannot start the receiving thread", &error))?;
        *lock(&self.receiver) = Some(thread);
        self.hang_up_if_ended();
        Ok(())
    }

    /// Sends one frame.
    pub fn send(&self, kind: u16, payload: &[u8]) -> Outcome<()> {
        let stream = self.connection.get().ok_or_else(not_connected)?;
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

    /// The next event as `u16 type, u16 0, payload`, copied by `copy` when that says it fits. None on timeout.
    /// An event that does not fit stays queued; its length comes back either way.
    pub fn wait(&self, timeout: Duration, copy: impl FnOnce(&[u8]) -> bool) -> Outcome<Option<usize>> {
        let deadline = Instant::now() + timeout;
        let mut queue = lock(&self.queue);
        loop {
            if let Some(length) = queue.events.front().map(Vec::len) {
                if queue.events.front().is_some_and(|event| copy(event)) {
                    queue.events.pop_front();
                    queue.bytes -= length;
                }
                self.clear_cancel(&mut queue);
                return Ok(Some(length));
            }
            if let Some(failure) = &queue.ended {
                return Err(failure.clone());
            }
            if queue.is_cancelled {
                self.clear_cancel(&mut queue);
                return Err(cancelled());
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return Ok(None);
            };
            queue = self.queue_changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Makes the accept or wait in progress (else the next one) return ECANCELED.
    pub fn cancel(&self) {
        lock(&self.queue).is_cancelled = true;
        signal(&self.wake);
        self.queue_changed.notify_all();
    }

    /// Ends the connection and the receiving thread; waiters return EPIPE.
    pub fn close(&self) {
        self.end(Failure::new(libc::EPIPE, "The session is closed."));
        self.kept.end();
        signal(&self.wake);
        if let Some(stream) = self.connection.get() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        let receiver = lock(&self.receiver).take();
        if let Some(thread) = receiver {
            let _ = thread.join();
        }
    }

    pub fn samples(&self) -> MutexGuard<'_, Samples> {
        lock(&self.samples)
    }

    pub fn objects(&self) -> MutexGuard<'_, Objects> {
        lock(&self.objects)
    }

    pub fn jit_dumps(&self) -> MutexGuard<'_, JitDumps> {
        lock(&self.jit_dumps)
    }

    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Writes the names that are new where later runs find them.
    pub fn save_names(&self) -> Outcome<()> {
        self.kept.save().map_err(|message| Failure::new(libc::EIO, message))
    }

    pub fn set_error(&self, failure: &Failure) {
        lock(&self.error).clone_from(&failure.message);
    }

    pub fn error(&self) -> String {
        lock(&self.error).clone()
    }

    fn accept_trusted(&self, listener: &UnixListener, deadline: Instant) -> Outcome<UnixStream> {
        loop {
            if let Some(ended) = &lock(&self.queue).ended {
                return Err(ended.clone());
            }
            if !poll_readable(listener.as_raw_fd(), self.wake.as_raw_fd(), deadline)? {
                return Err(self.why_not_accepted());
            }
            let (stream, _) =
                listener.accept().map_err(|error| Failure::from_io("Accepting the sampler failed", &error))?;
            // Anybody else is hung up on; the sampler may still come.
            if is_trusted(&stream)? {
                return Ok(stream);
            }
        }
    }

    fn why_not_accepted(&self) -> Failure {
        let mut queue = lock(&self.queue);
        if let Some(ended) = &queue.ended {
            return ended.clone();
        }
        if queue.is_cancelled {
            self.clear_cancel(&mut queue);
            return cancelled();
        }
        Failure::new(libc::ETIMEDOUT, "The sampler did not connect in time.")
    }

    /// A close that ran while accept did has found no connection to shut down.
    fn hang_up_if_ended(&self) {
        if let (Some(stream), true) = (self.connection.get(), lock(&self.queue).ended.is_some()) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    fn clear_cancel(&self, queue: &mut Queue) {
        queue.is_cancelled = false;
        drain(&self.wake);
    }

    fn receive(&self) {
        let Some(stream) = self.connection.get() else { return };
        let mut reader = FrameReader::new(stream);
        let ended = loop {
            match self.receive_one(&mut reader) {
                Ok(true) => {}
                Ok(false) => break self.end_of_stream(),
                Err(failure) => break failure,
            }
        };
        let _ = stream.shutdown(std::net::Shutdown::Both);
        self.end(ended);
    }

    fn receive_one(&self, reader: &mut FrameReader<'_, UnixStream>) -> Outcome<bool> {
        let Some(frame) = reader.next_frame()? else { return Ok(false) };
        match frame.kind {
            MESSAGE_STACKS => self.samples().add_stacks(frame.payload)?,
            MESSAGE_COUNTS => self.samples().add_counts(frame.payload)?,
            MESSAGE_OBJECT => {
                let message = ObjectMessage::parse(frame.payload)?;
                let (id, has_descriptor, is_copy) = (message.id, message.has_descriptor(), message.is_copy());
                let mut object = message.into_object();
                if has_descriptor {
                    let file = reader.take_descriptor();
                    let missing = || malformed("an object announces a descriptor that did not come");
                    object = object.with_descriptor(file.ok_or_else(missing)?, is_copy);
                }
                self.objects().insert(id, object);
            }
            MESSAGE_JIT_DUMP => {
                let (dump, has_descriptor) = JitDump::parse(frame.payload)?;
                let file = if has_descriptor { reader.take_descriptor() } else { None };
                lock(&self.jit_dumps).add(dump, file);
            }
            _ => self.enqueue(&frame)?,
        }
        Ok(true)
    }

    fn enqueue(&self, frame: &Frame<'_>) -> Outcome<()> {
        check_event(frame)?;
        let mut queue = lock(&self.queue);
        if queue.events.len() >= MAX_QUEUED_EVENTS || queue.bytes + frame.payload.len() > MAX_QUEUED_BYTES {
            return Err(Failure::new(libc::ENOBUFS, "The sampler sends more events than anybody reads."));
        }
        let mut event = Vec::with_capacity(4 + frame.payload.len());
        event.extend_from_slice(&frame.kind.to_le_bytes());
        event.extend_from_slice(&[0, 0]);
        event.extend_from_slice(frame.payload);
        queue.bytes += event.len();
        queue.events.push_back(event);
        queue.is_done |= frame.kind == MESSAGE_DONE;
        self.queue_changed.notify_all();
        Ok(())
    }

    fn end_of_stream(&self) -> Failure {
        match lock(&self.queue).is_done {
            true => Failure::new(libc::EPIPE, "The sampler has finished."),
            false => Failure::new(libc::ECONNRESET, "The sampler ended before the profile was complete."),
        }
    }

    fn end(&self, failure: Failure) {
        let mut queue = lock(&self.queue);
        queue.ended.get_or_insert(failure);
        self.queue_changed.notify_all();
    }
}

/// An unknown type, or a payload too short for its fixed part, is the peer's mistake, not JavaScript's to find.
fn check_event(frame: &Frame<'_>) -> Outcome<()> {
    let fixed_bytes = match frame.kind {
        MESSAGE_HELLO | MESSAGE_ADDED => 8,
        MESSAGE_EXIT => 16,
        MESSAGE_STARTED | MESSAGE_TOTALS | MESSAGE_PROBLEM | MESSAGE_DONE | MESSAGE_FAILED => 0,
        kind => return Err(malformed(&format!("message type {kind} is unknown"))),
    };
    if frame.payload.len() < fixed_bytes {
        return Err(malformed(&format!("a message of type {} is too short", frame.kind)));
    }
    if frame.kind == MESSAGE_HELLO {
        let version = u32::from_le_bytes([frame.payload[0], frame.payload[1], frame.payload[2], frame.payload[3]]);
        if version != PROTOCOL_VERSION {
            let message = format!("The sampler speaks protocol {version}, this library speaks {PROTOCOL_VERSION}.");
            return Err(Failure::new(libc::EPROTONOSUPPORT, message));
        }
    }
    Ok(())
}

fn malformed(what: &str) -> Failure {
    Failure::new(libc::EPROTO, format!("The sampler's messages are malformed: {what}."))
}

fn cancelled() -> Failure {
    Failure::new(libc::ECANCELED, "Cancelled.")
}

fn not_connected() -> Failure {
    Failure::new(libc::ENOTCONN, "The sampler is not connected.")
}

/// A thread that panicked while it held the lock leaves data that is still whole: every update is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_event_descriptor() -> Outcome<OwnedFd> {
    // SAFETY: eventfd has no memory arguments; a non-negative result is a new descriptor.
    unsafe {
        let descriptor = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
        if descriptor < 0 {
            return Err(Failure::last_os_error("Cannot create an eventfd"));
        }
        Ok(OwnedFd::from_raw_fd(descriptor))
    }
}

fn signal(wake: &OwnedFd) {
    // SAFETY: eight bytes of a live local. A full counter is signalled already.
    unsafe { libc::write(wake.as_raw_fd(), (&raw const ONE).cast(), 8) };
}
static ONE: u64 = 1;

fn drain(wake: &OwnedFd) {
    let mut count = 0u64;
    // SAFETY: eight bytes into a live local; the descriptor does not block.
    unsafe { libc::read(wake.as_raw_fd(), (&raw mut count).cast(), 8) };
}

/// True when `socket` is readable; false on timeout or when `wake` is.
fn poll_readable(socket: RawFd, wake: RawFd, deadline: Instant) -> Outcome<bool> {
    loop {
        let mut polled = [socket, wake].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
        let left = deadline.saturating_duration_since(Instant::now()).as_millis().min(i32::MAX as u128) as i32;
        // SAFETY: an array of two pollfd and its length.
        let ready = unsafe { libc::poll(polled.as_mut_ptr(), 2, left) };
        if ready >= 0 {
            return Ok(polled[1].revents == 0 && polled[0].revents != 0);
        }
        if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
            return Err(Failure::last_os_error("Waiting for the sampler failed"));
        }
    }
}

/// The sampler connects with the rights of whoever listens; the socket's directory keeps others out already.
fn is_trusted(stream: &UnixStream) -> Outcome<bool> {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: SO_PEERCRED writes one ucred.
    let result = unsafe {
        let out = (&raw mut peer).cast();
        libc::getsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, out, &mut length)
    };
    if result < 0 {
        return Err(Failure::last_os_error("Cannot tell who connected"));
    }
    // SAFETY: geteuid cannot fail.
    Ok(peer.uid == unsafe { libc::geteuid() })
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
    use std::fs::File;
    use std::io::{Read, Write};
    use std::path::PathBuf;

    const SECOND: Duration = Duration::from_secs(10);

    struct Connected {
        session: Arc<Session>,
        peer: UnixStream,
        path: PathBuf,
    }

    impl Drop for Connected {
        fn drop(&mut self) {
            self.session.close();
            let _ = std::fs::remove_file(&self.path);
        }
    }

    fn connect(name: &str) -> Connected {
        let path = std::env::temp_dir().join(format!("bee-{}-{name}.sock", std::process::id()));
        let session = Session::open(path.to_str()).unwrap();
        let peer = UnixStream::connect(&path).unwrap();
        session.accept(SECOND).unwrap();
        Connected { session, peer, path }
    }

    fn frame(kind: u16, payload: &[u8]) -> Vec<u8> {
        [&(payload.len() as u32).to_le_bytes()[..], &kind.to_le_bytes(), &[0, 0], payload].concat()
    }

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn next_event(session: &Session) -> Outcome<Option<Vec<u8>>> {
        let mut taken = Vec::new();
        let waited = session.wait(SECOND, |event| {
            taken = event.to_vec();
            true
        });
        waited.map(|length| length.map(|_| taken))
    }

    fn error_after(name: &str, bytes: &[u8]) -> i32 {
        let mut connected = connect(name);
        connected.peer.write_all(bytes).unwrap();
        connected.peer.shutdown(std::net::Shutdown::Write).unwrap();
        next_event(&connected.session).unwrap_err().code
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
            .map(|_| next_event(&connected.session).unwrap().unwrap())
            .map(|event| u16::from_le_bytes([event[0], event[1]]))
            .collect();
        assert_eq!(kinds, [MESSAGE_HELLO, MESSAGE_TOTALS, MESSAGE_DONE]);
        assert_eq!(next_event(&connected.session).unwrap_err().code, -libc::EPIPE);
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
        next_event(&connected.session).unwrap();
        let objects = connected.session.objects();
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
        let session = Arc::clone(&connected.session);
        let waiter = std::thread::spawn(move || next_event(&session));
        connected.session.cancel();
        assert_eq!(waiter.join().unwrap().unwrap_err().code, -libc::ECANCELED);
        assert_eq!(connected.session.wait(Duration::from_millis(1), |_| true).unwrap(), None);
    }

    #[test]
    fn close_ends_a_wait_and_an_accept() {
        let connected = connect("close");
        let session = Arc::clone(&connected.session);
        let waiter = std::thread::spawn(move || next_event(&session));
        connected.session.close();
        assert_eq!(waiter.join().unwrap().unwrap_err().code, -libc::EPIPE);
        let path = std::env::temp_dir().join(format!("bee-{}-lonely.sock", std::process::id()));
        let lonely = Session::open(path.to_str()).unwrap();
        let session = Arc::clone(&lonely);
        let accepting = std::thread::spawn(move || session.accept(SECOND));
        lonely.close();
        assert_eq!(accepting.join().unwrap().unwrap_err().code, -libc::EPIPE);
        let _ = std::fs::remove_file(path);
    }

    #[test]
    fn an_event_that_does_not_fit_stays() {
        let mut connected = connect("fit");
        connected.peer.write_all(&frame(MESSAGE_TOTALS, b"{\"a\":1}")).unwrap();
        assert_eq!(connected.session.wait(SECOND, |_| false).unwrap(), Some(11));
        assert_eq!(next_event(&connected.session).unwrap().unwrap()[4..], *b"{\"a\":1}");
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
