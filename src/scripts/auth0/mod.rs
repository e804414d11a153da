//! Auth0's side of a connection: a script for each action, the documents that auth0-deploy-cli reads, and a post-login
//! Action.
//!
//! The scripts are the files of `js/`, which a person reads and a linter checks. `source` puts each together: what
//! several share stands where a script says `@include`, and what differs between connections where one says
//! `@settings`, so that every script is one function with all else inside it, as Auth0 wants it. What a script does with a
//! refusal is the table `answers.toml`, what users read is `messages.toml`. `document` writes the rest, `trial` sends
//! the same requests from the shell.

mod answers;
mod document;
mod exchange;
mod messages;
mod options;
mod source;
mod trial;
mod url;
mod yaml;

pub use answers::{Answers, Verdict};
pub use messages::Messages;
pub use options::{Fail, Mode, Options, Organizations, Subject, VerifyReturns};
pub use trial::{Trial, Tried};
pub use url::BaseUrl;

use std::path::PathBuf;

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Below the output folder.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

/// Everything that is to be deployed for a connection, or every reason why the options don't fit it.
pub fn files(subject: &Subject, options: &Options) -> Result<Vec<File>, Vec<String>> {
    let refusals = options.refusals(subject);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let answers = Answers::read().map_err(|why| vec![why])?;
    let scripts = source::scripts(subject, options, &answers);
    let action = subject.has_post_login().then(|| source::post_login(subject, options, &answers));
    Ok(document::files(subject, options, &scripts, action))
}
