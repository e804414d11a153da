//! `hash identify`: which schemes a stored value may be of. What it prints can be pasted into the store's `passwords`.

use super::{Exit, print};
use idstore_contract::Secret;
use idstore_passwords::{Accept, Likely, Limits, Reading, Stored, Unusable, likely};
use serde_json::json;

/// What may have to be known beside a value, as its line in the list says it.
const NEEDS: [&str; 8] = [
    "as it is",
    "with the salt, in password_salt",
    "with the account's name",
    "with the account's name, and the salt in password_salt",
    "with the application's key, as pepper of a table under passwords.schemes",
    "with such a key, and the salt in password_salt",
    "with such a key, and the account's name",
    "with such a key, the account's name, and the salt in password_salt",
];

pub(super) fn identify(stored: &Secret, json: bool) -> Exit {
    let likely = likely(stored.expose_text().unwrap_or_default());
    if json {
        print::line(&document(&likely));
    } else if likely.is_empty() {
        print::error(&why_none(stored));
    } else {
        tell(&likely, stored);
    }
    if likely.is_empty() { Exit::No } else { Exit::Ok }
}

fn document(likely: &[Likely]) -> String {
    let schemes: Vec<&str> = likely.iter().map(|likely| likely.name).collect();
    let detail = |likely: &Likely| {
        json!({
            "scheme": likely.name,
            "self_describing": likely.self_describing,
            "weak": likely.weak,
            "needs_salt": likely.needs_salt,
            "needs_user": likely.needs_user,
            "needs_key": likely.needs_key,
            "needs_parameters": likely.needs_parameters,
        })
    };
    let details: Vec<_> = likely.iter().map(detail).collect();
    let accept: Vec<&str> = proposed(likely).iter().map(|likely| likely.name).collect();
    json!({ "accept": accept, "schemes": schemes, "details": details }).to_string()
}

/// The configuration line, and behind marks of a comment what else there is to know.
fn tell(likely: &[Likely], stored: &Secret) {
    let proposed = proposed(likely);
    let quoted: Vec<_> = proposed.iter().map(|likely| format!("\"{}\"", likely.name)).collect();
    print::line(&format!("accept = [{}]", quoted.join(", ")));
    for keyed in proposed.iter().filter(|likely| likely.needs_key) {
        print::line(&format!("schemes.\"{}\".pepper.file = \"FILE OF THE APPLICATION'S KEY\"", keyed.name));
    }
    if let Some(limit) = too_costly(&proposed, stored) {
        print::line(&format!(
            "# It costs more than {limit} under [hashing.limits] allows: raise that, or it is refused."
        ));
    }
    for likely in proposed.iter().filter(|likely| likely.needs_parameters) {
        print::line(&format!("# {} needs what stands beside it, in password_parameters.", likely.name));
    }
    if likely.len() == 1 && proposed.iter().all(|likely| need(likely) == 0) {
        return;
    }
    if likely.len() > 1 {
        let said = if proposed.iter().all(|likely| likely.self_describing) {
            "# Others write such values too, and some do more to the password first. If your application is here, name it:"
        } else {
            "# Nothing in the value says which of these wrote it. Name your application's alone: each is tried."
        };
        print::line(said);
    }
    for (number, needs) in NEEDS.iter().enumerate() {
        let names: Vec<&str> =
            likely.iter().filter(|likely| need(likely) == number).map(|likely| likely.name).collect();
        if !names.is_empty() {
            print::line(&format!("#   {needs}: {}", names.join(", ")));
        }
    }
    if likely.len() > 1 {
        print::line("# hash verify --scheme NAME tries one with a password.");
    }
}

/// What the value names; else what it may be with nothing beside it, each computation once; else what needs least.
fn proposed(likely: &[Likely]) -> Vec<&Likely> {
    let named: Vec<&Likely> = likely.iter().filter(|likely| likely.self_describing).collect();
    if !named.is_empty() {
        return named;
    }
    let least = likely.iter().map(need).min().unwrap_or(0);
    likely.iter().filter(|likely| need(likely) == least && !likely.repeats).collect()
}

/// The place in [`NEEDS`].
fn need(likely: &Likely) -> usize {
    usize::from(likely.needs_salt) | usize::from(likely.needs_user) << 1 | usize::from(likely.needs_key) << 2
}

fn too_costly(proposed: &[&Likely], stored: &Secret) -> Option<&'static str> {
    let names: Vec<String> = proposed.iter().map(|likely| likely.name.to_owned()).collect();
    let (accept, _) = Accept::parse(Some(&names)).ok()?;
    match accept.read(&Stored::new(stored), &Limits::default()) {
        Reading::Unusable(Unusable::TooCostly { limit, .. }) => Some(limit),
        _ => None,
    }
}

/// Why no scheme is named.
fn why_none(stored: &Secret) -> String {
    let reading =
        Accept::parse(None).ok().map(|(accept, _)| accept.read(&Stored::new(stored), &Limits::default()));
    match reading {
        Some(Reading::NoPassword) => "a mark that the account has no password here: it matches none".to_owned(),
        Some(Reading::Unusable(Unusable::Malformed { scheme } | Unusable::NotAccepted { scheme })) => format!(
            "it begins as values of {scheme} do, and something in it is wrong: was it cut off by its column?"
        ),
        _ => "no scheme that is known stores such a value; if it is the password in clear text, the scheme is plaintext"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line that is proposed.
    fn line(text: &str) -> Vec<&'static str> {
        proposed(&likely(text)).into_iter().map(|likely| likely.name).collect()
    }

    #[test]
    fn what_the_value_names_is_proposed_alone() {
        assert_eq!(line("$2b$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu"), ["bcrypt"]);
        assert_eq!(line("md5a3556571e93b0d20722ba62be61e8c2d"), ["postgres_md5"]);
    }

    #[test]
    fn an_ambiguous_value_is_proposed_as_what_needs_nothing_each_computation_once_and_the_simplest_first() {
        let proposed = line("5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8");
        assert_eq!(proposed.first(), Some(&"hex_sha1"));
        assert_eq!(line("5f4dcc3b5aa765d61d8327deb882cf99").first(), Some(&"hex_md5"));
        assert!(proposed.contains(&"sha1:md5") && !proposed.contains(&"punbb:sha1"), "{proposed:?}");
        assert!(!proposed.contains(&"redmine") && !proposed.contains(&"cakephp:sha1"), "{proposed:?}");
    }

    #[test]
    fn what_is_proposed_is_a_configuration_that_reads_the_value() {
        for text in [
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "28f9975808ae2bdc5847b1cda26033ea:a9",
            "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
            "abJnggxhB/yWI",
            "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9gqs2vQ",
        ] {
            let names: Vec<String> = line(text).into_iter().map(str::to_owned).collect();
            let (accept, _) = Accept::parse(Some(&names)).unwrap();
            let reading = accept.read(&Stored::new(&text.into()), &Limits::default());
            assert!(matches!(reading, Reading::Hash(_)), "{text}: {reading:?}");
        }
    }

    #[test]
    fn why_a_value_is_nobodys_is_said() {
        let why = |text: &str| why_none(&text.into());
        assert!(why("!").contains("no password here"), "{}", why("!"));
        assert!(
            why("$6$rounds=5000$salt$abc").contains("sha512_crypt"),
            "{}",
            why("$6$rounds=5000$salt$abc")
        );
        assert!(why("hunter2").contains("plaintext"));
    }
}
