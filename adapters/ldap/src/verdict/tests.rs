//! The tables of the directories, as vectors.

use super::*;
use crate::message::{Control, PASSWORD_POLICY};

/// Reads an answer of that code and text, with that error and grace in the policy control.
fn said(
    directory: Directory,
    code: i64,
    text: &str,
    error: Option<u8>,
    grace: Option<u8>,
) -> Result<Bound, ErrorKind> {
    let mut parts = Vec::new();
    if let Some(left) = grace {
        parts.extend([0xa0, 3, 0x81, 1, left]);
    }
    if let Some(error) = error {
        parts.extend([0x81, 1, error]);
    }
    let mut value = vec![0x30, u8::try_from(parts.len()).unwrap()];
    value.append(&mut parts);
    let answer = Answer {
        outcome: Outcome { code, text: text.into() },
        controls: vec![Control { oid: PASSWORD_POLICY.into(), value }],
    };
    read(directory, GraceLogins::Refuse, &answer).map_err(|error| error.kind())
}

fn plain(directory: Directory, code: i64, text: &str) -> Result<Bound, ErrorKind> {
    said(directory, code, text, None, None)
}

const EXPIRED: Result<Bound, ErrorKind> = Ok(Bound::Barred(Standing::PasswordExpired));
const BLOCKED: Result<Bound, ErrorKind> = Ok(Bound::Barred(Standing::Blocked));
const RESTRICTED: Result<Bound, ErrorKind> = Ok(Bound::Barred(Standing::Restricted));
const WRONG: Result<Bound, ErrorKind> = Ok(Bound::Wrong);
const TOO_MANY: Result<Bound, ErrorKind> = Ok(Bound::TooManyAttempts);

#[test]
fn active_directory_tells_the_state_in_a_code() {
    for (data, expected) in [
        ("525", WRONG),
        ("52e", WRONG),
        ("52E", WRONG),
        ("52f", RESTRICTED),
        ("530", RESTRICTED),
        ("531", RESTRICTED),
        ("532", EXPIRED),
        ("533", BLOCKED),
        ("568", Err(ErrorKind::Unavailable)),
        ("80090346", Err(ErrorKind::Misconfigured)),
        ("701", BLOCKED),
        ("773", EXPIRED),
        ("775", TOO_MANY),
        ("7ff", WRONG),
        ("", WRONG),
    ] {
        let text = format!(
            "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {data}, v4563\0"
        );
        assert_eq!(plain(Directory::ActiveDirectory, 49, &text), expected, "{data}");
    }
    // `data 0` stands in other errors, too.
    let other = "00002028: LdapErr: DSID-0C090259, comment: the server requires binds to turn on integrity, data 0, v4563";
    assert_eq!(plain(Directory::ActiveDirectory, 8, other), Err(ErrorKind::Misconfigured));
    let forgotten =
        "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation …, data 0, v4563";
    assert_eq!(plain(Directory::ActiveDirectory, 1, forgotten), Err(ErrorKind::Unavailable));
}

#[test]
fn a_password_policy_is_heard_with_a_success_too() {
    for directory in [Directory::Openldap, Directory::Ds389, Directory::Generic] {
        assert_eq!(said(directory, 0, "", None, None), Ok(Bound::Right));
        assert_eq!(said(directory, 0, "", Some(2), None), EXPIRED);
        assert_eq!(said(directory, 0, "", Some(0), Some(3)), EXPIRED);
        assert_eq!(said(directory, 0, "", Some(77), None), RESTRICTED);
        assert_eq!(said(directory, 49, "", Some(0), None), EXPIRED);
        assert_eq!(said(directory, 49, "", Some(1), None), TOO_MANY);
        assert_eq!(said(directory, 49, "", None, None), WRONG);
        assert_eq!(said(directory, 48, "", None, None), WRONG);
        assert_eq!(said(directory, 32, "", None, None), WRONG);
    }
}

#[test]
fn a_grace_login_is_one_only_where_that_is_wanted() {
    assert_eq!(said(Directory::Openldap, 0, "", None, Some(0)), EXPIRED);
    let grace = Control { oid: PASSWORD_POLICY.into(), value: vec![0x30, 5, 0xa0, 3, 0x81, 1, 2] };
    let answer = Answer { outcome: Outcome::default(), controls: vec![grace] };
    assert_eq!(read(Directory::Openldap, GraceLogins::Allow, &answer).unwrap(), Bound::Right);
}

#[test]
fn the_older_control_of_an_expired_password_is_heard() {
    let expired = Control { oid: "2.16.840.1.113730.3.4.4".into(), value: b"0".to_vec() };
    for code in [0, 49] {
        let outcome = Outcome { code, text: String::new() };
        let answer = Answer { outcome, controls: vec![expired.clone()] };
        let bound = read(Directory::Ds389, GraceLogins::Refuse, &answer).unwrap();
        assert_eq!(bound, Bound::Barred(Standing::PasswordExpired), "{code}");
    }
}

#[test]
fn ds389_locks_with_19_and_bars_with_53() {
    assert_eq!(
        plain(Directory::Ds389, 19, "Exceed password retry limit. Contact system administrator to reset."),
        TOO_MANY
    );
    assert_eq!(plain(Directory::Ds389, 53, "Account inactivated. Contact system administrator."), WRONG);
    assert_eq!(plain(Directory::Ds389, 49, "password expired!"), EXPIRED);
    assert_eq!(
        plain(Directory::Ds389, 53, "Unauthenticated binds are not allowed"),
        Err(ErrorKind::Misconfigured)
    );
    assert_eq!(plain(Directory::Ds389, 13, ""), Err(ErrorKind::Misconfigured));
}

#[test]
fn freeipa_has_four_texts_under_one_code() {
    for (text, expected) in [
        ("Entry permanently locked.\n", TOO_MANY),
        ("Too many failed logins.\n", TOO_MANY),
        ("Principal expired", WRONG),
        ("Account inactivated. Contact system administrator.", WRONG),
    ] {
        assert_eq!(plain(Directory::Freeipa, 53, text), expected, "{text}");
    }
    assert_eq!(plain(Directory::Freeipa, 49, ""), WRONG);
    assert_eq!(plain(Directory::Freeipa, 32, ""), WRONG);
}

#[test]
fn edirectory_tells_the_state_in_a_number_whatever_the_code() {
    for (code, number, expected) in [
        (0, -223, EXPIRED),
        (49, -222, WRONG),
        (53, -222, WRONG),
        (49, -669, WRONG),
        (53, -197, TOO_MANY),
        (49, -197, TOO_MANY),
        (53, -217, RESTRICTED),
        (53, -218, RESTRICTED),
        (53, -220, BLOCKED),
        (49, -220, BLOCKED),
    ] {
        let text = format!("NDS error: something ({number})");
        assert_eq!(plain(Directory::Edirectory, code, &text), expected, "{code} {number}");
    }
    assert_eq!(plain(Directory::Edirectory, 0, ""), Ok(Bound::Right));
}

#[test]
fn a_server_that_does_not_serve_says_nothing_of_the_password() {
    for (code, kind) in [
        (51, ErrorKind::Unavailable),
        (52, ErrorKind::Unavailable),
        (3, ErrorKind::Timeout),
        (10, ErrorKind::Misconfigured),
        (1, ErrorKind::Unexpected),
    ] {
        assert_eq!(plain(Directory::Openldap, code, ""), Err(kind), "{code}");
    }
}
