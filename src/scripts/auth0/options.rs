//! What is written out for: [`Subject`], what the configuration says of the connection, and [`Options`], what the
//! administrator asks for. What does not fit together is refused here, before anything is written.

use super::{BaseUrl, Messages};
use crate::config::Action;
use idstore_contract::IdentifierKind;
use std::collections::BTreeSet;
use std::time::Duration;

/// How much longer than the daemon's deadline a script waits for its answer: the way there and back.
const ATTEMPT_MARGIN: Duration = Duration::from_millis(1500);

/// The longest attempt: a script ends at 10 s, half of what Auth0 gives it.
const ATTEMPT_MAX: Duration = Duration::from_millis(9500);

/// The connection, as configured.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts of a store and its connection")]
pub struct Subject {
    /// Its name, which is Auth0's name for it too.
    pub connection: String,
    /// The longest that the daemon takes for one request.
    pub deadline: Duration,
    /// Who keeps the users.
    pub mode: Mode,
    /// The actions that its store offers.
    pub offers: BTreeSet<Action>,
    /// Whether users are found by `user_id`.
    pub finds_by_id: bool,
    /// Whether accounts are made without a password, as for who signs up with a passkey.
    pub invites: bool,
    /// Whether a change of password can say that the address is proven: the store stores it, and a caller may.
    pub reset_can_verify: bool,
    /// The kinds that sign in.
    pub identifiers: BTreeSet<IdentifierKind>,
    /// Whether an organization is one of the user's, and how they are named in `app_metadata.organizations`.
    pub organizations: Organizations,
    /// Whether nobody signs in without an organization.
    pub organization_required: bool,
}

/// Who keeps the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The store.
    Proxy,
    /// Auth0, once somebody has signed in. `grace`: a login may be repeated although it has marked the account.
    Import {
        /// Whether there is one.
        grace: bool,
    },
}

/// What the post-login Action compares an organization with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Organizations {
    /// Nothing: the store knows no memberships.
    Off,
    /// Its id.
    ById,
    /// Its name.
    ByName,
}

/// What the post-login Action does while the daemon does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fail {
    /// Everybody goes on.
    Open,
    /// Nobody does.
    #[default]
    Closed,
}

/// What the script `verify` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VerifyReturns {
    /// The user, whose address is proven.
    #[default]
    Profile,
    /// `true` alone.
    True,
}

/// What the administrator asks for.
#[derive(Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, and none depends on another"
)]
pub struct Options {
    /// Where Auth0 reaches the daemon.
    pub url: BaseUrl,
    /// The texts.
    pub messages: Messages,
    /// The identifiers that the sign-in page takes.
    pub sign_in: BTreeSet<IdentifierKind>,
    /// Auth0 passes a context to the scripts.
    pub context: bool,
    /// Passkeys are on.
    pub passkeys: bool,
    /// The script `delete` leaves the store alone.
    pub delete_auth0_only: bool,
    /// Whoever resets the password by mail has proven the address.
    pub reset_verifies_email: bool,
    /// What `verify` answers; `None`: the default.
    pub verify_returns: Option<VerifyReturns>,
    /// What `app_metadata` is called in a profile.
    pub metadata_key: String,
    /// Nobody signs up by themselves.
    pub invite_only: bool,
    /// Also the scripts whose arguments are not documented.
    pub unconfirmed: bool,
    /// The scripts that end a migration.
    pub finish: bool,
    /// What the Action does in an outage; `None`: the default.
    pub fail: Option<Fail>,
}

impl Options {
    /// Nothing but the defaults, for this address and these texts.
    pub fn new(url: BaseUrl, messages: Messages) -> Self {
        Self {
            url,
            messages,
            sign_in: [IdentifierKind::Email].into(),
            context: false,
            passkeys: false,
            delete_auth0_only: false,
            reset_verifies_email: false,
            verify_returns: None,
            metadata_key: "app_metadata".to_owned(),
            invite_only: false,
            unconfirmed: false,
            finish: false,
            fail: None,
        }
    }

    /// Every reason why these options can't be had for this connection, a sentence each.
    pub(super) fn refusals(&self, subject: &Subject) -> Vec<String> {
        let offers = |action| subject.offers.contains(&action);
        let proxy = subject.mode == Mode::Proxy;
        let of_proxy = |flag| format!("{flag} is for connections of mode \"proxy\"");
        let rules = [
            (!offers(Action::Login), "the connection's store offers no login, and Auth0 needs one".to_owned()),
            (
                subject.attempt() > ATTEMPT_MAX,
                "the connection's deadline_ms is over 8000: Auth0 would give a script up before the daemon answers"
                    .to_owned(),
            ),
            (
                !self.sign_in.is_subset(&subject.identifiers) || self.sign_in.is_empty(),
                "--sign-in names an identifier that the connection's `identifiers` does not have".to_owned(),
            ),
            (self.passkeys && !proxy, of_proxy("--passkeys")),
            (self.passkeys && !self.context, "--passkeys needs --context: it says when a user_id is asked for".to_owned()),
            (
                self.passkeys && !(subject.finds_by_id && offers(Action::Create)),
                "--passkeys needs a store with `create` and a lookup by user_id".to_owned(),
            ),
            (
                self.passkeys && !subject.invites,
                "--passkeys needs accounts that are made without a password, and this build makes none".to_owned(),
            ),
            (self.delete_auth0_only && !proxy, of_proxy("--delete auth0-only")),
            (
                self.reset_verifies_email && !(offers(Action::ChangePassword) && subject.reset_can_verify),
                "--reset-verifies-email needs a store whose change_password or verify stores it, and a caller of this \
                 connection with `may_verify = true`"
                    .to_owned(),
            ),
            (
                self.verify_returns.is_some() && !self.writes(subject, Action::Verify),
                "--verify-returns is for connections that offer verify".to_owned(),
            ),
            (
                self.unconfirmed && !UNCONFIRMED.iter().any(|action| self.writes(subject, *action)),
                "--unconfirmed is for connections that offer change_username or change_phone_number".to_owned(),
            ),
            (self.finish && proxy, "--finish ends a migration: it is for connections of mode \"import\"".to_owned()),
            (
                self.fail.is_some() && !subject.has_post_login(),
                "--fail is for connections of mode \"proxy\" whose store finds users by user_id: others have no \
                 post-login Action"
                    .to_owned(),
            ),
        ];
        rules.into_iter().filter_map(|(broken, why)| broken.then_some(why)).collect()
    }

    /// What the administrator should know of these options, a sentence each.
    pub fn remarks(&self, subject: &Subject) -> Vec<String> {
        let offered = |action: &&Action| subject.offers.contains(action);
        let left_out: Vec<_> = UNCONFIRMED.iter().filter(offered).map(|action| action.as_str()).collect();
        let rules = [
            (self.context, "a connection that passes a context to its scripts can't go back".to_owned()),
            (
                !self.unconfirmed && !left_out.is_empty() && subject.mode == Mode::Proxy,
                format!("no script for {}: their arguments are not documented; --unconfirmed writes them", left_out.join(" and ")),
            ),
            (
                subject.organizations != Organizations::Off && !self.context,
                "the connection asks for organizations, and Auth0 names one to the scripts only with --context".to_owned(),
            ),
            (
                subject.organizations != Organizations::Off && subject.offers.contains(&Action::Create),
                "a sign-up makes nobody a member, and one for an organization is refused; invite people instead".to_owned(),
            ),
            (
                subject.offers.contains(&Action::ChangeEmail) && subject.mode == Mode::Proxy,
                "the dashboard deletes the script change_email when it saves another one: deploy again after that".to_owned(),
            ),
        ];
        rules.into_iter().filter_map(|(holds, what)| holds.then_some(what)).collect()
    }

    /// Whether there is a script for an action.
    pub(super) fn writes(&self, subject: &Subject, action: Action) -> bool {
        let auth0_only = action == Action::Delete && self.delete_auth0_only;
        let wanted = match (subject.mode, self.finish) {
            (Mode::Proxy, _) => self.unconfirmed || !UNCONFIRMED.contains(&action),
            (Mode::Import { .. }, true) => [Action::Login, Action::GetUser].contains(&action),
            (Mode::Import { .. }, false) => {
                [Action::Login, Action::GetUser, Action::ChangePassword].contains(&action)
            }
        };
        wanted && (subject.offers.contains(&action) || auth0_only)
    }
}

impl Subject {
    /// Whether there is a post-login Action.
    pub(super) fn has_post_login(&self) -> bool {
        self.mode == Mode::Proxy && self.finds_by_id
    }

    /// The longest that a script waits for one answer.
    pub(super) fn attempt(&self) -> Duration {
        self.deadline.saturating_add(ATTEMPT_MARGIN)
    }
}

/// Auth0 runs scripts for these, and says nowhere what it passes to them.
pub(super) const UNCONFIRMED: [Action; 2] = [Action::ChangeUsername, Action::ChangePhoneNumber];
