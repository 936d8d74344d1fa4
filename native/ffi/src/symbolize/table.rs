//! The symbol buffer that lib.rs describes.

use std::collections::HashMap;

use super::answer::Answer;
use super::jobs::{Entry, Job};
use super::symbols::Frame;
use crate::json;

pub fn encode(entries: &[Entry], jobs: &[Job], answers: &[Answer]) -> Vec<u8> {
    let strings = Strings::of(answers);
    let job_of: HashMap<(u32, u32), usize> =
        jobs.iter().enumerate().map(|(index, job)| ((job.object, job.pid), index)).collect();

    let mut first_frame = vec![0u32];
    let mut frames = Vec::<Frame>::new();
    for entry in entries {
        let job = job_of[&entry.job_key()];
        if let Ok(index) = jobs[job].addresses.binary_search(&entry.address) {
            let of_address = answers[job].symbols.frames_of(index).iter();
            let number = |id: u32| strings.number(job, id);
            frames.extend(of_address.map(|frame| Frame {
                name: number(frame.name),
                file: number(frame.file),
                ..*frame
            }));
        }
        first_frame.push(frames.len() as u32);
    }
    write(&first_frame, &frames, &strings.texts, &problems(answers))
}

/// The answers' strings one after the other: what two files have in common is small, and finding it took longer than
/// writing it twice.
struct Strings<'a> {
    texts: Vec<&'a str>,
    /// Where those of each answer begin, its empty one left out.
    first: Vec<u32>,
}

impl<'a> Strings<'a> {
    fn of(answers: &'a [Answer]) -> Strings<'a> {
        let mut strings = Strings { texts: vec![""], first: Vec::with_capacity(answers.len()) };
        for answer in answers {
            strings.first.push(strings.texts.len() as u32);
            strings.texts.extend(answer.symbols.strings.in_order().into_iter().skip(1));
        }
        strings
    }

    fn number(&self, answer: usize, id: u32) -> u32 {
        if id == 0 {
            0
        } else {
            self.first[answer] + id - 1
        }
    }
}

fn write(first_frame: &[u32], frames: &[Frame], strings: &[&str], problems: &str) -> Vec<u8> {
    let string_bytes: usize = strings.iter().map(|text| text.len()).sum();
    let words = 4 + first_frame.len() + frames.len() * 5 + strings.len() + 1;
    let mut out = Vec::with_capacity(words * 4 + string_bytes + 4 + problems.len());
    let mut word = |value: u32| out.extend_from_slice(&value.to_le_bytes());
    for count in [first_frame.len() - 1, frames.len(), strings.len(), string_bytes] {
        word(count as u32);
    }
    first_frame.iter().for_each(|&first| word(first));
    for frame in frames {
        for field in [frame.name, frame.file, frame.line, frame.column, frame.flags] {
            word(field);
        }
    }
    let mut offset = 0;
    word(0);
    for text in strings {
        offset += text.len() as u32;
        word(offset);
    }
    strings.iter().for_each(|text| out.extend_from_slice(text.as_bytes()));
    out.extend_from_slice(&(problems.len() as u32).to_le_bytes());
    out.extend_from_slice(problems.as_bytes());
    out
}

fn problems(answers: &[Answer]) -> String {
    let mut out = String::from("[");
    for problem in answers.iter().filter_map(|answer| answer.problem.as_ref()) {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&format!("{{\"object\":{},\"path\":", problem.object));
        json::push_string(&mut out, &problem.path);
        out.push_str(",\"message\":");
        json::push_string(&mut out, &problem.message);
        out.push('}');
    }
    out.push(']');
    out
}
