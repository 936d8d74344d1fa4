use std::io::Write;
use std::os::unix::net::UnixStream;

use crate::fields::{fields, Field, Value, Writer, MAX_FIELDS};
use crate::frame::{header, receive, FrameError, FrameReader, MAX_REQUEST_BYTES};
use crate::protocol::*;
use crate::{check, is_optional, read_versioned, versioned, Bytes, Record, Unreadable};

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

fn target() -> TargetRequest {
    let paths = vec!["/bin/a".to_string(), "/lib/b c".to_string()];
    TargetRequest { request: 7, process: Some(42), is_held: Some(true), paths, ..TargetRequest::default() }
}

fn totals() -> Totals {
    let lost = vec![Loss { cause: "nested".into(), samples: 3 }];
    let still_running_pids = vec![1, u32::MAX];
    Totals {
        fired: u64::MAX,
        lost,
        still_running_pids,
        unwinding_check: Some(UnwindingCheck::default()),
        ..Totals::default()
    }
}

fn object() -> Object {
    let state = Some(FileState { device: 1, inode: 2, size: 3, modified_ns: i64::MIN, changed_ns: -1 });
    Object { number: 1, path: Bytes(b"/\xff".to_vec()), build_id: Bytes(vec![0xab]), state, ..Object::default() }
}

fn assert_round_trip<R: Record + PartialEq + std::fmt::Debug>(record: &R) {
    assert_eq!(R::read(&record.to_bytes()).as_ref(), Ok(record));
}

#[test]
fn what_is_written_is_read() {
    assert_round_trip(&target());
    assert_round_trip(&totals());
    assert_round_trip(&object());
    assert_round_trip(&Histogram { event: 1, counts: vec![0, 5, 9], ..Histogram::default() });
    assert_round_trip(&Done {});
}

#[test]
fn fields_of_a_later_version_are_skipped_and_others_must_be_as_described() {
    let with = |number, value| {
        let mut writer = Writer::default();
        target().write(&mut writer);
        writer.put(number, value);
        TargetRequest::read(writer.bytes())
    };
    assert_eq!(with(999, Value::Text("new")), Ok(target()));
    assert_eq!(with(998, Value::Record(&[1])), Ok(target()));
    assert!(with(1, Value::Unsigned(8)).unwrap_err().to_string().contains("comes twice"));
    assert!(with(4, Value::Text("8")).unwrap_err().to_string().contains("another type"));
    assert!(with(4, Value::Unsigned(1 << 32)).is_err(), "more than 32 bits");
    assert!(with(7, Value::Unsigned(2)).is_err(), "neither true nor false");
    assert!(TargetRequest::read(&[]).unwrap_err().to_string().contains("request is missing"));
}

#[test]
fn a_message_cut_anywhere_is_an_error_or_lacks_fields() {
    let whole = object().to_bytes();
    assert!((0..whole.len()).all(|length| Object::read(&whole[..length]).is_err()));
}

#[test]
fn the_number_of_fields_is_bounded() {
    let mut writer = Writer::default();
    (0..=MAX_FIELDS).for_each(|_| writer.put(11, Value::Text("")));
    let count = |bytes: &[u8]| fields(bytes).filter(Result::is_ok).count();
    assert_eq!(count(writer.bytes()), MAX_FIELDS);
    assert!(fields(writer.bytes()).any(|field| field.is_err()));
}

#[test]
fn texts_are_utf8_and_numbers_have_eight_bytes() {
    let mut bytes = Writer::default();
    bytes.put(1, Value::Text("ab"));
    bytes.put(2, Value::Unsigned(5));
    let read = |at: usize, byte: u8| {
        let mut bytes = bytes.bytes().to_vec();
        bytes[at] = byte;
        fields(&bytes).collect::<Result<Vec<Field>, _>>().map(|fields| fields.len())
    };
    assert_eq!(read(8, b'x'), Ok(2));
    assert!(read(8, 0xff).is_err(), "no UTF-8");
    assert!(read(3, 1).is_err(), "the reserved byte");
    assert!(read(14, 4).is_err(), "a number of four bytes");
    assert_eq!(read(12, 77), Ok(2), "an unknown type");
}

#[test]
fn another_version_is_told_from_nonsense() {
    let hello = Hello { pid: 42, version: "0.1.0".into() };
    let mut bytes = versioned(&hello);
    assert_eq!(read_versioned(&bytes), Ok(hello));
    bytes[0] += 1;
    assert_eq!(read_versioned::<Hello>(&bytes), Err(Unreadable::OtherVersion(PROTOCOL_VERSION + 1)));
    assert!(matches!(read_versioned::<Hello>(&bytes[..3]), Err(Unreadable::Malformed(_))));
    // START of the protocol before this one was words: 6, frequency, unwinder, …
    let earlier: Vec<u8> = [6u32, 997, 0, 4096].iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(read_versioned::<StartRequest>(&earlier), Err(Unreadable::OtherVersion(6)));
}

#[test]
fn every_message_of_the_sampler_is_checked_and_only_histograms_are_optional() {
    assert_eq!(check(MESSAGE_TOTALS, &totals().to_bytes()), Some(Ok(())));
    assert!(matches!(check(MESSAGE_TOTALS, &[]), Some(Err(Unreadable::Malformed(_)))));
    assert_eq!(check(MESSAGE_DONE, &[]), Some(Ok(())));
    assert_eq!((check(MESSAGE_STACKS, &[]), check(MESSAGE_START, &[])), (None, None));
    assert!(is_optional(MESSAGE_HISTOGRAM) && !is_optional(MESSAGE_TOTALS));
}

/// Everything that a client can send, until it hangs up or is refused.
fn receive_all(bytes: Vec<u8>) -> usize {
    let (client, mut sampler) = UnixStream::pair().unwrap();
    let sending = std::thread::spawn(move || (&client).write_all(&bytes));
    let mut received = 0;
    while let Ok(Some((kind, payload))) = receive(&mut sampler, MAX_REQUEST_BYTES) {
        assert!(payload.len() <= MAX_REQUEST_BYTES);
        match kind {
            MESSAGE_START => drop(read_versioned::<StartRequest>(&payload)),
            MESSAGE_TARGET => drop(TargetRequest::read(&payload)),
            MESSAGE_TICK => drop(Tick::read(&payload)),
            _ => {}
        }
        received += 1;
    }
    drop(sampler);
    let _ = sending.join();
    received
}

/// Everything that a sampler can send, until it hangs up or is refused.
fn read_all(bytes: Vec<u8>) -> usize {
    let (sampler, client) = UnixStream::pair().unwrap();
    let sending = std::thread::spawn(move || (&sampler).write_all(&bytes));
    let mut frames = FrameReader::new(&client);
    let mut read = 0;
    while let Ok(Some(frame)) = frames.next_frame() {
        drop(check(frame.kind, frame.payload));
        read += 1;
    }
    drop(client);
    let _ = sending.join();
    read
}

fn frame(kind: u16, payload: &[u8]) -> Vec<u8> {
    [header(kind, payload.len()).as_slice(), payload].concat()
}

fn requests() -> Vec<u8> {
    let events = vec![EventRequest { name: "cpu-clock".into(), frequency_hz: 997 }];
    let start = versioned(&StartRequest { events, ..StartRequest::default() });
    let target = frame(MESSAGE_TARGET, &target().to_bytes());
    [
        frame(MESSAGE_START, &start),
        target,
        frame(MESSAGE_TICK, &Tick { number: 1 }.to_bytes()),
        frame(MESSAGE_STOP, &[]),
    ]
    .concat()
}

fn answers() -> Vec<u8> {
    let facts = Facts { code: "odd".into(), in_kernel: Some(Walk::default()), ..Facts::default() };
    let process = ProcessNews { pid: 1, time_ns: 2, end: Some(ProcessEnd { wait_status: None }), start: None };
    [
        frame(MESSAGE_HELLO, &versioned(&Hello { pid: 1, version: "1".into() })),
        frame(MESSAGE_TOTALS, &totals().to_bytes()),
        frame(MESSAGE_OBJECT, &object().to_bytes()),
        frame(MESSAGE_PROBLEM, &facts.to_bytes()),
        frame(MESSAGE_PROCESS, &process.to_bytes()),
        frame(MESSAGE_DONE, &[]),
    ]
    .concat()
}

fn assert_survives_changes(conversation: &[u8], hear: impl Fn(Vec<u8>) -> usize) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3000 {
        let mut bytes = conversation.to_vec();
        for _ in 0..random.below(6) {
            let at = random.below(bytes.len());
            bytes[at] = random.below(256) as u8;
        }
        bytes.truncate(bytes.len() - random.below(bytes.len()) * random.below(2));
        hear(bytes);
    }
}

#[test]
fn whatever_a_client_sends_is_a_request_or_an_error() {
    assert_eq!(receive_all(requests()), 4);
    assert_survives_changes(&requests(), receive_all);
}

#[test]
fn whatever_a_sampler_sends_is_a_message_or_an_error() {
    assert_eq!(read_all(answers()), 6);
    assert_survives_changes(&answers(), read_all);
}

#[test]
fn a_length_is_not_believed() {
    let (mut client, mut sampler) = UnixStream::pair().unwrap();
    client.write_all(&header(MESSAGE_TARGET, MAX_REQUEST_BYTES + 1)).unwrap();
    assert!(matches!(receive(&mut sampler, MAX_REQUEST_BYTES), Err(FrameError::Malformed(_))));
}
