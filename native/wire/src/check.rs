// Written by the build from native/wire/protocol.json.

//! Messages are looked at before anybody relies on them.

use crate::protocol::*;
use crate::record::Record;
use crate::version::{read_versioned, Unreadable};

/// Whether a message of the sampler is what its kind says. None: the kind is unknown, or packed.
pub fn check(kind: u16, payload: &[u8]) -> Option<Result<(), Unreadable>> {
    Some(match kind {
        MESSAGE_HELLO => read_versioned::<Hello>(payload).map(drop),
        MESSAGE_STARTED => read::<Started>(payload),
        MESSAGE_ADDED => read::<Added>(payload),
        MESSAGE_OBJECT => read::<Object>(payload),
        MESSAGE_TOTALS => read::<Totals>(payload),
        MESSAGE_PROCESS => read::<ProcessNews>(payload),
        MESSAGE_PROBLEM => read::<Facts>(payload),
        MESSAGE_DONE => read::<Done>(payload),
        MESSAGE_FAILED => read::<Facts>(payload),
        MESSAGE_JIT_DUMP => read::<JitDump>(payload),
        MESSAGE_TICKED => read::<Ticked>(payload),
        MESSAGE_HISTOGRAM => read::<Histogram>(payload),
        _ => return None,
    })
}

fn read<R: Record>(payload: &[u8]) -> Result<(), Unreadable> {
    R::read(payload).map(drop).map_err(Unreadable::Malformed)
}
