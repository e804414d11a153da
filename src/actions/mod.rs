//! What a platform asks, one file an action: the policy of it. No HTTP, no wire format, no SQL.
//!
//! An action takes a typed request and answers an [`Answer`] or a [`Refusal`]. Both are values: a refusal is what the
//! caller is told, and only [`Refusal::Store`], [`Refusal::Busy`] and [`Refusal::Internal`] are failures.

mod ask;
mod change_email;
mod change_password;
mod change_phone_number;
mod change_username;
mod create;
mod delete;
mod get_user;
mod identifier;
mod join_organization;
mod leave_organization;
mod login;
mod membership;
mod organizations;
mod refusal;
mod rehash;
mod verify;

pub use crate::connections::NamedOrganization;
pub use ask::{Ask, Context, Rights};
pub use change_email::ChangeEmail;
pub use change_password::ChangePassword;
pub use change_phone_number::ChangePhoneNumber;
pub use change_username::ChangeUsername;
pub use create::Create;
pub use delete::Delete;
pub use get_user::{GetUser, Wanted};
pub use join_organization::JoinOrganization;
pub use leave_organization::LeaveOrganization;
pub use login::Login;
pub use refusal::Refusal;
pub use verify::Verify;

use crate::connections::Mode;
use idstore_contract::{Account, Memberships, Profile, Standing, Timestamp};

/// A password has 1 to 1,024 bytes: more than any person types or any manager makes, and little enough to hash.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// What a platform asks of a connection.
#[derive(Debug)]
pub enum Request {
    /// Is the password right, and who is it?
    Login(Login),
    /// Who is it?
    GetUser(GetUser),
    /// Make an account.
    Create(Box<Create>),
    /// The address is proven.
    Verify(Verify),
    /// Another password.
    ChangePassword(ChangePassword),
    /// Another e-mail address.
    ChangeEmail(ChangeEmail),
    /// Another user name.
    ChangeUsername(ChangeUsername),
    /// Another phone number.
    ChangePhoneNumber(ChangePhoneNumber),
    /// The account goes.
    Delete(Delete),
    /// The account joins an organization.
    JoinOrganization(JoinOrganization),
    /// The account leaves an organization.
    LeaveOrganization(LeaveOrganization),
}

/// What the platform is told.
#[derive(Debug)]
pub enum Answer {
    /// The user, after `login`, `get_user` or a change.
    User(User),
    /// The user that was made.
    Created(User),
    /// The user, whose address is proven.
    Verified(User),
    /// The user, and when the password was changed.
    PasswordChanged(User, Timestamp),
    /// Whether there was somebody to delete.
    Deleted(bool),
}

/// A user as the platform sees it.
#[derive(Debug)]
pub struct User {
    /// The key, with the connection's prefix.
    pub user_id: String,
    /// What may be told.
    pub profile: Profile,
    /// Whether the account may sign in.
    pub standing: Standing,
}

/// Runs the action that was asked for.
pub async fn run(ask: &Ask<'_>, request: Request) -> Result<Answer, Refusal> {
    if ask.connection.mode != Mode::Proxy && !request.is_of_imports() {
        return Err(Refusal::NotSupported);
    }
    match request {
        Request::Login(request) => login::run(ask, request).await,
        Request::GetUser(request) => get_user::run(ask, request).await,
        Request::Create(request) => create::run(ask, *request).await,
        Request::Verify(request) => verify::run(ask, request).await,
        Request::ChangePassword(request) => change_password::run(ask, request).await,
        Request::ChangeEmail(request) => change_email::run(ask, request).await,
        Request::ChangeUsername(request) => change_username::run(ask, request).await,
        Request::ChangePhoneNumber(request) => change_phone_number::run(ask, request).await,
        Request::Delete(request) => delete::run(ask, request).await,
        Request::JoinOrganization(request) => join_organization::run(ask, request).await,
        Request::LeaveOrganization(request) => leave_organization::run(ask, request).await,
    }
}

impl Request {
    /// Whether a connection in import mode answers it: what else there is to do, the platform does with its own users.
    fn is_of_imports(&self) -> bool {
        matches!(self, Self::Login(_) | Self::GetUser(_) | Self::ChangePassword(_))
    }
}

impl User {
    /// As the row tells; what the account belongs to is not asked.
    fn of(ask: &Ask<'_>, account: Account) -> Self {
        let (user_id, standing) = (ask.connection.public_id(&account.user_id), account.standings.worst());
        let mut profile = account.profile;
        ask.connection.fit(&mut profile);
        Self { user_id, profile, standing }
    }

    /// With roles and organizations.
    fn with(ask: &Ask<'_>, mut account: Account, memberships: Memberships) -> Self {
        ask.tell(memberships, &mut account.profile);
        Self::of(ask, account)
    }
}
