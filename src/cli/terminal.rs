//! Passwords from the terminal, without echo, or from one line of standard input. Never from arguments: those are seen
//! by everybody who can list processes.

use idstore_contract::Secret;
use std::io::{self, BufRead as _, Error, ErrorKind, IsTerminal as _};

/// The most bytes of a line: far above every password (1,024 bytes) and every stored value that is read.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Asks for a password: at a terminal with a prompt and without echo, else by reading one line.
///
/// # Errors
///
/// Where there is no line, an endless one, or one that is no UTF-8: such a password can't come in a request.
pub(super) fn password(prompt: &str) -> io::Result<Secret> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt).map(Secret::from);
    }
    line_of(io::stdin().lock())
}

/// One line, without its line end.
fn line_of(input: impl io::BufRead) -> io::Result<Secret> {
    let mut line = Vec::new();
    let read = input.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    let ended = line.pop_if(|byte| *byte == b'\n').is_some();
    if ended {
        line.pop_if(|byte| *byte == b'\r');
    }
    // From here on the bytes are wiped when they go.
    let line = Secret::new(line);
    if read == 0 {
        return Err(Error::new(ErrorKind::UnexpectedEof, "standard input has no line for it"));
    }
    if !ended && u64::try_from(read).is_ok_and(|read| read >= LINE_BYTES_MAX) {
        return Err(Error::new(ErrorKind::InvalidData, "the line on standard input is too long"));
    }
    if line.expose_text().is_none() {
        return Err(Error::new(ErrorKind::InvalidData, "the line on standard input is not UTF-8"));
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Result<String, ErrorKind> {
        line_of(input)
            .map(|line| line.expose_text().unwrap_or_default().to_owned())
            .map_err(|error| error.kind())
    }

    #[test]
    fn a_line_ends_with_its_line_end_or_with_the_input_and_nothing_else_is_cut() {
        for input in ["pass word ", "pass word \n", "pass word \r\n", "pass word \nnext\n"] {
            assert_eq!(read(input.as_bytes()), Ok("pass word ".to_owned()));
        }
        assert_eq!(read(b"\n"), Ok(String::new()));
        assert_eq!(read(b"ends in a return\r"), Ok("ends in a return\r".to_owned()));
    }

    #[test]
    fn no_line_an_endless_one_and_one_that_is_no_text_are_refused() {
        assert_eq!(read(b""), Err(ErrorKind::UnexpectedEof));
        assert_eq!(read(&vec![b'a'; 70_000]), Err(ErrorKind::InvalidData));
        assert_eq!(read(b"\xff\n"), Err(ErrorKind::InvalidData));
    }
}
