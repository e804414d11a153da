//! [`tell`]: the debug lines of the daemon's own code, as a story for a person.
//!
//! `try` explains an action by showing what the code that serves it logs on the way, so that the explanation can't
//! differ from what happens. Here a line only becomes a sentence: what it says is decided where it is logged. Those
//! lines hold no secret and no stored value, at any level.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// From now on this process tells its steps on standard error, each with the time since `began`.
pub(super) fn tell(began: Instant) {
    let story = Story { began, has_written: AtomicBool::new(false) };
    // A second subscriber is only ever set by a test in the same process.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(story)).ok();
}

/// From now on this process tells what the code warns of, such as a secret that others can read, on standard error.
pub(super) fn tell_warnings() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Warnings)).ok();
}

/// One step, at the time that it took to get there.
pub(super) fn step(began: Instant, text: &str) {
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    super::print::error(&format!("{ms:9.1} ms  {}", text.replace('\n', "\n              ")));
}

struct Story {
    began: Instant,
    /// A lookup after a write is no search: it reads back what was written.
    has_written: AtomicBool,
}

/// Tells warnings and errors alone.
struct Warnings;

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if let Some(line) = Line::of(event, Level::WARN) {
            super::print::error(&format!("warning: {}", line.sentence(false)));
        }
    }
}

impl<S: Subscriber> Layer<S> for Story {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(line) = Line::of(event, Level::DEBUG) else { return };
        if line.message == WROTE {
            self.has_written.store(true, Ordering::Relaxed);
        }
        step(self.began, &line.sentence(self.has_written.load(Ordering::Relaxed)));
    }
}

const WROTE: &str = "a writing statement ran";

#[derive(Default)]
struct Line {
    message: String,
    fields: BTreeMap<&'static str, String>,
}

impl Line {
    /// A line of our own code, up to that level.
    fn of(event: &Event<'_>, level: Level) -> Option<Self> {
        let metadata = event.metadata();
        if !metadata.target().starts_with("idstore") || *metadata.level() > level {
            return None;
        }
        let mut line = Self::default();
        event.record(&mut line);
        Some(line)
    }

    /// What happened, for somebody who knows the configuration and not the code. A line that is not known here is told
    /// as it was logged.
    fn sentence(&self, has_written: bool) -> String {
        let of = |name| self.fields.get(name).map_or("", String::as_str);
        let is = |name| of(name) == "true";
        match self.message.as_str() {
            "a statement ran" => {
                let (what, rows) = (if has_written { "Read back: " } else { "" }, counted(of("rows"), "row"));
                format!("{what}{} found {rows}.\n{}", of("statement"), mapping(of("columns")))
            }
            "a statement did not run: the column's type can't hold the text" => {
                format!("{} was not run: no key of the column's type is written so.", of("statement"))
            }
            "memberships were read" => {
                format!("{} found {}: roles or organizations.", of("statement"), counted(of("rows"), "row"))
            }
            "the account is no member of the organization that the login is for" => {
                "The organization of the login is none of the account's, under the connection's rule.".to_owned()
            }
            "the platform has taken the account over, so it counts as nobody" => {
                "The account is marked as migrated, and its grace is over: it counts as nobody. The command migration \
                 unmark takes the mark off."
                    .to_owned()
            }
            "a value of the profile was adjusted for the platform" => {
                format!("The platform would not take {} as it is stored: {}.", of("field"), of("reason"))
            }
            "a better hash of the password was made" => {
                format!("The stored hash is older than what is written ({}): {}.", of("scheme"), of("outcome"))
            }
            WROTE => format!("{} touched {}.", of("statement"), counted(of("touched"), "row")),
            "the transaction is committed" if has_written => {
                "The account shows what was asked, so the transaction is committed.".to_owned()
            }
            "the transaction is rolled back" => {
                "The transaction is rolled back: nothing was changed.".to_owned()
            }
            "the store answered" => {
                format!("The store answered with {} by {}.", counted(of("candidates"), "candidate"), of("by"))
            }
            "the identifier was compared again, under the connection's rule" => {
                format!("Compared again under the connection's identifiers: {}.", of("how"))
            }
            "a candidate belongs to another organization, and counts as nobody" => {
                "A candidate is none: its param columns are not the connection's parameters.".to_owned()
            }
            "the password was compared with the stored hash" => {
                let verdict = if is("matches") { "it is right" } else { "it is wrong" };
                format!(
                    "The password was compared with the stored hash (scheme {}): {verdict}.",
                    of("scheme")
                )
            }
            "there is no hash to compare with: the same work is done for nobody" => format!(
                "There is no hash to compare with. The time of a comparison ({}) passes all the same, so that nobody \
                 can tell by it.",
                of("scheme")
            ),
            "the new password was hashed" => {
                format!("The new password was hashed (scheme {}).", of("scheme"))
            }
            "the password is right" => format!("The account's standing: {}.", of("standing")),
            message => {
                let fields = self.fields.iter().map(|(name, value)| format!("; {name}: {value}"));
                format!("{message}{}", fields.collect::<String>())
            }
        }
    }
}

/// Which columns make the profile, and which do not.
fn mapping(columns: &str) -> String {
    /// What decides, and is no part of what a platform is told of a user.
    const BESIDE: [&str; 11] = [
        "password_hash",
        "password_salt",
        "password_scheme",
        "password_parameters",
        "password_changed_at",
        "blocked",
        "locked",
        "password_expired",
        "restricted",
        "signed_in_as",
        "migrated",
    ];
    let is_beside = |name: &&str| BESIDE.contains(name) || name.starts_with("param.");
    let (beside, profile): (Vec<&str>, Vec<&str>) = columns.split(", ").partition(is_beside);
    let beside = if beside.is_empty() { "nothing".to_owned() } else { beside.join(", ") };
    format!("Columns of the profile: {}\nColumns beside it, never sent: {beside}", profile.join(", "))
}

fn counted(number: &str, what: &str) -> String {
    match number {
        "0" => format!("no {what}"),
        "1" => format!("1 {what}"),
        more => format!("{more} {what}s"),
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => {
                self.fields.insert(name, format!("{value:?}"));
            }
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}
