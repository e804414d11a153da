//! The messages of LDAP (RFC 4511) that this adapter sends and reads, and no others.
//!
//! Reading goes exactly as deep as the protocol does, by name; nothing here calls itself. What a message means for an
//! account is told elsewhere.

use crate::ber::{
    BOOLEAN, ENUMERATED, INTEGER, Malformed, OCTETS, Reader, SEQUENCE, SET, Writer, constructed, context,
};
use crate::entry::Entry;
use idstore_contract::Secret;

/// The tags of the operations (`[APPLICATION n]`).
mod tag {
    pub(super) const BIND: u8 = 0x60;
    pub(super) const UNBIND: u8 = 0x42;
    pub(super) const SEARCH: u8 = 0x63;
    pub(super) const ENTRY: u8 = 0x64;
    pub(super) const DONE: u8 = 0x65;
    pub(super) const MODIFY: u8 = 0x66;
    pub(super) const ADD: u8 = 0x68;
    pub(super) const DELETE: u8 = 0x4a;
    pub(super) const MODIFY_DN: u8 = 0x6c;
    pub(super) const REFERENCE: u8 = 0x73;
    pub(super) const EXTENDED: u8 = 0x77;
    pub(super) const EXTENDED_ANSWER: u8 = 0x78;
    pub(super) const INTERMEDIATE: u8 = 0x79;
}

/// StartTLS (RFC 4511, section 4.14).
pub(crate) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// The password modify operation (RFC 3062).
pub(crate) const PASSWORD_MODIFY: &str = "1.3.6.1.4.1.4203.1.11.1";
/// Password policy (draft-behera-ldap-password-policy-10): asked for without a value.
pub(crate) const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
/// Paged results (RFC 2696).
pub(crate) const PAGED: &str = "1.2.840.113556.1.4.319";

/// One operation that can be sent, and the controls that go with it.
#[derive(Clone, Default)]
pub(crate) struct Request {
    op: Writer,
    controls: Writer,
}

/// How far below the base a search looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Base = 0,
    Subtree = 2,
}

/// What a modification does with the values that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Add,
    Delete,
    Replace,
}

/// One change of one attribute.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) doing: Doing,
    pub(crate) attribute: String,
    pub(crate) values: Vec<Secret>,
}

impl Request {
    /// A simple bind. Nobody may call it with an empty password: a server may take that for an anonymous bind.
    pub(crate) fn bind(dn: &str, password: &Secret) -> Self {
        Self::of(tag::BIND, |op| {
            op.number(INTEGER, 3);
            op.octets(OCTETS, dn.as_bytes());
            op.octets(context(0), password.expose());
        })
    }

    pub(crate) fn unbind() -> Self {
        let mut request = Self { op: Writer::new(), controls: Writer::default() };
        request.op.octets(tag::UNBIND, &[]);
        request
    }

    /// `filter` is written already; `attributes` are asked for by name, operational ones too. The server is told to stop
    /// after `entries` and after `seconds`; 0 is no limit.
    pub(crate) fn search(
        base: &str,
        scope: Scope,
        entries: u32,
        seconds: u32,
        filter: &Writer,
        attributes: &[String],
    ) -> Self {
        Self::of(tag::SEARCH, |op| {
            op.octets(OCTETS, base.as_bytes());
            op.number(
                ENUMERATED,
                match scope {
                    Scope::Base => 0,
                    Scope::Subtree => 2,
                },
            );
            // Aliases are never followed.
            op.number(ENUMERATED, 0);
            op.number(INTEGER, entries.into());
            op.number(INTEGER, seconds.into());
            op.boolean(BOOLEAN, false);
            op.append(filter);
            op.within(SEQUENCE, |op| {
                for attribute in attributes {
                    op.octets(OCTETS, attribute.as_bytes());
                }
            });
        })
    }

    pub(crate) fn add(dn: &str, attributes: &[(String, Vec<Secret>)]) -> Self {
        Self::of(tag::ADD, |op| {
            op.octets(OCTETS, dn.as_bytes());
            op.within(SEQUENCE, |op| {
                for (attribute, values) in attributes {
                    write_attribute(op, attribute, values);
                }
            });
        })
    }

    pub(crate) fn modify(dn: &str, changes: &[Change]) -> Self {
        Self::of(tag::MODIFY, |op| {
            op.octets(OCTETS, dn.as_bytes());
            op.within(SEQUENCE, |op| {
                for change in changes {
                    op.within(SEQUENCE, |op| {
                        let doing = match change.doing {
                            Doing::Add => 0,
                            Doing::Delete => 1,
                            Doing::Replace => 2,
                        };
                        op.number(ENUMERATED, doing);
                        write_attribute(op, &change.attribute, &change.values);
                    });
                }
            });
        })
    }

    /// Gives the entry another first name in its DN, and takes the old value from its attribute.
    pub(crate) fn rename(dn: &str, rdn: &str) -> Self {
        Self::of(tag::MODIFY_DN, |op| {
            op.octets(OCTETS, dn.as_bytes());
            op.octets(OCTETS, rdn.as_bytes());
            op.boolean(BOOLEAN, true);
        })
    }

    pub(crate) fn delete(dn: &str) -> Self {
        let mut request = Self { op: Writer::new(), controls: Writer::default() };
        request.op.octets(tag::DELETE, dn.as_bytes());
        request
    }

    pub(crate) fn start_tls() -> Self {
        Self::of(tag::EXTENDED, |op| op.octets(context(0), START_TLS.as_bytes()))
    }

    /// Sets a password; `old` where the user does it.
    pub(crate) fn password_modify(dn: &str, old: Option<&Secret>, new: &Secret) -> Self {
        let mut value = Writer::new();
        value.within(SEQUENCE, |value| {
            value.octets(context(0), dn.as_bytes());
            if let Some(old) = old {
                value.octets(context(1), old.expose());
            }
            value.octets(context(2), new.expose());
        });
        Self::of(tag::EXTENDED, |op| {
            op.octets(context(0), PASSWORD_MODIFY.as_bytes());
            op.octets(context(1), value.bytes());
        })
    }

    /// The same with a control that the server may ignore.
    #[must_use]
    pub(crate) fn with(mut self, control: &str, value: Option<&Writer>) -> Self {
        self.controls.within(SEQUENCE, |one| {
            one.octets(OCTETS, control.as_bytes());
            if let Some(value) = value {
                one.octets(OCTETS, value.bytes());
            }
        });
        self
    }

    /// The same, a page of so many entries after what the cookie stands for.
    #[must_use]
    pub(crate) fn page(self, entries: u32, cookie: &[u8]) -> Self {
        let mut value = Writer::new();
        value.within(SEQUENCE, |value| {
            value.number(INTEGER, entries.into());
            value.octets(OCTETS, cookie);
        });
        self.with(PAGED, Some(&value))
    }

    /// The whole message, under that number.
    pub(crate) fn message(&self, id: i32) -> Writer {
        let mut message = Writer::new();
        message.within(SEQUENCE, |message| {
            message.number(INTEGER, id.into());
            message.append(&self.op);
            if !self.controls.bytes().is_empty() {
                message.within(constructed(0), |message| message.append(&self.controls));
            }
        });
        message
    }

    fn of(tag: u8, fill: impl FnOnce(&mut Writer)) -> Self {
        let mut op = Writer::new();
        op.within(tag, fill);
        Self { op, controls: Writer::default() }
    }
}

fn write_attribute(op: &mut Writer, attribute: &str, values: &[Secret]) {
    op.within(SEQUENCE, |op| {
        op.octets(OCTETS, attribute.as_bytes());
        op.within(SET, |op| {
            for value in values {
                op.octets(OCTETS, value.expose());
            }
        });
    });
}

/// What a server said.
#[derive(Debug)]
pub(crate) struct Message {
    /// The number of the request that it answers; 0: nobody asked.
    pub(crate) id: i64,
    pub(crate) said: Said,
    pub(crate) controls: Vec<Control>,
}

/// The kinds of messages that a server sends.
#[derive(Debug)]
pub(crate) enum Said {
    Entry(Entry),
    /// Where else the server would have us look. Never followed.
    Reference,
    /// Something that goes before the end of an operation.
    Intermediate,
    /// The end of an operation.
    End(Outcome),
}

/// How an operation ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The result code (RFC 4511, appendix A).
    pub(crate) code: i64,
    /// What the server adds for people. Only known words and codes are looked for in it; it is never repeated.
    pub(crate) text: String,
}

/// One control of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    pub(crate) oid: String,
    pub(crate) value: Vec<u8>,
}

impl Message {
    /// Reads a message from its bytes, the outermost header included.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(Reader::new(bytes).expect(SEQUENCE)?);
        let id = message.number(INTEGER)?;
        let (tag, content) = message.next()?;
        let said = match tag {
            tag::ENTRY => Said::Entry(read_entry(content)?),
            tag::REFERENCE => Said::Reference,
            tag::INTERMEDIATE => Said::Intermediate,
            // The answers to bind, modify, add, delete and modify DN: one above the request, without its parts' bit
            // where the request has none.
            0x61 | tag::DONE | 0x67 | 0x69 | 0x6b | 0x6d | tag::EXTENDED_ANSWER => {
                Said::End(read_outcome(content)?)
            }
            _ => return Err(Malformed),
        };
        let controls = match message.take(constructed(0))? {
            Some(controls) => read_controls(controls)?,
            None => Vec::new(),
        };
        Ok(Self { id, said, controls })
    }
}

/// What follows the text (referrals, an extended answer's value) is not read.
fn read_outcome(content: &[u8]) -> Result<Outcome, Malformed> {
    let mut result = Reader::new(content);
    let code = result.number(ENUMERATED)?;
    result.expect(OCTETS)?;
    let text = String::from_utf8_lossy(result.expect(OCTETS)?).into_owned();
    Ok(Outcome { code, text })
}

fn read_entry(content: &[u8]) -> Result<Entry, Malformed> {
    let mut entry = Reader::new(content);
    let dn = text(entry.expect(OCTETS)?)?;
    let mut list = Reader::new(entry.expect(SEQUENCE)?);
    let mut attributes = Vec::new();
    while !list.is_empty() {
        let mut one = Reader::new(list.expect(SEQUENCE)?);
        let name = text(one.expect(OCTETS)?)?;
        let mut set = Reader::new(one.expect(SET)?);
        let mut values = Vec::new();
        while !set.is_empty() {
            values.push(set.expect(OCTETS)?.to_vec());
        }
        attributes.push((name, values));
    }
    Ok(Entry { dn, attributes })
}

fn read_controls(content: &[u8]) -> Result<Vec<Control>, Malformed> {
    let mut list = Reader::new(content);
    let mut controls = Vec::new();
    while !list.is_empty() {
        let mut one = Reader::new(list.expect(SEQUENCE)?);
        let oid = text(one.expect(OCTETS)?)?;
        one.take(BOOLEAN)?;
        let value = one.take(OCTETS)?.unwrap_or_default().to_vec();
        controls.push(Control { oid, value });
    }
    Ok(controls)
}

fn text(bytes: &[u8]) -> Result<String, Malformed> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Malformed)
}

/// The cookie of the next page in an answer's controls; `None` where there is no further page.
pub(crate) fn next_page(controls: &[Control]) -> Option<Vec<u8>> {
    let control = controls.iter().find(|control| control.oid == PAGED)?;
    let mut value = Reader::new(Reader::new(&control.value).expect(SEQUENCE).ok()?);
    value.number(INTEGER).ok()?;
    let cookie = value.expect(OCTETS).ok()?;
    (!cookie.is_empty()).then(|| cookie.to_vec())
}
