//! Sun's MD5-crypt: each round tosses a coin with the last digest, and when it falls on heads takes Hamlet in.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a kernel over 16 bytes: every index is taken modulo 16, every shift modulo 8"
)]

use super::Algorithm;

/// What every string has beside its own rounds.
const ROUNDS_MIN: u32 = 4096;

/// The rounds that a string adds, and whether a `$` stands between salt and digest twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SunMd5 {
    rounds: u32,
    bare: bool,
}

impl SunMd5 {
    /// `bare`: one `$` alone stands before the digest; the salt then enters without it.
    pub(crate) const fn new(rounds: u32, bare: bool) -> Option<Self> {
        if rounds <= u32::MAX - ROUNDS_MIN { Some(Self { rounds, bare }) } else { None }
    }

    pub(crate) fn rounds(self) -> u32 {
        self.rounds
    }

    /// What stands before the digest, without the `$` right before it. The salt is eight characters or so.
    pub(crate) fn setting(self, salt: &str) -> String {
        let rounds = if self.rounds == 0 { String::new() } else { format!(",rounds={}", self.rounds) };
        format!("$md5{rounds}${salt}{}", if self.bare { "" } else { "$" })
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) {
        let setting = self.setting(&String::from_utf8_lossy(salt));
        let mut digest = Algorithm::Md5.hash(&[password, setting.as_bytes()]);
        for round in 0..self.rounds + ROUNDS_MIN {
            let number = round.to_string();
            let hamlet: &[u8] = if coin(&digest, round) { HAMLET } else { &[] };
            digest = Algorithm::Md5.hash(&[&digest, hamlet, number.as_bytes()]);
        }
        super::copy(&digest, out);
    }
}

fn coin(digest: &[u8], round: u32) -> bool {
    let bit = |place: u32| {
        let place = usize::try_from(place % 128).unwrap_or(0);
        u32::from(digest[place / 8] >> (place % 8) & 1)
    };
    let half = |start: usize, turn: u32| {
        let value = (0..8).fold(0, |value, place| {
            let (a, b) = (digest[(start + place) % 16], digest[(start + place + 3) % 16]);
            let chosen = digest[usize::from(a >> (b % 5)) % 16];
            let chosen = if b >> (a % 8) & 1 == 1 { chosen / 2 } else { chosen };
            value | bit(u32::from(chosen)) << place
        });
        bit(if bit(turn) == 1 { value / 2 } else { value })
    };
    half(0, round % 128) != half(8, round % 128 + 64)
}

/// Shakespeare, in the spelling of Project Gutenberg, with the NUL that ends it in C.
const HAMLET: &[u8] = b"To be, or not to be,--that is the question:--\n\
Whether 'tis nobler in the mind to suffer\n\
The slings and arrows of outrageous fortune\n\
Or to take arms against a sea of troubles,\n\
And by opposing end them?--To die,--to sleep,--\n\
No more; and by a sleep to say we end\n\
The heartache, and the thousand natural shocks\n\
That flesh is heir to,--'tis a consummation\n\
Devoutly to be wish'd. To die,--to sleep;--\n\
To sleep! perchance to dream:--ay, there's the rub;\n\
For in that sleep of death what dreams may come,\n\
When we have shuffled off this mortal coil,\n\
Must give us pause: there's the respect\n\
That makes calamity of so long life;\n\
For who would bear the whips and scorns of time,\n\
The oppressor's wrong, the proud man's contumely,\n\
The pangs of despis'd love, the law's delay,\n\
The insolence of office, and the spurns\n\
That patient merit of the unworthy takes,\n\
When he himself might his quietus make\n\
With a bare bodkin? who would these fardels bear,\n\
To grunt and sweat under a weary life,\n\
But that the dread of something after death,--\n\
The undiscover'd country, from whose bourn\n\
No traveller returns,--puzzles the will,\n\
And makes us rather bear those ills we have\n\
Than fly to others that we know not of?\n\
Thus conscience does make cowards of us all;\n\
And thus the native hue of resolution\n\
Is sicklied o'er with the pale cast of thought;\n\
And enterprises of great pith and moment,\n\
With this regard, their currents turn awry,\n\
And lose the name of action.--Soft you now!\n\
The fair Ophelia!--Nymph, in thy orisons\n\
Be all my sins remember'd.\n\0";
