//! What commands print. A pipe that is closed early (`| head`) is no error of ours.

use std::io::{self, Write as _};

/// A text to standard output, with a newline.
pub(super) fn line(text: &str) {
    writeln!(io::stdout().lock(), "{text}").ok();
}

/// A text to standard error, with a newline.
pub(super) fn error(text: &str) {
    writeln!(io::stderr().lock(), "{text}").ok();
}
