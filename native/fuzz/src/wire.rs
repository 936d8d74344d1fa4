//! Messages of either side: whatever comes is refused, or read and then what it would be written as.
#![no_main]

use bee_wire::protocol::{Facts, Histogram, Object, ProcessNews, StartRequest, TargetRequest, Totals};
use bee_wire::{check, read_versioned, versioned, Record};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((kind, payload)) = data.split_first_chunk() else { return };
    let _ = check(u16::from_le_bytes(*kind), payload);
    if let Ok(start) = read_versioned::<StartRequest>(payload) {
        assert_eq!(read_versioned(&versioned(&start)), Ok(start));
    }
    read_again::<TargetRequest>(payload);
    read_again::<Object>(payload);
    read_again::<Totals>(payload);
    read_again::<Facts>(payload);
    read_again::<ProcessNews>(payload);
    read_again::<Histogram>(payload);
});

fn read_again<R: Record + PartialEq + std::fmt::Debug>(payload: &[u8]) {
    if let Ok(record) = R::read(payload) {
        assert_eq!(R::read(&record.to_bytes()), Ok(record));
    }
}
