//! Which files make the configuration: the one that is named, and every `*.toml` of the folder `conf.d` beside it.

use super::report::{Finding, Place};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes. Two hundred stores with all their statements take a quarter of it.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The most files of `conf.d`.
const FILES_MAX: usize = 1000;

/// A file that was read.
pub(super) struct Text {
    /// Its path, as a report shows it.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
}

/// Reads them all: the main file first, then the others in the order of their names.
pub(super) fn read(main: &Path) -> (Vec<Text>, Vec<Finding>) {
    let mut findings = Vec::new();
    let folder = main.parent().unwrap_or(Path::new("")).join("conf.d");
    let others = list(&folder).unwrap_or_else(|problem| {
        findings.push(problem);
        Vec::new()
    });
    let mut texts = Vec::new();
    for path in std::iter::once(main.to_owned()).chain(others) {
        match read_one(&path) {
            Ok(text) => texts.push(Text { name: path.display().to_string(), text }),
            Err(problem) => findings.push(problem),
        }
    }
    (texts, findings)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, Finding> {
    let refused = |why: String| Finding::error(why, Place::File(folder.display().to_string()));
    let unreadable = |error: std::io::Error| refused(format!("the folder can't be read: {error}"));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
        if paths.len() > FILES_MAX {
            return Err(refused(format!("the folder has more than {FILES_MAX} files")));
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_one(path: &Path) -> Result<String, Finding> {
    let refused = |why: String| Finding::error(why, Place::File(path.display().to_string()));
    let unreadable = |error: std::io::Error| refused(format!("the file can't be read: {error}"));
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(refused("this is not a file".to_owned()));
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(refused(format!("the file has {} bytes; the most is {FILE_BYTES_MAX}", about.len())));
    }
    String::from_utf8(fs::read(path).map_err(unreadable)?).map_err(|error| {
        refused(format!("the file is not UTF-8: byte {} is no character", error.utf8_error().valid_up_to()))
    })
}
