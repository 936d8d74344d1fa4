//! What the profiler answers about the program that waits.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// As the kernel limits a whole command line.
const MAX_ARGUMENT_BYTES: usize = 2 << 20;

#[derive(Debug, PartialEq)]
pub enum Answer {
    /// `open_files`: the soft limit to start with; None: as it is. `ignored_signals`: as in SigIgn of /proc, bit 0 is
    /// signal 1.
    Run {
        open_files: Option<u64>,
        ignored_signals: u64,
        more_arguments: Vec<OsString>,
        more_variables: Vec<(OsString, OsString)>,
    },
    Skip,
}

impl Answer {
    /// Fails when the other side closes first, and on an answer that this gate does not know.
    pub fn read(stream: &mut impl Read) -> io::Result<Answer> {
        let mut kind = [0];
        if stream.read(&mut kind)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the profiler went away"));
        }
        match &kind {
            b"g" => Ok(Answer::Run {
                open_files: Some(read_u64(stream)?).filter(|&limit| limit != u64::MAX),
                ignored_signals: read_u64(stream)?,
                more_arguments: read_texts(stream)?,
                more_variables: read_texts(stream)?.iter().filter_map(|text| split_variable(text)).collect(),
            }),
            b"s" => Ok(Answer::Skip),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the profiler's answer is not understood")),
        }
    }
}

fn read_u64(stream: &mut impl Read) -> io::Result<u64> {
    let mut word = [0; 8];
    stream.read_exact(&mut word)?;
    Ok(u64::from_le_bytes(word))
}

fn read_texts(stream: &mut impl Read) -> io::Result<Vec<OsString>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_ARGUMENT_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the profiler's arguments are too long"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    let terminated = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    let arguments = terminated.split(|&byte| byte == 0).map(|argument| OsString::from_vec(argument.to_vec()));
    Ok(if bytes.is_empty() { Vec::new() } else { arguments.collect() })
}

fn split_variable(text: &OsStr) -> Option<(OsString, OsString)> {
    let bytes = text.as_bytes();
    let at = bytes.iter().position(|&byte| byte == b'=').filter(|&at| at > 0)?;
    let part = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    Some((part(&bytes[..at]), part(&bytes[at + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Answer, io::ErrorKind> {
        Answer::read(&mut &bytes[..]).map_err(|error| error.kind())
    }

    const AS_IS: &[u8] = &[0xff; 8];
    const NONE: &[u8] = &[0; 8];

    #[test]
    fn each_answer() {
        assert_eq!(read(b"s"), Ok(Answer::Skip));
        let plain =
            Answer::Run { open_files: None, ignored_signals: 0, more_arguments: vec![], more_variables: vec![] };
        assert_eq!(read(&[b"g", AS_IS, NONE, NONE].concat()), Ok(plain));
        let more_arguments = vec!["--profile-time".into(), "".into(), "5".into()];
        let more_variables = vec![("A".into(), "b=c".into())];
        let limited = Answer::Run { open_files: Some(1024), ignored_signals: 1, more_arguments, more_variables };
        let words = b"g\0\x04\0\0\0\0\0\0\x01\0\0\0\0\0\0\0";
        assert_eq!(read(&[&words[..], b"\x12\0\0\0--profile-time\0\x005\0\x06\0\0\0A=b=c\0"].concat()), Ok(limited));
    }

    #[test]
    fn answers_that_are_none() {
        assert_eq!(read(b""), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(read(b"?"), Err(io::ErrorKind::InvalidData));
        assert_eq!(read(b"g\0\x04"), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(read(&[b"g", AS_IS, NONE, b"\x05\0\0\0ab"].concat()), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(read(&[b"g", AS_IS, NONE, AS_IS].concat()), Err(io::ErrorKind::InvalidData));
    }
}
