//! [`Tools`]: OpenLDAP's own programs, by which tests write and read without the adapter.

use super::Outcome;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// An entry: its DN, and pairs of attribute and value.
pub(crate) type Found = (String, Vec<(String, String)>);

/// The programs, as the root of one directory.
#[derive(Clone)]
pub(crate) struct Tools {
    pub(crate) url: String,
    pub(crate) dn: String,
    pub(crate) password: &'static str,
    /// Goes past what would refuse an entry.
    pub(crate) relax: bool,
}

impl Tools {
    /// Adds an entry.
    pub(crate) fn add(&self, dn: &str, attributes: &[(&str, &str)]) -> Outcome {
        let bytes: Vec<(&str, Vec<u8>)> =
            attributes.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())).collect();
        self.add_bytes(dn, &bytes)
    }

    /// Adds an entry, of which not all is text.
    pub(crate) fn add_bytes(&self, dn: &str, attributes: &[(&str, Vec<u8>)]) -> Outcome {
        let line = |(name, value): &(&str, Vec<u8>)| format!("{name}:: {}\n", STANDARD.encode(value));
        let lines: Vec<String> = attributes.iter().map(line).collect();
        let ldif = format!("dn:: {}\n{}", STANDARD.encode(dn), lines.concat());
        self.run("ldapadd", self.relaxed(), Some(&ldif)).map(drop)
    }

    /// Modifies an entry: lines of LDIF after `changetype`.
    pub(crate) fn modify(&self, dn: &str, lines: &str) -> Outcome {
        let ldif = format!("dn:: {}\nchangetype: modify\n{lines}\n", STANDARD.encode(dn));
        self.run("ldapmodify", self.relaxed(), Some(&ldif)).map(drop)
    }

    /// The entries that a search finds.
    pub(crate) fn search(
        &self,
        base: &str,
        scope: &str,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Vec<Found>, String> {
        let mut arguments = vec!["-LLL", "-o", "ldif-wrap=no", "-b", base, "-s", scope, filter];
        arguments.extend(attributes);
        Ok(entries(&self.run("ldapsearch", &arguments, None)?))
    }

    /// Gives an entry another name.
    pub(crate) fn rename(&self, dn: &str, rdn: &str) -> Outcome {
        self.run("ldapmodrdn", &["-r", dn, rdn], None).map(drop)
    }

    /// Removes an entry.
    pub(crate) fn remove(&self, dn: &str) -> Outcome {
        self.run("ldapdelete", &[dn], None).map(drop)
    }

    /// Runs one of them.
    pub(crate) fn run(&self, name: &str, arguments: &[&str], input: Option<&str>) -> Result<String, String> {
        let mut tool = Command::new(name);
        // A certificate names the address that the adapter uses, which may be another one.
        tool.env("LDAPTLS_REQCERT", "never");
        tool.args(["-x", "-H", &self.url, "-D", &self.dn, "-w", self.password]).args(arguments);
        run(&mut tool, input)
    }

    fn relaxed(&self) -> &'static [&'static str] {
        if self.relax { &["-e", "!relax"] } else { &[] }
    }
}

/// Runs a program, and answers what it wrote; the error is what it complained about.
pub(crate) fn run(command: &mut Command, input: Option<&str>) -> Result<String, String> {
    let name = command.get_program().display().to_string();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(input.unwrap_or_default().as_bytes()).map_err(|error| error.to_string())?;
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Reads LDIF, of which no line is folded.
fn entries(ldif: &str) -> Vec<Found> {
    let mut entries = Vec::new();
    for block in ldif.split("\n\n") {
        let mut lines = block.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some(match value.strip_prefix(':') {
                Some(encoded) => {
                    // What is no text stays as it is written.
                    let bytes = STANDARD.decode(encoded.trim()).unwrap_or_default();
                    let text = String::from_utf8(bytes).unwrap_or_else(|_| encoded.trim().to_owned());
                    (name.to_owned(), text)
                }
                None => (name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned()),
            })
        });
        if let Some((name, dn)) = lines.next()
            && name == "dn"
        {
            entries.push((dn, lines.collect()));
        }
    }
    entries
}
