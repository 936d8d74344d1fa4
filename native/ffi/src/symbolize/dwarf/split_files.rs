//! The .dwo files that split units name, or the package of them beside the program.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bee_elf::{DebugSections, ElfFile, PackageIndex, Skeleton, SplitFile, SweepPlan, Work};

use super::debug_data::DebugData;
use crate::files::debug_file::DebugFile;

/// Files in which the entries of a program's skeletons may be.
pub struct SplitFiles {
    package: Option<DebugFile>,
    files: Vec<DebugFile>,
    /// For each skeleton the index of its file.
    file_of: Vec<Option<usize>>,
}

/// Their content: where a skeleton's entries are must be known by its id, as names outlive builds.
pub struct SplitContent<'data> {
    package: Option<(&'data [u8], DebugData<'data>)>,
    files: Vec<Option<DebugData<'data>>>,
}

impl SplitFiles {
    /// `program` is the path of the file with the skeletons, while it has one.
    pub fn open(skeletons: &[Skeleton<'_>], program: Option<&Path>) -> SplitFiles {
        let mut split = SplitFiles { package: None, files: Vec::new(), file_of: Vec::new() };
        if skeletons.is_empty() {
            return split;
        }
        split.package = program.map(package_path).and_then(DebugFile::open);
        let mut opened = HashMap::new();
        for skeleton in skeletons {
            let of_name = opened.entry((skeleton.directory, skeleton.file)).or_insert_with(|| {
                let file = paths(skeleton, program).into_iter().find_map(DebugFile::open)?;
                split.files.push(file);
                Some(split.files.len() - 1)
            });
            split.file_of.push(*of_name);
        }
        split
    }

    /// What cannot be read counts as missing.
    pub fn read(&self, left: &mut u64) -> SplitContent<'_> {
        SplitContent {
            package: self.package.as_ref().and_then(|file| read(file, left)),
            files: self.files.iter().map(|file| Some(read(file, left)?.1)).collect(),
        }
    }
}

/// With the index that only a package has.
fn read<'data>(file: &'data DebugFile, left: &mut u64) -> Option<(&'data [u8], DebugData<'data>)> {
    let elf = ElfFile::parse_sections(file.memory.bytes()).ok()?;
    let index = elf.section(".debug_cu_index").map_or(&[][..], |section| section.bytes);
    Some((index, DebugData::read_split(&elf, left).ok()?))
}

impl<'data> SplitContent<'data> {
    pub fn parse<'a>(
        &'a self,
        skeletons: &[Skeleton<'_>],
        program: &DebugSections<'a>,
        work: &Work,
    ) -> ParsedSplitFiles<'a> {
        let package =
            self.package.as_ref().and_then(|(index, data)| Some((PackageIndex::read(index)?, data.sections())));
        package.iter().for_each(|(_, sections)| work.extend(sections.byte_length()));
        let packaged = |skeleton: &Skeleton<'_>| {
            let (index, sections) = package.as_ref()?;
            SplitFile::read(index.sections_of(skeleton.id, sections)?, program, work)
        };
        let parse = |file: &'a DebugData<'data>| {
            work.extend(file.sections().byte_length());
            SplitFile::read(file.sections(), program, work)
        };
        ParsedSplitFiles {
            packaged: skeletons.iter().map(packaged).collect(),
            files: self.files.iter().map(|file| parse(file.as_ref()?)).collect(),
        }
    }
}

pub struct ParsedSplitFiles<'data> {
    /// For each skeleton.
    packaged: Vec<Option<SplitFile<'data>>>,
    files: Vec<Option<SplitFile<'data>>>,
}

impl<'data> ParsedSplitFiles<'data> {
    /// A sentence about those that have nothing with their id.
    pub fn attach(
        &'data self,
        plan: &mut SweepPlan<'data>,
        skeletons: &[Skeleton<'_>],
        split: &SplitFiles,
    ) -> Option<String> {
        let mut missing = Vec::new();
        for (number, skeleton) in skeletons.iter().enumerate() {
            let own = split.file_of[number].and_then(|file| self.files[file].as_ref());
            let candidates = [self.packaged[number].as_ref(), own];
            match candidates.into_iter().flatten().find(|file| file.has_unit(skeleton.id)) {
                Some(file) => plan.attach(skeleton, file),
                None => missing.push(compiled_path(skeleton)),
            }
        }
        missing.sort();
        missing.dedup();
        let first = missing.first()?.display();
        Some(match missing.len() {
            1 => format!("Inlined calls are not shown: {first} is missing or of another build."),
            count => format!(
                "Inlined calls are not shown: {count} .dwo files are missing or of another build, such as {first}."
            ),
        })
    }
}

fn package_path(program: &Path) -> PathBuf {
    let mut path = OsString::from(program);
    path.push(".dwp");
    PathBuf::from(path)
}

fn compiled_path(skeleton: &Skeleton<'_>) -> PathBuf {
    Path::new(OsStr::from_bytes(skeleton.directory)).join(OsStr::from_bytes(skeleton.file))
}

/// Where the compiler wrote it, and beside the program: both may have been moved together.
fn paths(skeleton: &Skeleton<'_>, program: Option<&Path>) -> Vec<PathBuf> {
    let compiled = compiled_path(skeleton);
    let folder = program.and_then(Path::parent).unwrap_or(Path::new(""));
    let beside = compiled.file_name().map(|name| folder.join(name));
    std::iter::once(folder.join(&compiled)).chain(beside).collect()
}
