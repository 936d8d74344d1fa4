//! Messages that begin with the protocol's number, in every version of it.

use crate::malformed::Malformed;
use crate::protocol::PROTOCOL_VERSION;
use crate::record::Record;

const VERSION_BYTES: usize = 4;

/// The payload of a message that says the protocol's version: HELLO, START.
pub fn versioned(record: &impl Record) -> Vec<u8> {
    [PROTOCOL_VERSION.to_le_bytes().as_slice(), &record.to_bytes()].concat()
}

/// Why a versioned message cannot be read.
#[derive(Debug, PartialEq)]
pub enum Unreadable {
    OtherVersion(u32),
    Malformed(Malformed),
}

/// Reads what `versioned` wrote.
pub fn read_versioned<R: Record>(payload: &[u8]) -> Result<R, Unreadable> {
    let short = || Unreadable::Malformed(Malformed::new("a message is too short for a version"));
    let (version, fields) = payload.split_first_chunk::<VERSION_BYTES>().ok_or_else(short)?;
    match u32::from_le_bytes(*version) {
        PROTOCOL_VERSION => R::read(fields).map_err(Unreadable::Malformed),
        other => Err(Unreadable::OtherVersion(other)),
    }
}
