//! The login: greeting, TLS, proof of the password.
//!
//! Format: MySQL client/server protocol, "Connection Phase". Two proofs are offered, `caching_sha2_password` and
//! `mysql_native_password`. The first one may ask for the password itself: it gets it where nobody can listen, and
//! never encrypted with a key that came over the same way, for whoever stands there would have sent his own.

use crate::answer::{self, Head};
use crate::error::{Failure, failure, nonsense, unreachable};
use crate::wire::{Stream, Wire};
use idstore_contract::{Error, Secret};
use idstore_sql::Doing;
use mysql_common::auth::plugins::caching_sha2_password::scramble_sha256;
use mysql_common::auth::plugins::mysql_native_password::scramble_native;
use mysql_common::constants::CapabilityFlags;
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, HandshakeResponse, SslRequest};
use mysql_common::proto::MySerialize;
use rustls_pki_types::ServerName;
use std::collections::HashMap;
use tokio_rustls::TlsConnector;

/// Who signs in, and to what.
pub(crate) struct Who {
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) database: String,
    /// What the server shows of this service.
    pub(crate) program: String,
}

/// What protects a stream.
pub(crate) enum Cover {
    /// A unix socket: nobody is on the way.
    Local,
    /// Nothing.
    None,
    /// TLS, which begins after the greeting.
    Tls(Box<(TlsConnector, ServerName<'static>)>),
}

/// What every server has that this service works with: MySQL since 5.7, MariaDB since 10.2.
const NEEDED: CapabilityFlags = CapabilityFlags::CLIENT_PROTOCOL_41
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH)
    .union(CapabilityFlags::CLIENT_PS_MULTI_RESULTS);

/// What is asked for, the same before TLS and in it: servers look at the first word alone. Not among them: files of ours that the server may read, several statements in one text.
const WANTED: CapabilityFlags = NEEDED
    .union(CapabilityFlags::CLIENT_LONG_PASSWORD)
    .union(CapabilityFlags::CLIENT_CONNECT_WITH_DB)
    .union(CapabilityFlags::CLIENT_FOUND_ROWS)
    .union(CapabilityFlags::CLIENT_LONG_FLAG)
    .union(CapabilityFlags::CLIENT_TRANSACTIONS)
    .union(CapabilityFlags::CLIENT_MULTI_RESULTS)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)
    .union(CapabilityFlags::CLIENT_CONNECT_ATTRS);

/// The largest packet that is announced to the server, in bytes; what it sends is limited by `wire` all the same.
const ANNOUNCED_BYTES: u32 = 1 << 24;
/// `utf8mb4_general_ci`, which both servers know. Each session chooses its own collation afterwards.
const COLLATION: u8 = 45;
/// The bytes of the server's challenge.
const NONCE_BYTES: usize = 20;
/// The most packets of a login: a change of the method, its answer, a word about the cache, and the end.
const ROUNDS_MAX: usize = 6;

/// Signs in over a stream on which nothing was said yet. Also answers the server's number of the session.
pub(crate) async fn sign_in(
    stream: impl Stream + 'static,
    cover: Cover,
    who: &Who,
) -> Result<(Wire, u32), Failure> {
    let mut wire = Wire::new(stream);
    let greeting = Greeting::read(&mut wire).await?;
    let mut capabilities = WANTED & greeting.capabilities;
    let is_private = !matches!(cover, Cover::None);
    if let Cover::Tls(tls) = cover {
        if !greeting.capabilities.contains(CapabilityFlags::CLIENT_SSL) {
            return Err(refused("the server does not offer TLS; see `tls`"));
        }
        capabilities |= CapabilityFlags::CLIENT_SSL;
        wire.write(&spelled(&SslRequest::new(capabilities, ANNOUNCED_BYTES, COLLATION))).await?;
        let (stream, number) = wire.into_stream()?;
        let (tls, name) = *tls;
        wire = Wire::resume(tls.connect(name, stream).await.map_err(unreachable)?, number);
    }
    let mut proof = Proof { password: who.password.as_ref(), is_private, asked: false };
    let plugin = greeting.plugin();
    let answer = proof.answer(&plugin, &greeting.nonce).ok_or_else(nonsense)?;
    let program = HashMap::from([("program_name".to_owned(), who.program.clone())]);
    let attributes = Some(program).filter(|_| capabilities.contains(CapabilityFlags::CLIENT_CONNECT_ATTRS));
    let response = HandshakeResponse::new(
        Some(answer.expose().to_vec()),
        (8, 0, 0),
        Some(who.user.as_bytes()),
        Some(who.database.as_bytes()),
        Some(plugin),
        capabilities,
        attributes,
        ANNOUNCED_BYTES,
    );
    wire.write(&spelled(&response)).await?;
    proof.converse(&mut wire).await?;
    wire.logged_in();
    Ok((wire, greeting.session))
}

/// What the server says first.
struct Greeting {
    session: u32,
    capabilities: CapabilityFlags,
    nonce: Vec<u8>,
    plugin: Vec<u8>,
}

impl Greeting {
    async fn read(wire: &mut Wire) -> Result<Self, Failure> {
        let payload = wire.read().await?;
        if let Head::Refusal(refusal) = answer::head(&payload)? {
            return Err(failure(&refusal, Doing::Connecting, ""));
        }
        let greeting = Self::parse(&payload).ok_or_else(nonsense)?;
        if greeting.capabilities.contains(NEEDED) && greeting.nonce.len() == NONCE_BYTES {
            Ok(greeting)
        } else {
            Err(refused("the server is older than MySQL 5.7 and MariaDB 10.2"))
        }
    }

    /// The packet `Protocol::HandshakeV10`.
    fn parse(payload: &[u8]) -> Option<Self> {
        let mut rest = ParseBuf(payload);
        (rest.checked_eat_u8()? == 10).then_some(())?;
        let version = rest.0.iter().position(|byte| *byte == 0)?;
        rest.checked_eat(version.saturating_add(1))?;
        let session = rest.checked_eat_u32_le()?;
        let mut nonce = rest.checked_eat(8)?.to_vec();
        rest.checked_eat(1)?;
        let low = rest.checked_eat_u16_le()?;
        let _collation_and_status = rest.checked_eat(3)?;
        let high = rest.checked_eat_u16_le()?;
        let _length_and_reserved = rest.checked_eat(11)?;
        let capabilities = CapabilityFlags::from_bits_truncate(u32::from(low) | u32::from(high) << 16);
        // Twelve more bytes of the challenge, and the zero that ends them.
        nonce.extend(rest.checked_eat(NONCE_BYTES.saturating_sub(nonce.len()))?);
        rest.checked_eat(1)?;
        let plugin = rest.0.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
        Some(Self { session, capabilities, nonce, plugin })
    }

    /// The server's first choice, where it is one of ours; else it will ask for another one.
    fn plugin(&self) -> AuthPlugin<'static> {
        match AuthPlugin::from_bytes(&self.plugin) {
            AuthPlugin::MysqlNativePassword => AuthPlugin::MysqlNativePassword,
            _ => AuthPlugin::CachingSha2Password,
        }
    }
}

/// How the password is proven.
struct Proof<'a> {
    password: Option<&'a Secret>,
    /// Whether nobody can listen.
    is_private: bool,
    /// Whether the password itself was sent.
    asked: bool,
}

impl Proof<'_> {
    /// The rest of the login, until the server lets us in.
    async fn converse(&mut self, wire: &mut Wire) -> Result<(), Failure> {
        for _ in 0..ROUNDS_MAX {
            let payload = wire.read().await?;
            match answer::head(&payload)? {
                Head::Done(_) => return Ok(()),
                Head::Refusal(refusal) => return Err(failure(&refusal, Doing::Connecting, "")),
                Head::End(_) => return Err(refused("the server wants a password of before MySQL 4.1")),
                Head::Other(0xfe) => {
                    let answer = self.switch(payload.get(1..).unwrap_or_default())?;
                    wire.write(&answer).await?;
                }
                // A word about the server's cache: it knows the password already, or asks for it.
                Head::Other(0x01) => match payload.get(1..) {
                    Some([0x03]) => {}
                    Some([0x04]) => wire.write(&self.itself()?).await?,
                    _ => return Err(nonsense()),
                },
                Head::Other(_) => return Err(nonsense()),
            }
        }
        Err(nonsense())
    }

    /// The packet `Protocol::AuthSwitchRequest`: another method, with a challenge of its own.
    fn switch(&self, payload: &[u8]) -> Result<Secret, Failure> {
        let mut parts = payload.splitn(2, |byte| *byte == 0);
        let plugin = AuthPlugin::from_bytes(parts.next().unwrap_or_default());
        let data = parts.next().unwrap_or_default();
        let nonce = data.strip_suffix(&[0]).filter(|_| data.len() > NONCE_BYTES).unwrap_or(data);
        self.answer(&plugin, nonce).ok_or_else(|| {
            refused(
                "the account signs in by another method than caching_sha2_password and mysql_native_password, or there is none",
            )
        })
    }

    /// The answer to a challenge; empty where there is no password. `None` for a method that is not offered here.
    fn answer(&self, plugin: &AuthPlugin<'_>, nonce: &[u8]) -> Option<Secret> {
        let password = self.password.map(Secret::expose).unwrap_or_default();
        let answer = match plugin {
            _ if nonce.len() != NONCE_BYTES => return None,
            AuthPlugin::MysqlNativePassword => scramble_native(nonce, password).map(Vec::from),
            AuthPlugin::CachingSha2Password => {
                scramble_sha256(nonce.try_into().ok()?, password).map(Vec::from)
            }
            AuthPlugin::MysqlOldPassword
            | AuthPlugin::MysqlClearPassword
            | AuthPlugin::Sha256Password
            | AuthPlugin::Ed25519
            | AuthPlugin::Parsec
            | AuthPlugin::Other(_) => return None,
        };
        Some(Secret::new(answer.unwrap_or_default()))
    }

    /// The password itself, once.
    fn itself(&mut self) -> Result<Secret, Failure> {
        if !self.is_private {
            let message = "the server asks for the password itself, which is not sent in clear text: use TLS";
            return Err(Failure::lost(Error::misconfigured(message).with("key", "tls")));
        }
        if std::mem::replace(&mut self.asked, true) {
            return Err(nonsense());
        }
        let password = self.password.map(Secret::expose).unwrap_or_default();
        Ok(Secret::new([password, &[0]].concat()))
    }
}

fn refused(reason: &'static str) -> Failure {
    Failure::lost(Error::unavailable("a session can't be opened").with("reason", reason))
}

fn spelled(packet: &impl MySerialize) -> Secret {
    let mut bytes = Vec::new();
    packet.serialize(&mut bytes);
    Secret::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_password_itself_is_sent_only_where_nobody_listens_and_only_once() {
        let password = Secret::from("CANARY");
        let mut open = Proof { password: Some(&password), is_private: false, asked: false };
        assert_eq!(open.itself().unwrap_err().error.kind(), idstore_contract::ErrorKind::Misconfigured);
        let mut private = Proof { password: Some(&password), is_private: true, asked: false };
        assert_eq!(private.itself().unwrap().expose(), b"CANARY\0");
        assert!(private.itself().is_err());
    }

    #[test]
    fn no_server_gets_the_password_by_asking_for_a_clear_text_method() {
        let password = Secret::from("CANARY");
        let proof = Proof { password: Some(&password), is_private: true, asked: false };
        for method in ["mysql_clear_password", "mysql_old_password", "sha256_password", "dialog", ""] {
            let request = [method.as_bytes(), &[0], &[7; NONCE_BYTES], &[0]].concat();
            assert!(proof.switch(&request).is_err(), "{method}");
        }
        let known = [b"mysql_native_password".as_slice(), &[0], &[7; NONCE_BYTES], &[0]].concat();
        assert_eq!(proof.switch(&known).unwrap().len(), 20);
    }

    proptest! {
        #[test]
        fn no_greeting_makes_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..96)) {
            Greeting::parse(&bytes);
            if let Some(first) = bytes.first_mut() {
                *first = 10;
            }
            Greeting::parse(&bytes);
        }

        #[test]
        fn no_change_of_the_method_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let password = Secret::from("CANARY");
            let proof = Proof { password: Some(&password), is_private: true, asked: false };
            if let Ok(answer) = proof.switch(&bytes) {
                prop_assert!(!answer.expose().windows(6).any(|part| part == b"CANARY"));
            }
        }
    }
}
