//! The connection to bee-sampler: send, and accept and receive on a thread of its own.

use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bee_wire::frame::{self, Frame, MAX_REQUEST_BYTES};

use super::event_queue::{EventQueue, EVENT_CONNECTED};
use super::listener::{is_trusted, listen};
use super::receiver::Receiver;
use super::wake::Wake;
use crate::failure::{Failure, Outcome};
use crate::news::News;
use crate::received::Received;

/// How long a send may block on a sampler that does not read.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

pub struct SamplerConnection {
    stream: OnceLock<UnixStream>,
    receiving: Mutex<Option<JoinHandle<()>>>,
    /// Serializes senders: a frame is never interleaved with another.
    sending: Mutex<()>,
    /// Ends the wait for the sampler to connect.
    giving_up: Wake,
    pub events: EventQueue,
    received: Arc<Received>,
}

impl SamplerConnection {
    /// Listens on `socket_path` for one sampler, from now on; without a path none will come.
    pub fn open(
        socket_path: Option<&str>,
        received: Arc<Received>,
        news: Arc<News>,
    ) -> Outcome<Arc<SamplerConnection>> {
        let listener = socket_path.map(listen).transpose()?;
        let connection = Arc::new(SamplerConnection {
            stream: OnceLock::new(),
            receiving: Mutex::new(None),
            sending: Mutex::new(()),
            giving_up: Wake::new()?,
            events: EventQueue::new(news),
            received,
        });
        if let Some(listener) = listener {
            connection.start(listener)?;
        }
        Ok(connection)
    }

    fn start(self: &Arc<Self>, listener: UnixListener) -> Outcome<()> {
        let connection = Arc::clone(self);
        let thread = std::thread::Builder::new()
            .name("bee-receive".into())
            .spawn(move || connection.serve(listener))
            .map_err(|error| Failure::from_io("Cannot start the receiving thread", &error))?;
        *lock(&self.receiving) = Some(thread);
        Ok(())
    }

    /// Sends one frame.
    pub fn send(&self, kind: u16, payload: &[u8]) -> Outcome<()> {
        let stream = self.stream.get().ok_or_else(not_connected)?;
        if payload.len() > MAX_REQUEST_BYTES {
            return Err(Failure::new(libc::EMSGSIZE, "The message is too long."));
        }
        let _one_at_a_time = lock(&self.sending);
        let sent = frame::send(stream, kind, payload);
        sent.map_err(|error| Failure::from_io("Sending to the sampler failed", &error))
    }

    /// Ends the connection and the receiving thread.
    pub fn close(&self) {
        self.events.end(Failure::new(libc::EPIPE, "The session is closed."));
        self.giving_up.signal();
        self.hang_up();
        let thread = lock(&self.receiving).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    /// The receiving thread: until the connection ends.
    fn serve(&self, listener: UnixListener) {
        let ended = match self.accept(listener) {
            Ok(stream) => Receiver::new(stream, &self.received, &self.events).run(),
            Err(failure) => failure,
        };
        self.received.samples().end_tick();
        self.hang_up();
        self.events.end(ended);
    }

    /// Accepts one connection only.
    fn accept(&self, listener: UnixListener) -> Outcome<&UnixStream> {
        let stream = self.accept_trusted(&listener)?;
        drop(listener);
        limit_send_time(&stream)?;
        let stream = self.stream.get_or_init(|| stream);
        // A close that ran meanwhile has found no connection to shut down.
        self.events.ended().map_or(Ok(()), Err)?;
        self.events.push(&Frame { kind: EVENT_CONNECTED, payload: &[] })?;
        Ok(stream)
    }

    fn accept_trusted(&self, listener: &UnixListener) -> Outcome<UnixStream> {
        let failed = |error| Failure::from_io("Accepting the sampler failed", &error);
        listener.set_nonblocking(true).map_err(failed)?;
        loop {
            self.giving_up.wait_for(listener.as_raw_fd())?;
            self.events.ended().map_or(Ok(()), Err)?;
            match listener.accept() {
                // Anybody else is hung up on; the sampler may still come.
                Ok((stream, _)) if is_trusted(&stream)? => return Ok(stream),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {} // it has gone again
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn hang_up(&self) {
        if let Some(stream) = self.stream.get() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use bee_wire::protocol::*;
    use bee_wire::{versioned, Bytes, Record};
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::{AsFd, FromRawFd};
    use std::path::{Path, PathBuf};
    use std::time::Instant;

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
        let connection = open(&path);
        let peer = UnixStream::connect(&path).unwrap();
        assert_eq!(next_event(&connection).unwrap(), [EVENT_CONNECTED.to_le_bytes(), [0, 0]].concat());
        Connected { connection, peer, path }
    }

    fn open(path: &Path) -> Arc<SamplerConnection> {
        SamplerConnection::open(path.to_str(), Arc::default(), Arc::new(News::new().unwrap())).unwrap()
    }

    fn frame(kind: u16, payload: &[u8]) -> Vec<u8> {
        [frame::header(kind, payload.len()).as_slice(), payload].concat()
    }

    fn hello() -> Vec<u8> {
        frame(MESSAGE_HELLO, &versioned(&Hello { pid: 42, version: "0.1.0".into() }))
    }

    fn totals() -> Vec<u8> {
        frame(MESSAGE_TOTALS, &Totals::default().to_bytes())
    }

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    /// Waits for it.
    fn next_event(connection: &SamplerConnection) -> Outcome<Vec<u8>> {
        let mut taken = Vec::new();
        let mut copy = |event: &[u8]| {
            taken = event.to_vec();
            true
        };
        let begin = Instant::now();
        while connection.events.take(&mut copy)?.is_none() {
            assert!(begin.elapsed() < Duration::from_secs(10), "nothing comes");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(taken)
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
        let bytes = [hello(), totals(), frame(MESSAGE_DONE, b"")].concat();
        for byte in bytes.chunks(3) {
            connected.peer.write_all(byte).unwrap();
        }
        connected.peer.shutdown(std::net::Shutdown::Write).unwrap();
        let kinds: Vec<u16> = (0..3)
            .map(|_| next_event(&connected.connection).unwrap())
            .map(|event| u16::from_le_bytes([event[0], event[1]]))
            .collect();
        assert_eq!(kinds, [MESSAGE_HELLO, MESSAGE_TOTALS, MESSAGE_DONE]);
        assert_eq!(next_event(&connected.connection).unwrap_err().code, -libc::EPIPE);
    }

    #[test]
    fn an_end_before_done_is_the_samplers_death() {
        assert_eq!(error_after("death", b""), -libc::ECONNRESET);
    }

    #[test]
    fn malformed_frames_end_the_session() {
        assert_eq!(error_after("huge", &words(&[65 << 20, u32::from(MESSAGE_STACKS)])), -libc::EPROTO);
        assert_eq!(error_after("reserved", &words(&[0, 1 << 16 | u32::from(MESSAGE_DONE)])), -libc::EPROTO);
        assert_eq!(error_after("inside", &frame(MESSAGE_DONE, b"abc")[..9]), -libc::EPROTO);
        assert_eq!(error_after("type", &frame(7, b"")), -libc::EPROTO);
        assert_eq!(error_after("short", &frame(MESSAGE_PROCESS, &[0; 15])), -libc::EPROTO);
        let stack = [0; crate::stacks::layout::STACK_SIZE];
        assert_eq!(error_after("stack", &frame(MESSAGE_STACKS, &stack[1..])), -libc::EPROTO);
        assert_eq!(error_after("object", &object(1, false, b"/a")[..20]), -libc::EPROTO);
        assert_eq!(error_after("number", &object(1 << 14, false, b"/a")), -libc::EPROTO);
        assert_eq!(error_after("nofd", &object(1, true, b"/a")), -libc::EPROTO);
        let mut other_version = hello();
        other_version[frame::HEADER_BYTES] += 1;
        assert_eq!(error_after("version", &other_version), -libc::EPROTONOSUPPORT);
    }

    #[test]
    fn another_kind_of_record_is_never_read_as_a_stack() {
        let mut record = [0; crate::stacks::layout::STACK_SIZE];
        record[crate::stacks::layout::STACK_KIND] = 1;
        assert_eq!(error_after("kind", &frame(MESSAGE_STACKS, &record)), -libc::EPROTO);
    }

    #[test]
    fn an_unknown_message_is_skipped_where_its_kind_allows_it() {
        let mut connected = connect("optional");
        let bytes = [frame(MESSAGE_HISTOGRAM | 1 << 8, b"\xff"), frame(MESSAGE_DONE, b"")].concat();
        connected.peer.write_all(&bytes).unwrap();
        assert_eq!(next_event(&connected.connection).unwrap()[..2], MESSAGE_DONE.to_le_bytes());
    }

    #[test]
    fn descriptors_reach_their_objects_among_other_frames() {
        let connected = connect("descriptors");
        let peer = &connected.peer;
        let files: Vec<File> = ["/proc/self/status", "/proc/self/stat"].map(|path| File::open(path).unwrap()).into();
        let send = |number, file: &File, path: &[u8]| {
            let payload = object_message(number, true, path).to_bytes();
            frame::send_with_descriptor(peer, MESSAGE_OBJECT, &payload, file.as_fd()).unwrap();
        };
        send(1, &files[0], b"/a");
        frame::send(peer, MESSAGE_OBJECT, &object_message(2, false, b"[vdso]").to_bytes()).unwrap();
        send(3, &files[1], b"/\"c");
        frame::send(peer, MESSAGE_DONE, b"").unwrap();
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
        assert!(objects.to_json(&objects.all()).contains(r#"{"id":3,"path":"/\"c","buildId":"abcd","vdso":false}"#));
    }

    #[test]
    fn close_ends_the_thread_whether_it_receives_or_waits() {
        let connected = connect("close");
        connected.connection.close();
        assert_eq!(next_event(&connected.connection).unwrap_err().code, -libc::EPIPE);
        let path = std::env::temp_dir().join(format!("bee-{}-lonely.sock", std::process::id()));
        let lonely = open(&path);
        assert_eq!(lonely.events.take(|_| true).unwrap(), None);
        lonely.close();
        assert_eq!(lonely.events.take(|_| true).unwrap_err().code, -libc::EPIPE);
        assert!(UnixStream::connect(&path).is_err(), "nobody listens any more");
        let _ = std::fs::remove_file(path);
    }

    #[test]
    fn an_event_that_does_not_fit_stays() {
        let mut connected = connect("fit");
        let totals = totals();
        connected.peer.write_all(&totals).unwrap();
        let refused = loop {
            if let Some(length) = connected.connection.events.take(|_| false).unwrap() {
                break length;
            }
        };
        assert_eq!(refused, 4 + totals.len() - frame::HEADER_BYTES);
        assert_eq!(next_event(&connected.connection).unwrap()[4..], totals[frame::HEADER_BYTES..]);
    }

    #[test]
    fn the_host_hears_of_an_event_and_of_the_end() {
        let news = Arc::new(News::new().unwrap());
        // SAFETY: a new descriptor, and ours.
        let mut host = unsafe { UnixStream::from_raw_fd(news.take_host_end().unwrap()) };
        assert_eq!(news.take_host_end().unwrap_err().code, -libc::EALREADY);
        host.set_nonblocking(false).unwrap();
        let path = std::env::temp_dir().join(format!("bee-{}-news.sock", std::process::id()));
        let connection = SamplerConnection::open(path.to_str(), Arc::default(), news).unwrap();
        let peer = UnixStream::connect(&path).unwrap();
        host.read_exact(&mut [0]).unwrap();
        next_event(&connection).unwrap();
        drop(peer);
        host.read_exact(&mut [0]).unwrap();
        assert_eq!(next_event(&connection).unwrap_err().code, -libc::ECONNRESET);
        connection.close();
        let _ = std::fs::remove_file(path);
    }

    /// xorshift64: the same rounds every time.
    fn next_below(state: &mut u64, limit: usize) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state % limit as u64) as usize
    }

    #[test]
    fn whatever_a_sampler_sends_ends_in_an_end_or_an_error() {
        let stacks = frame(MESSAGE_STACKS, &[0; 2 * crate::stacks::layout::STACK_SIZE]);
        let counts = frame(MESSAGE_COUNTS, &[1; 48]);
        let dump = frame(MESSAGE_JIT_DUMP, &JitDump::default().to_bytes());
        let whole =
            [hello(), object(1, false, b"/a"), dump, stacks, counts, totals(), frame(MESSAGE_DONE, b"")].concat();
        let mut state = 0x9e37_79b9_7f4a_7c15;
        for _ in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..next_below(&mut state, 6) {
                let at = next_below(&mut state, bytes.len());
                bytes[at] = next_below(&mut state, 256) as u8;
            }
            let mut connected = connect("random");
            let _ = connected.peer.write_all(&bytes); // refused where it was refused to be read on
            let _ = connected.peer.shutdown(std::net::Shutdown::Write);
            let ended = loop {
                if let Err(failure) = next_event(&connected.connection) {
                    break failure.code;
                }
            };
            assert!(
                [-libc::EPIPE, -libc::ECONNRESET, -libc::EPROTO, -libc::EPROTONOSUPPORT].contains(&ended),
                "{ended}"
            );
        }
    }

    fn object(number: u32, has_descriptor: bool, path: &[u8]) -> Vec<u8> {
        frame(MESSAGE_OBJECT, &object_message(number, has_descriptor, path).to_bytes())
    }

    fn object_message(number: u32, has_descriptor: bool, path: &[u8]) -> Object {
        let (path, build_id) = (Bytes(path.to_vec()), Bytes(vec![0xab, 0xcd]));
        Object { number, has_descriptor, path, build_id, ..Object::default() }
    }
}
