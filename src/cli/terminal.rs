//! Passwords from the terminal, without echo, or from one line of standard input. Never from arguments: those are seen
//! by everybody who can list processes.

use idstore_contract::Secret;
use std::io::{self, BufRead as _, IsTerminal as _};

/// Asks for a password: at a terminal with a prompt and without echo, else by reading one line.
pub(super) fn password(prompt: &str) -> io::Result<Secret> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt).map(Secret::from);
    }
    line_of_input()
}

/// One line of standard input, without its line end.
pub(super) fn line_of_input() -> io::Result<Secret> {
    let mut line = Vec::new();
    io::stdin().lock().read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Secret::new(line))
}
