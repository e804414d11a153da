//! The schemes that no line of a table can say.

/// An expression that is parsed once, where it stands.
macro_rules! expression {
    ($text:expr) => {{
        static PARSED: std::sync::LazyLock<Option<crate::expression::Expression>> =
            std::sync::LazyLock::new(|| crate::expression::Expression::parse($text).ok());
        PARSED.as_ref()
    }};
}

mod armoured;
mod columns;
mod documents;
mod firebase;
mod fshp;
mod identity;
mod kratos;
mod listed;
mod mysql;
mod phpbb;

use super::{Line, special};
use crate::expression::Expression;
use crate::scheme::{Detection, Strength};

const MARKED: Detection = Detection::SelfDescribing;
const NAMED: Detection = Detection::Declared;
const SOUND: Strength = Strength::Sound;
const WEAK: Strength = Strength::Weak;

#[rustfmt::skip]
pub(super) const TABLE: &[Line] = &[
    special("aspnet-identity:v2", NAMED, SOUND, || Box::new(identity::V2), true),
    special("aspnet-identity:v3", NAMED, SOUND, || Box::new(identity::V3), true),
    special("phpbb:combined", MARKED, SOUND, || Box::new(phpbb::Combined { md5: false }), false),
    special("phpbb:combined-md5", NAMED, SOUND, || Box::new(phpbb::Combined { md5: true }), false),
    special("processwire:bcrypt-split", NAMED, SOUND, || Box::new(columns::Split), true),
    special("gitea:pbkdf2", NAMED, SOUND, || Box::new(columns::Gitea("pbkdf2")), true),
    special("gitea:argon2", NAMED, SOUND, || Box::new(columns::Gitea("argon2")), true),
    special("gitea:scrypt", NAMED, SOUND, || Box::new(columns::Gitea("scrypt")), true),
    special("keycloak:pbkdf2", NAMED, SOUND, || Box::new(documents::Keycloak { argon2: false }), true),
    special("keycloak:argon2", NAMED, SOUND, || Box::new(documents::Keycloak { argon2: true }), true),
    special("npm-credential", NAMED, SOUND, || Box::new(documents::Credential), true),
    special("passlib:fshp", MARKED, SOUND, || Box::new(fshp::Fshp), true),
    special("oracle:spare4", MARKED, WEAK, || Box::new(listed::Spare4), false),
    special("passlib:scram", MARKED, SOUND, || Box::new(documents::Scram), false),
    special("firebase-scrypt", NAMED, SOUND, || Box::new(firebase::Project), false),
    special("kratos:firescrypt", MARKED, SOUND, || Box::new(firebase::Kratos), false),
    special("kratos:md5", NAMED, WEAK, || Box::new(kratos::Template { prefix: "$md5$", expression: || expression!("md5(salt . pass . user)"), digest_len: 16 }), false),
    special("kratos:sha1", MARKED, WEAK, || Box::new(kratos::Template { prefix: "$sha1$", expression: || expression!("sha1(salt . pass . user)"), digest_len: 20 }), false),
    special("kratos:sha256", MARKED, WEAK, || Box::new(kratos::Template { prefix: "$sha256$", expression: || expression!("sha256(salt . pass . user)"), digest_len: 32 }), false),
    special("kratos:sha512", MARKED, WEAK, || Box::new(kratos::Template { prefix: "$sha512$", expression: || expression!("sha512(salt . pass . user)"), digest_len: 64 }), false),
    special("kratos:md5-crypt", MARKED, SOUND, || Box::new(kratos::Renamed { prefix: "$md5-crypt$", original: "$1$", own: "md5_crypt" }), false),
    special("kratos:sha256-crypt", MARKED, SOUND, || Box::new(kratos::Renamed { prefix: "$sha256-crypt$", original: "$5$", own: "sha256_crypt" }), false),
    special("kratos:sha512-crypt", MARKED, SOUND, || Box::new(kratos::Renamed { prefix: "$sha512-crypt$", original: "$6$", own: "sha512_crypt" }), false),
    special("hashcat:mysql_A", MARKED, SOUND, || Box::new(mysql::Hashcat), false),
    special("dovecot:blf-crypt", MARKED, SOUND, || Box::new(armoured::Armoured { name: "BLF-CRYPT", own: "bcrypt" }), false),
    special("dovecot:crypt", MARKED, SOUND, || Box::new(armoured::Armoured { name: "CRYPT", own: "crypt" }), false),
    special("dovecot:sha256-crypt", MARKED, SOUND, || Box::new(armoured::Armoured { name: "SHA256-CRYPT", own: "sha256_crypt" }), false),
    special("dovecot:sha512-crypt", MARKED, SOUND, || Box::new(armoured::Armoured { name: "SHA512-CRYPT", own: "sha512_crypt" }), false),
    special("dovecot:md5-crypt", MARKED, SOUND, || Box::new(armoured::Armoured { name: "MD5-CRYPT", own: "md5_crypt" }), false),
    special("dovecot:des-crypt", MARKED, WEAK, || Box::new(armoured::Armoured { name: "DES-CRYPT", own: "des_crypt" }), false),
    special("ldap:pbkdf2_sha256_binary", MARKED, SOUND, || Box::new(identity::Ds389), false),
];

/// A password as SCRAM prepares it.
fn prepared() -> Option<&'static Expression> {
    expression!("saslprep(pass)")
}
