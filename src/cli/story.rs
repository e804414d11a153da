//! [`tell`]: the debug lines of the daemon's own code, as a story for a person.
//!
//! `try` explains an action by showing what the code that serves it logs on the way, so that the explanation can't
//! differ from what happens. Those lines hold no secret and no stored value, at any level.

use std::fmt::{self, Write as _};
use std::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// From now on this process tells its steps on standard error, each with the time since this call.
pub(super) fn tell() {
    let subscriber = tracing_subscriber::registry().with(Story { began: Instant::now() });
    // A second subscriber is only ever set by a test in the same process.
    tracing::subscriber::set_global_default(subscriber).ok();
}

struct Story {
    began: Instant,
}

impl<S: Subscriber> Layer<S> for Story {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if !metadata.target().starts_with("idstore") || *metadata.level() > Level::DEBUG {
            return;
        }
        let mut line = Line::default();
        event.record(&mut line);
        let ms = self.began.elapsed().as_secs_f64() * 1000.0;
        super::print::error(&format!("{ms:9.1} ms  {}{}", line.message, line.fields));
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a String can't fail.
        match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, "; {name}: {value:?}"),
        }
        .ok();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}
