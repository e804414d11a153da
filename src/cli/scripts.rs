//! `scripts`: the platform's side of a connection, written into a folder, or its requests as a trial.

use super::{ConfigFile, Exit, open, print};
use crate::config::{self, Action, Config, Loaded, Name, Sources};
use crate::connections;
use crate::scripts::auth0::{
    self, Answers, BaseUrl, Fail, Messages, Mode, Options, Organizations, Subject, Trial, VerifyReturns,
};
use idstore_contract::{Ability, Descriptor, IdentifierKind, PasswordCheck, SecretRef};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Write the platform's side of a connection, or try it out
#[derive(Debug, clap::Args)]
pub(super) struct Scripts {
    #[command(subcommand)]
    platform: Platform,
}

#[derive(Debug, clap::Subcommand)]
enum Platform {
    /// Auth0: the scripts of a custom database connection, ready for auth0-deploy-cli
    Auth0(Box<Auth0>),
}

/// Auth0: the scripts of a custom database connection, ready for auth0-deploy-cli
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct Auth0 {
    #[command(flatten)]
    file: ConfigFile,
    /// The connection; Auth0's has the same name
    #[arg(long, short, value_name = "NAME", value_parser = name)]
    connection: Name,
    /// Where Auth0 reaches the daemon, an https URL
    #[arg(long, value_parser = BaseUrl::parse, required_unless_present = "test", requires = "out")]
    url: Option<BaseUrl>,
    /// The folder to write into
    #[arg(long, value_name = "DIR", required_unless_present = "test", requires = "url")]
    out: Option<PathBuf>,
    /// Write nothing: send the scripts' requests to the daemon at this address, and print what Auth0 would have seen
    #[arg(long, value_name = "URL", value_parser = BaseUrl::parse, requires = "token_file", conflicts_with_all = ["url", "out"])]
    test: Option<BaseUrl>,
    /// The file with the caller's token, for --test; of several lines the first
    #[arg(long, value_name = "FILE", requires = "test")]
    token_file: Option<PathBuf>,
    /// A TOML file with texts that replace the English ones
    #[arg(long, value_name = "FILE")]
    messages: Option<PathBuf>,
    #[command(flatten)]
    wishes: Wishes,
}

#[derive(Debug, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "What the scripts do")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct Wishes {
    /// The identifiers that the sign-in page takes; with more than email, flexible identifiers are switched on
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_parser = kind, default_value = "email")]
    sign_in: Vec<IdentifierKind>,
    /// Let Auth0 pass a context (organizations, passkeys); a connection can't go back
    #[arg(long)]
    context: bool,
    /// For connections with passkeys; needs --context
    #[arg(long)]
    passkeys: bool,
    /// What deleting a user in Auth0 does: to the store as well, or not
    #[arg(long, value_enum, default_value_t = DeleteIn::Store)]
    delete: DeleteIn,
    /// Whoever resets the password by mail has proven the address
    #[arg(long)]
    reset_verifies_email: bool,
    /// What the script verify answers: the profile, or true alone
    #[arg(long, value_enum)]
    verify_returns: Option<Returns>,
    #[arg(help = "What app_metadata is called in a profile")]
    #[arg(long, value_enum, default_value_t = MetadataKey::AppMetadata)]
    metadata_key: MetadataKey,
    /// Nobody signs up by themselves
    #[arg(long)]
    invite_only: bool,
    #[arg(
        help = "Also the scripts for change_username and change_phone_number, whose arguments Auth0 does not document"
    )]
    #[arg(long)]
    unconfirmed: bool,
    /// The scripts that end a migration: Auth0 asks the store no more
    #[arg(long, conflicts_with_all = ["passkeys", "reset_verifies_email", "verify_returns", "unconfirmed", "fail"])]
    finish: bool,
    /// Whether the post-login Action lets people in while the daemon does not answer [default: closed]
    #[arg(long, value_enum)]
    fail: Option<FailWhen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum DeleteIn {
    Store,
    Auth0Only,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Returns {
    Profile,
    True,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum MetadataKey {
    AppMetadata,
    Metadata,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailWhen {
    Open,
    Closed,
}

/// What holds when no flag is given; clap's own defaults are the same, or --test would refuse itself.
impl Default for Wishes {
    fn default() -> Self {
        Self {
            sign_in: vec![IdentifierKind::Email],
            context: false,
            passkeys: false,
            delete: DeleteIn::Store,
            reset_verifies_email: false,
            verify_returns: None,
            metadata_key: MetadataKey::AppMetadata,
            invite_only: false,
            unconfirmed: false,
            finish: false,
            fail: None,
        }
    }
}

fn name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(str::to_owned)
}

fn kind(text: &str) -> Result<IdentifierKind, String> {
    let found = IdentifierKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| "one of email, username, phone_number".to_owned())
}

impl Scripts {
    pub(super) fn run(self) -> Exit {
        let Platform::Auth0(command) = self.platform;
        let exit = command.run();
        exit.unwrap_or_else(|(exit, why)| {
            print::error(&why);
            exit
        })
    }
}

/// Whether `create` takes an account without a password. A test holds it against the wire.
const INVITES: bool = true;

/// How a command ends early: the exit code and the sentence.
type Ended = (Exit, String);

impl Auth0 {
    fn run(&self) -> Result<Exit, Ended> {
        let messages = self.messages()?;
        let loaded = match self.file.load() {
            Ok(loaded) => loaded,
            Err(exit) => return Ok(exit),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| (Exit::Unavailable, error.to_string()))?;
        runtime.block_on(async {
            let (subject, prefix) = subject(loaded, &self.connection)?;
            match (&self.test, &self.url, &self.out) {
                (Some(_), ..) if self.wishes != Wishes::default() => Err((
                    Exit::Usage,
                    "with --test nothing is written: leave out what the scripts do".to_owned(),
                )),
                (Some(url), ..) => self.test(url, &subject, prefix.as_deref(), &messages).await,
                (None, Some(url), Some(out)) => self.write(url, out, &subject, messages),
                (None, ..) => Err((Exit::Usage, "--url and --out are needed, or --test".to_owned())),
            }
        })
    }

    fn messages(&self) -> Result<Messages, Ended> {
        let bug = |why| (Exit::Bug, why);
        let english = Messages::english().map_err(bug)?;
        let Some(path) = &self.messages else { return Ok(english) };
        let told = |why: String| (Exit::Usage, format!("{}: {why}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| told(error.to_string()))?;
        english.replaced_by(&text).map_err(told)
    }

    fn write(&self, url: &BaseUrl, out: &Path, subject: &Subject, messages: Messages) -> Result<Exit, Ended> {
        let options = self.wishes.options(url.clone(), messages);
        let files = auth0::files(subject, &options).map_err(|refusals| (Exit::Usage, refusals.join("\n")))?;
        for file in &files {
            let path = out.join(&file.path);
            let failed = |error: std::io::Error| (Exit::Unavailable, format!("{}: {error}", path.display()));
            path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
            fs::write(&path, &file.text).map_err(failed)?;
            print::line(&path.display().to_string());
        }
        for remark in options.remarks(subject) {
            print::error(&format!("note: {remark}"));
        }
        let action = files.iter().any(|file| file.path.starts_with("actions"));
        print::error(&next_steps(out, action));
        Ok(Exit::Ok)
    }

    async fn test(
        &self,
        url: &BaseUrl,
        subject: &Subject,
        prefix: Option<&str>,
        messages: &Messages,
    ) -> Result<Exit, Ended> {
        let file = self.token_file.clone().unwrap_or_default();
        let resolved = SecretRef::File(file)
            .resolve()
            .map_err(|error| (Exit::Usage, format!("--token-file: {error}")))?;
        let token = resolved.secret.expose_text().and_then(|text| text.lines().find(|line| !line.is_empty()));
        let token = token.ok_or((Exit::Usage, "--token-file: there is no token in it".to_owned()))?.into();
        let answers = Answers::read().map_err(|why| (Exit::Bug, why))?;
        let word = super::random_word().map_err(|error| (Exit::Unavailable, error.to_string()))?;
        let trial = Trial { url, token: &token, subject, prefix, word: &word, answers: &answers, messages };
        let tried = trial.run().await;
        for one in &tried {
            let verdict = if one.as_expected { "ok" } else { "NOT AS EXPECTED" };
            let took = one.took.as_millis();
            print::line(&format!("{}, {}: {} ({took} ms): {verdict}", one.action, one.about, one.seen));
            if let Some(why) = &one.why {
                print::line(&format!("    {why}"));
            }
        }
        Ok(if tried.iter().all(|one| one.as_expected) { Exit::Ok } else { Exit::No })
    }
}

impl Wishes {
    fn options(&self, url: BaseUrl, messages: Messages) -> Options {
        Options {
            sign_in: self.sign_in.iter().copied().collect(),
            context: self.context,
            passkeys: self.passkeys,
            delete_auth0_only: self.delete == DeleteIn::Auth0Only,
            reset_verifies_email: self.reset_verifies_email,
            verify_returns: self.verify_returns.map(|returns| match returns {
                Returns::Profile => VerifyReturns::Profile,
                Returns::True => VerifyReturns::True,
            }),
            metadata_key: match self.metadata_key {
                MetadataKey::AppMetadata => "app_metadata".to_owned(),
                MetadataKey::Metadata => "metadata".to_owned(),
            },
            invite_only: self.invite_only,
            unconfirmed: self.unconfirmed,
            finish: self.finish,
            fail: self.fail.map(|fail| match fail {
                FailWhen::Open => Fail::Open,
                FailWhen::Closed => Fail::Closed,
            }),
            ..Options::new(url, messages)
        }
    }
}

/// What the configuration says of the connection, and the prefix of its user ids. Nothing is connected.
fn subject(loaded: Loaded, name: &Name) -> Result<(Subject, Option<String>), Ended> {
    let Loaded { config, sources, .. } = loaded;
    let Some(connection) = config.connections.get(name) else {
        let known: Vec<_> = config.connections.keys().map(Name::as_str).collect();
        return Err((Exit::Usage, format!("there is no connection {name}; there are {}", known.join(", "))));
    };
    let (connection, may_verify) = (connection.clone(), may_verify(&config, name));
    let deadline = connection.deadline_ms.unwrap_or(config.server.deadline_ms).get();
    let descriptor = describe(config, &connection, &sources)?;
    let signs_in = |kind: &IdentifierKind| connection.identifiers.rule(*kind).is_some();
    let subject = Subject {
        connection: name.to_string(),
        deadline: Duration::from_millis(deadline),
        mode: match connection.mode {
            config::Mode::Proxy => Mode::Proxy,
            config::Mode::Import => {
                Mode::Import { grace: connection.import.unwrap_or_default().grace_secs.get() > 0 }
            }
        },
        offers: Action::OF_PLATFORMS.into_iter().filter(|action| offers(&descriptor, *action)).collect(),
        finds_by_id: descriptor.finds_by_id,
        invites: INVITES,
        reset_can_verify: may_verify && descriptor.offers(Ability::ChangePasswordVerifies),
        identifiers: IdentifierKind::ALL.into_iter().filter(signs_in).collect::<BTreeSet<_>>(),
        organizations: match (connection.organization.rule, connection.organization.by) {
            (config::OrganizationRule::Off, _) => Organizations::Off,
            (_, config::OrganizationMatch::Id) => Organizations::ById,
            (_, config::OrganizationMatch::Name) => Organizations::ByName,
        },
    };
    Ok((subject, connection.user_id_prefix.map(|prefix| prefix.to_string())))
}

fn may_verify(config: &Config, name: &Name) -> bool {
    config.callers.values().any(|caller| {
        caller.may_verify && caller.connections.as_ref().is_none_or(|names| names.contains(name))
    })
}

/// What the connection's store offers. It is opened alone: another one's missing secret is no matter here.
fn describe(
    mut config: Config,
    connection: &config::Connection,
    sources: &Sources,
) -> Result<Descriptor, Ended> {
    let store = connection.store.clone();
    config.stores.retain(|name, _| *name == store);
    let none = BTreeMap::new();
    let opened = connections::open(
        config.stores,
        &none,
        &BTreeMap::new(),
        config.server.deadline_ms,
        &config.hashing.limits,
        &Arc::default(),
    )
    .map_err(|faults| {
        let shown: Vec<_> = faults.iter().map(|fault| open::shown(fault, sources)).collect();
        (Exit::Config, shown.join("\n"))
    })?;
    let store = opened.stores.get(store.as_str()).map(|(guarded, _)| guarded.descriptor().clone());
    store.ok_or((Exit::Bug, "the connection's store was not opened".to_owned()))
}

fn offers(store: &Descriptor, action: Action) -> bool {
    match action {
        Action::Login => store.password_check != PasswordCheck::None,
        Action::GetUser => true,
        Action::Create => store.offers(Ability::Create),
        Action::Verify => store.offers(Ability::Verify),
        Action::ChangePassword => store.offers(Ability::ChangePassword),
        Action::ChangeEmail => store.offers(Ability::ChangeEmail),
        Action::ChangeUsername => store.offers(Ability::ChangeUsername),
        Action::ChangePhoneNumber => store.offers(Ability::ChangePhoneNumber),
        Action::Delete => store.offers(Ability::Delete),
        Action::JoinOrganization => store.offers(Ability::JoinOrganization),
        Action::LeaveOrganization => store.offers(Ability::LeaveOrganization),
    }
}

/// What is left to do, for somebody who sees these files for the first time.
fn next_steps(out: &Path, action: bool) -> String {
    let out = out.display();
    let (included, bind) = if action {
        (
            "databases\",\"actions",
            "\nThen put the Action into the post-login flow: a deployment leaves the flow as it is.",
        )
    } else {
        ("databases", "")
    };
    format!(
        "Deploy it with auth0-deploy-cli, the caller's token in IDSTORE_TOKEN, in a configuration with\n  \
         \"AUTH0_KEYWORD_REPLACE_MAPPINGS\": {{ \"IDSTORE_TOKEN\": \"…\" }}, \"AUTH0_INCLUDED_ONLY\": [\"{included}\"], \
         \"AUTH0_ALLOW_DELETE\": false:\n  a0deploy import -c config.json -i {out}{bind}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platforms::native;

    #[test]
    fn passkeys_are_offered_once_an_account_can_be_made_without_a_password() {
        let invited = native::decode(Action::Create, br#"{"email": "a@b", "invite": true}"#);
        assert_eq!(invited.is_ok(), INVITES);
    }
}
