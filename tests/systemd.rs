//! The shipped unit, its drop-ins and its user, as systemd itself judges them.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What `systemd-analyze security` may say at most, times ten.
const EXPOSURE_MAX: &str = "11";

#[test]
fn the_unit_is_valid() {
    let folder = Scratch::new("unit-valid");
    let unit = unit_of_the_built_daemon(&folder.0);
    assert_clean(&analyze(&["verify", "--man=no"], &unit));
}

#[test]
fn the_unit_is_valid_with_every_drop_in() {
    let folder = Scratch::new("unit-drop-ins");
    let unit = unit_of_the_built_daemon(&folder.0);
    let into = folder.0.join("idstore-proxy.service.d");
    fs::create_dir(&into).unwrap();
    for drop_in in drop_ins() {
        fs::copy(&drop_in, into.join(drop_in.file_name().unwrap())).unwrap();
    }
    assert_clean(&analyze(&["verify", "--man=no"], &unit));
}

#[test]
fn the_unit_exposes_little() {
    let unit = shipped().join("idstore-proxy.service");
    assert_passes(&analyze(&["security", "--offline=true", &threshold()], &unit));
}

/// The drop-ins are appended to the unit: offline, systemd-analyze reads no drop-in folder.
#[test]
fn the_drop_ins_open_no_more_than_they_say() {
    let folder = Scratch::new("unit-exposure");
    let unit = folder.0.join("idstore-proxy.service");
    let mut text = fs::read_to_string(shipped().join("idstore-proxy.service")).unwrap();
    for drop_in in drop_ins() {
        text.push_str(&fs::read_to_string(drop_in).unwrap());
    }
    fs::write(&unit, text).unwrap();
    assert_passes(&analyze(&["security", "--offline=true", &threshold()], &unit));
}

#[test]
fn a_unit_without_hardening_does_not_pass() {
    let folder = Scratch::new("unit-bare");
    let unit = folder.0.join("bare.service");
    fs::write(&unit, "[Service]\nExecStart=/bin/true\n").unwrap();
    let output = analyze(&["security", "--offline=true", &threshold()], &unit);
    assert!(!output.status.success(), "systemd-analyze accepts everything: the other tests prove nothing");
}

#[test]
fn the_user_is_made_with_no_home_and_no_shell() {
    let folder = Scratch::new("sysusers");
    let into = folder.0.join("usr/lib/sysusers.d");
    fs::create_dir_all(&into).unwrap();
    fs::create_dir(folder.0.join("etc")).unwrap();
    fs::copy(shipped().join("idstore-proxy.sysusers.conf"), into.join("idstore-proxy.conf")).unwrap();
    let output = Command::new("systemd-sysusers").arg("--root").arg(&folder.0).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let passwd = fs::read_to_string(folder.0.join("etc/passwd")).unwrap();
    let fields: Vec<&str> =
        passwd.lines().find(|line| line.starts_with("idstore-proxy:")).unwrap().split(':').collect();
    assert_eq!(fields[4..], ["Identity-store proxy", "/", "/usr/sbin/nologin"]);
    assert_eq!(fields[2], fields[3], "a group of its own, with the same number");
}

/// The unit runs as the user that sysusers makes: PostgreSQL's peer authentication and file groups rest on it.
#[test]
fn the_unit_runs_as_the_user_that_sysusers_makes() {
    let unit = fs::read_to_string(shipped().join("idstore-proxy.service")).unwrap();
    let users = fs::read_to_string(shipped().join("idstore-proxy.sysusers.conf")).unwrap();
    assert!(users.lines().any(|line| line.starts_with("u idstore-proxy - ")));
    let lines: Vec<&str> = unit.lines().collect();
    assert!(lines.contains(&"User=idstore-proxy") && lines.contains(&"Group=idstore-proxy"));
    assert!(!lines.iter().any(|line| line.starts_with("DynamicUser=")));
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

fn drop_ins() -> Vec<PathBuf> {
    let found: Vec<PathBuf> =
        fs::read_dir(shipped().join("drop-ins")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!found.is_empty());
    found
}

/// The unit with the built daemon in the place of the installed one, for systemd looks whether it can be run.
fn unit_of_the_built_daemon(folder: &Path) -> PathBuf {
    let text = fs::read_to_string(shipped().join("idstore-proxy.service")).unwrap();
    let installed = "ExecStart=/usr/bin/idstore-proxy ";
    assert!(text.contains(installed));
    let unit = folder.join("idstore-proxy.service");
    let built = format!("ExecStart={} ", env!("CARGO_BIN_EXE_idstore-proxy"));
    fs::write(&unit, text.replace(installed, &built)).unwrap();
    unit
}

fn threshold() -> String {
    format!("--threshold={EXPOSURE_MAX}")
}

fn analyze(arguments: &[&str], unit: &Path) -> Output {
    Command::new("systemd-analyze").args(arguments).arg(unit).output().unwrap()
}

/// A success in silence: a warning about an unknown directive leaves the exit code at 0.
fn assert_clean(output: &Output) {
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn assert_passes(output: &Output) {
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "more than {EXPOSURE_MAX} tenths:\n{}\n{}",
        report.lines().filter(|line| line.starts_with(['✗', '→'])).collect::<Vec<_>>().join("\n"),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A folder that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("idstore-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
