//! The strings of crypt(3) and of what was modelled on it: DES in four ways, MD5, SHA-1, SHA-2, Sun's, phpass,
//! yescrypt and scrypt.

use super::own::{Own, own, parts};
use crate::encoding::{Base64, decimal, fields};
use crate::hash::Parts;
use crate::kdf::{
    Algorithm, DRUPAL_DIGEST_BYTES, DesCrypt, Kdf, MD5_CRYPT_DIGEST_BYTES, MD5_CRYPT_SALT_BYTES_MAX,
    Md5Crypt, PHPASS_SALT_BYTES, Phpass, Qnx, SHA_CRYPT_SALT_BYTES_MAX, Scrypt, Sha1Crypt, ShaCrypt, SunMd5,
    Yescrypt, des_number,
};
use crate::random::Salt;
use crate::scheme::NotRead;
use idstore_secret::Secret;

mod des;
mod permuted;
mod qnx;
mod yescrypt;

use des::{big, bsdi, des, print_bsdi, print_des, sixteen};
use permuted::{MD5, SHA1, SHA256, SHA512};
use qnx::{print_qnx, qnx};
use yescrypt::{gost, print_scrypt7, print_yescrypt, scrypt7, yescrypt};

pub(super) static OWN: &[Own] = &[
    Own {
        name: "crypt",
        read: any,
        print: print_any,
        usual: || (Kdf::ShaCrypt(SHA512_USUAL), Salt::Alphanumeric(16), 64),
        at_cost: |_| None,
    },
    Own {
        name: "des_crypt",
        read: des,
        print: |parts, _| print_des(parts, DesCrypt::Traditional),
        usual: || (Kdf::DesCrypt(DesCrypt::Traditional), Salt::Alphanumeric(2), 8),
        at_cost: |_| Some(Kdf::DesCrypt(DesCrypt::Traditional)),
    },
    Own {
        name: "bsdi_crypt",
        read: bsdi,
        print: |parts, _| print_bsdi(parts),
        usual: || (Kdf::DesCrypt(DesCrypt::Bsdi { rounds: 725 }), Salt::Alphanumeric(4), 8),
        at_cost: |_| None,
    },
    Own {
        name: "bigcrypt",
        read: big,
        print: |parts, _| print_des(parts, DesCrypt::Big),
        usual: || (Kdf::DesCrypt(DesCrypt::Big), Salt::Alphanumeric(2), 8),
        at_cost: |_| None,
    },
    Own {
        name: "crypt16",
        read: sixteen,
        print: |parts, _| print_des(parts, DesCrypt::Sixteen),
        usual: || (Kdf::DesCrypt(DesCrypt::Sixteen), Salt::Alphanumeric(2), 16),
        at_cost: |_| None,
    },
    Own {
        name: "md5_crypt",
        read: |text| md5(text, Md5Crypt::Bsd),
        print: |parts, _| print_md5(parts, Md5Crypt::Bsd),
        usual: || (Kdf::Md5Crypt(Md5Crypt::Bsd), Salt::Alphanumeric(8), 16),
        at_cost: |_| Some(Kdf::Md5Crypt(Md5Crypt::Bsd)),
    },
    Own {
        name: "apr_md5_crypt",
        read: |text| md5(text, Md5Crypt::Apache),
        print: |parts, _| print_md5(parts, Md5Crypt::Apache),
        usual: || (Kdf::Md5Crypt(Md5Crypt::Apache), Salt::Alphanumeric(8), 16),
        at_cost: |_| Some(Kdf::Md5Crypt(Md5Crypt::Apache)),
    },
    Own {
        name: "aix_md5_crypt",
        read: |text| md5(text, Md5Crypt::Aix),
        print: |parts, _| print_md5(parts, Md5Crypt::Aix),
        usual: || (Kdf::Md5Crypt(Md5Crypt::Aix), Salt::Alphanumeric(8), 16),
        at_cost: |_| Some(Kdf::Md5Crypt(Md5Crypt::Aix)),
    },
    Own {
        name: "sha1_crypt",
        read: sha1,
        print: |parts, _| print_sha1(parts),
        usual: || (Kdf::Sha1Crypt(SHA1_USUAL), Salt::Alphanumeric(8), 20),
        at_cost: |_| None,
    },
    Own {
        name: "sha256_crypt",
        read: |text| sha2(text, "$5$", Algorithm::Sha256),
        print: |parts, _| print_sha2(parts, Algorithm::Sha256),
        usual: || (Kdf::ShaCrypt(SHA256_USUAL), Salt::Alphanumeric(16), 32),
        at_cost: |_| None,
    },
    Own {
        name: "sha512_crypt",
        read: |text| sha2(text, "$6$", Algorithm::Sha512),
        print: |parts, _| print_sha2(parts, Algorithm::Sha512),
        usual: || (Kdf::ShaCrypt(SHA512_USUAL), Salt::Alphanumeric(16), 64),
        at_cost: |cost| ShaCrypt::new(Algorithm::Sha512, Some(cost?)).map(Kdf::ShaCrypt),
    },
    Own {
        name: "sun_md5_crypt",
        read: sun,
        print: |parts, _| print_sun(parts),
        usual: || (Kdf::SunMd5(SUN_USUAL), Salt::Alphanumeric(8), 16),
        at_cost: |_| None,
    },
    Own {
        name: "phpass",
        read: |text| phpass(text, &["$P$", "$H$"], Algorithm::Md5),
        print: |parts, how| print_phpass(parts, how.unwrap_or("$P$")),
        usual: || (Kdf::Phpass(PHPASS_USUAL), Salt::Alphanumeric(8), 16),
        at_cost: |cost| at_cost(Algorithm::Md5, cost),
    },
    Own {
        name: "drupal7",
        read: |text| phpass(text, &["$S$"], Algorithm::Sha512),
        print: |parts, _| print_phpass(parts, "$S$"),
        usual: || (Kdf::Phpass(DRUPAL_USUAL), Salt::Alphanumeric(8), DRUPAL_DIGEST_BYTES),
        at_cost: |cost| at_cost(Algorithm::Sha512, cost),
    },
    Own {
        name: "phpass_sha512",
        read: |_| Err(NotRead::Other),
        print: |_, _| None,
        usual: || (Kdf::Phpass(DRUPAL_USUAL), Salt::Alphanumeric(8), 64),
        at_cost: |cost| at_cost(Algorithm::Sha512, cost),
    },
    // Of the 43 characters that Drupal keeps, 32 bytes are whole.
    Own {
        name: "phpass_sha512_cut",
        read: |_| Err(NotRead::Other),
        print: |_, _| None,
        usual: || (Kdf::Phpass(DRUPAL_USUAL), Salt::Alphanumeric(8), 32),
        at_cost: |cost| at_cost(Algorithm::Sha512, cost),
    },
    Own {
        name: "yescrypt",
        read: yescrypt,
        print: |parts, _| print_yescrypt(parts),
        usual: || (yescrypt_usual(Kdf::Yescrypt), Salt::Bytes(16), 32),
        at_cost: |_| None,
    },
    Own {
        name: "gost_yescrypt",
        read: gost,
        print: |parts, _| print_yescrypt(parts),
        usual: || (yescrypt_usual(Kdf::GostYescrypt), Salt::Bytes(16), 32),
        at_cost: |_| None,
    },
    Own {
        name: "qnx",
        read: qnx,
        print: |parts, _| print_qnx(parts),
        usual: || (QNX_USUAL, Salt::Hex(16), 64),
        at_cost: |_| None,
    },
    Own {
        name: "scrypt_mcf7",
        read: scrypt7,
        print: |parts, _| print_scrypt7(parts),
        usual: || (Kdf::Scrypt(SCRYPT_USUAL), Salt::Alphanumeric(22), 32),
        at_cost: |_| None,
    },
    Own {
        name: "mysql_sha2",
        read: mysql,
        print: |parts, _| print_mysql(parts),
        usual: || (Kdf::ShaCrypt(MYSQL_USUAL), Salt::Alphanumeric(20), 32),
        at_cost: |_| None,
    },
];

const SHA256_USUAL: ShaCrypt = ShaCrypt::new(Algorithm::Sha256, None).expect("the standard's rounds");
const SHA512_USUAL: ShaCrypt = ShaCrypt::new(Algorithm::Sha512, None).expect("the standard's rounds");
const MYSQL_USUAL: ShaCrypt = ShaCrypt::new(Algorithm::Sha256, Some(5000)).expect("MySQL's rounds");
const SHA1_USUAL: Sha1Crypt = Sha1Crypt::new(480_000).expect("passlib's rounds");
const SUN_USUAL: SunMd5 = SunMd5::new(34_000, false).expect("passlib's rounds");
const PHPASS_USUAL: Phpass = Phpass::new(Algorithm::Md5, 13).expect("WordPress's rounds");
const DRUPAL_USUAL: Phpass = Phpass::new(Algorithm::Sha512, 15).expect("Drupal 7's rounds");
const QNX_USUAL: Kdf = Kdf::Qnx(Qnx::new(Algorithm::Sha512, qnx::ROUNDS).expect("QNX's rounds"));
const SCRYPT_USUAL: Scrypt = Scrypt::from_n(1 << 14, 8, 1).expect("libxcrypt's parameters");

fn yescrypt_usual(kdf: fn(Yescrypt) -> Kdf) -> Kdf {
    Yescrypt::parse("j9T").map_or(Kdf::None, kdf)
}

fn at_cost(algorithm: Algorithm, log2_rounds: Option<u32>) -> Option<Kdf> {
    Phpass::new(algorithm, u8::try_from(log2_rounds?).ok()?).map(Kdf::Phpass)
}

/// What any of them reads: what `{CRYPT}` may hold.
fn any(text: &str) -> Result<Parts, NotRead> {
    const NAMES: [&str; 13] = [
        "bcrypt",
        "bcrypt_2x",
        "sha512_crypt",
        "sha256_crypt",
        "md5_crypt",
        "apr_md5_crypt",
        "yescrypt",
        "gost_yescrypt",
        "scrypt_mcf7",
        "sha1_crypt",
        "sun_md5_crypt",
        "bsdi_crypt",
        "des_crypt",
    ];
    for own in NAMES.iter().filter_map(|name| own(name)) {
        match own.read(text) {
            Err(NotRead::Other) => {}
            read => return read,
        }
    }
    Err(NotRead::Malformed)
}

fn print_any(parts: &Parts, _: Option<&str>) -> Option<String> {
    let name = match parts.recipe.kdf {
        Kdf::Bcrypt(bcrypt) if bcrypt.is_sign_extended() => "bcrypt_2x",
        Kdf::Bcrypt(_) => "bcrypt",
        Kdf::ShaCrypt(sha) if sha.algorithm() == Algorithm::Sha512 => "sha512_crypt",
        Kdf::ShaCrypt(_) => "sha256_crypt",
        Kdf::Md5Crypt(Md5Crypt::Bsd) => "md5_crypt",
        Kdf::Md5Crypt(Md5Crypt::Apache) => "apr_md5_crypt",
        Kdf::Yescrypt(_) => "yescrypt",
        Kdf::GostYescrypt(_) => "gost_yescrypt",
        Kdf::Scrypt(_) => "scrypt_mcf7",
        Kdf::Sha1Crypt(_) => "sha1_crypt",
        Kdf::SunMd5(_) => "sun_md5_crypt",
        Kdf::DesCrypt(DesCrypt::Bsdi { .. }) => "bsdi_crypt",
        Kdf::DesCrypt(_) => "des_crypt",
        _ => return None,
    };
    own(name)?.print(parts, None)
}

fn md5(text: &str, kind: Md5Crypt) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix(kind.magic()).ok_or(NotRead::Other)?;
    let read = || {
        let [salt, digest] = fields(rest, '$')?;
        if salt.len() > MD5_CRYPT_SALT_BYTES_MAX {
            return None;
        }
        Some(parts(Kdf::Md5Crypt(kind), salt.into(), MD5.decode(digest, MD5_CRYPT_DIGEST_BYTES)?))
    };
    read().ok_or(if kind == Md5Crypt::Aix { NotRead::Other } else { NotRead::Malformed })
}

fn print_md5(parts: &Parts, kind: Md5Crypt) -> Option<String> {
    if parts.recipe.kdf != Kdf::Md5Crypt(kind) {
        return None;
    }
    Some(format!("{}{}${}", kind.magic(), parts.salt.expose_text()?, MD5.encode(parts.digest.expose())))
}

/// `$sha1$rounds$salt$digest`.
fn sha1(text: &str) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix("$sha1$").ok_or(NotRead::Other)?;
    let read = || {
        let [rounds, salt, digest] = fields(rest, '$')?;
        Some(parts(Kdf::Sha1Crypt(Sha1Crypt::new(decimal(rounds)?)?), salt.into(), SHA1.decode(digest, 20)?))
    };
    read().ok_or(NotRead::Malformed)
}

fn print_sha1(parts: &Parts) -> Option<String> {
    let Kdf::Sha1Crypt(sha1) = parts.recipe.kdf else { return None };
    Some(format!(
        "$sha1${}${}${}",
        sha1.rounds(),
        parts.salt.expose_text()?,
        SHA1.encode(parts.digest.expose())
    ))
}

/// `$6$salt$digest` or `$6$rounds=N$salt$digest`. The salt may be empty, and counts up to its sixteenth byte.
fn sha2(text: &str, prefix: &str, algorithm: Algorithm) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix(prefix).ok_or(NotRead::Other)?;
    let read = || {
        let (rounds, rest) = match rest.strip_prefix("rounds=") {
            Some(rest) => {
                rest.split_once('$').map(|(rounds, rest)| Some((Some(decimal(rounds)?), rest)))??
            }
            None => (None, rest),
        };
        let [salt, digest] = fields(rest, '$')?;
        let salt = salt.as_bytes().get(..SHA_CRYPT_SALT_BYTES_MAX).unwrap_or(salt.as_bytes());
        let digest = sha2_order(algorithm).decode(digest, algorithm.len())?;
        Some(parts(Kdf::ShaCrypt(ShaCrypt::new(algorithm, rounds)?), Secret::new(salt), digest))
    };
    read().ok_or(NotRead::Malformed)
}

fn print_sha2(parts: &Parts, algorithm: Algorithm) -> Option<String> {
    let Kdf::ShaCrypt(sha) = parts.recipe.kdf else { return None };
    if sha.algorithm() != algorithm {
        return None;
    }
    let prefix = if algorithm == Algorithm::Sha256 { "$5$" } else { "$6$" };
    let rounds = if sha.stated() { format!("rounds={}$", sha.rounds()) } else { String::new() };
    Some(format!(
        "{prefix}{rounds}{}${}",
        parts.salt.expose_text()?,
        sha2_order(algorithm).encode(parts.digest.expose())
    ))
}

fn sha2_order(algorithm: Algorithm) -> permuted::Order {
    if algorithm == Algorithm::Sha256 { SHA256 } else { SHA512 }
}

/// `$A$005$`, twenty bytes of salt, and a SHA-256-crypt digest: MySQL's `caching_sha2_password`.
fn mysql(text: &str) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix("$A$").ok_or(NotRead::Other)?;
    let read = || {
        let (rounds, rest) = rest.split_once('$').filter(|(rounds, _)| rounds.len() == 3)?;
        let rounds = u32::from_str_radix(rounds, 16).ok()?.checked_mul(1000)?;
        let (salt, digest) = rest.split_at_checked(20)?;
        let sha = ShaCrypt::new(Algorithm::Sha256, Some(rounds))?;
        Some(parts(Kdf::ShaCrypt(sha), salt.into(), SHA256.decode(digest, 32)?))
    };
    read().ok_or(NotRead::Malformed)
}

fn print_mysql(parts: &Parts) -> Option<String> {
    let Kdf::ShaCrypt(sha) = parts.recipe.kdf else { return None };
    let rounds = sha.rounds().checked_div(1000)?;
    Some(format!("$A${rounds:03x}${}{}", parts.salt.expose_text()?, SHA256.encode(parts.digest.expose())))
}

/// `$md5$salt$$digest` or `$md5,rounds=N$salt$digest`: the second `$` belongs to the salt where it stands.
fn sun(text: &str) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix("$md5").filter(|rest| rest.starts_with(['$', ','])).ok_or(NotRead::Other)?;
    let read = || {
        let (rounds, rest) = rest.split_once('$')?;
        let rounds = if rounds.is_empty() { 0 } else { decimal(rounds.strip_prefix(",rounds=")?)? };
        let (salt, rest) = rest.split_once('$')?;
        let (bare, digest) = rest.strip_prefix('$').map_or((true, rest), |digest| (false, digest));
        Some(parts(Kdf::SunMd5(SunMd5::new(rounds, bare)?), salt.into(), MD5.decode(digest, 16)?))
    };
    read().ok_or(NotRead::Malformed)
}

fn print_sun(parts: &Parts) -> Option<String> {
    let Kdf::SunMd5(sun) = parts.recipe.kdf else { return None };
    Some(format!("{}${}", sun.setting(parts.salt.expose_text()?), MD5.encode(parts.digest.expose())))
}

/// One character of rounds as a power of two, eight of salt, and the digest.
fn phpass(text: &str, prefixes: &[&str], algorithm: Algorithm) -> Result<Parts, NotRead> {
    let rest = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).ok_or(NotRead::Other)?;
    let read = || {
        let (rounds, salt, digest) = (rest.get(..1)?, rest.get(1..9)?, rest.get(9..)?);
        let log2 = u8::try_from(des_number(rounds.as_bytes(), 1)?).ok()?;
        // Drupal's last character has two bits of the byte after.
        let (width, fill) = if algorithm == Algorithm::Md5 { (22, "") } else { (43, ".") };
        let digest = Base64::Little.decode(&format!("{digest}{fill}")).filter(|_| digest.len() == width)?;
        Some(parts(Kdf::Phpass(Phpass::new(algorithm, log2)?), salt.into(), digest))
    };
    read().filter(|parts| parts.salt.len() == PHPASS_SALT_BYTES).ok_or(NotRead::Malformed)
}

fn print_phpass(parts: &Parts, prefix: &str) -> Option<String> {
    let Kdf::Phpass(phpass) = parts.recipe.kdf else { return None };
    if (phpass.algorithm() == Algorithm::Sha512) != (prefix == "$S$") {
        return None;
    }
    let log2 = Base64::Little.encode(&[phpass.log2_rounds(), 0]);
    let mut digest = Base64::Little.encode(parts.digest.expose());
    digest.truncate(if prefix == "$S$" { 43 } else { 22 });
    Some(format!("{prefix}{}{}{digest}", log2.get(..1)?, parts.salt.expose_text()?))
}
