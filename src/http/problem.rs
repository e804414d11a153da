//! Every refusal, once: which status, which code, which words (RFC 9457), and how loud in the log.
//!
//! Nothing of a driver, a statement, a host or a stored value gets into a problem document.

use super::code::Code;
use crate::actions::Refusal;
use crate::platforms::Malformed;
use crate::stores::Failure;
use idstore_contract::{ErrorKind, IdentifierKind, PasswordReason, Standing};
use serde_json::{Map, Value, json};

/// A problem: its code, what goes into the document, and what only the log is told.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The code.
    pub code: Code,
    /// Further members of the document.
    members: Map<String, Value>,
    /// For the operator.
    pub log: Option<String>,
}

impl Problem {
    /// A problem that its code says all about.
    pub fn new(code: Code) -> Self {
        Self { code, members: Map::new(), log: None }
    }

    /// The document (RFC 9457).
    pub fn document(&self, request_id: &str) -> Value {
        let mut document = json!({
            "status": self.code.status().as_u16(),
            "title": self.code.title(),
            "code": self.code.as_str(),
            "request_id": request_id,
        });
        if let Value::Object(members) = &mut document {
            members.extend(self.members.clone());
        }
        document
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// With a sentence for the operator, which the caller never sees.
    #[must_use]
    pub fn logged(mut self, text: impl Into<String>) -> Self {
        self.log = Some(text.into());
        self
    }

    fn field(self, field: Option<IdentifierKind>) -> Self {
        match field {
            Some(kind) => self.with("field", kind.as_str()),
            None => self,
        }
    }

    /// What a refusal is told as. `may_know_accounts`: the caller is told which account a wrong password was for.
    pub fn of(refusal: Refusal, may_know_accounts: bool) -> Self {
        match refusal {
            Refusal::InvalidCredentials(account) => {
                let problem = Self::new(Code::InvalidCredentials);
                if may_know_accounts { problem.with("user_id", account) } else { problem }
            }
            Refusal::Barred { standing, user_id } => Self::new(barred(standing)).with("user_id", user_id),
            Refusal::OrganizationDenied(user_id) => {
                let problem = Self::new(Code::OrganizationDenied);
                match user_id {
                    Some(user_id) => problem.with("user_id", user_id),
                    None => problem,
                }
            }
            Refusal::UserNotFound => Self::new(Code::UserNotFound),
            Refusal::UserExists(field) => Self::new(Code::UserExists).field(field),
            Refusal::InvalidPassword(reason) => Self::new(Code::InvalidPassword)
                .with("reason", reason.as_str())
                .with("detail", detail(reason))
                .with("rules", rules(reason)),
            Refusal::InvalidUsername(detail) => {
                Self::new(Code::InvalidUsername).with("field", "username").with("detail", detail)
            }
            Refusal::Malformed(pointer, detail) => Self::from(Malformed::at(pointer, detail)),
            Refusal::CallerForbidden(why) => Self::new(Code::CallerForbidden).logged(why),
            Refusal::RejectedByStore(field, failure) => {
                Self::new(Code::RejectedByStore).field(field).logged(of_store(&failure))
            }
            Refusal::TooManyAttempts => Self::new(Code::TooManyAttempts),
            Refusal::UnusableStoredPassword(why) => Self::new(Code::UnusableStoredPassword).logged(why),
            Refusal::Ambiguous => Self::new(Code::StoreAmbiguous),
            Refusal::NotSupported => Self::new(Code::ActionNotSupported),
            Refusal::Busy => Self::new(Code::Busy).logged("no hash worker was free in time"),
            Refusal::Store(failure) => Self::new(store(&failure)).logged(of_store(&failure)),
            Refusal::Internal(why) => Self::new(Code::Internal).logged(why),
        }
    }
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        Self::new(Code::MalformedRequest).with("pointer", malformed.pointer).with("detail", malformed.detail)
    }
}

fn barred(standing: Standing) -> Code {
    match standing {
        Standing::Blocked => Code::UserBlocked,
        Standing::Locked => Code::UserLocked,
        Standing::Restricted => Code::UserRestricted,
        Standing::PasswordExpired => Code::PasswordExpired,
        // Nobody is barred for being fine; whoever says so has a bug.
        Standing::Ok => Code::Internal,
    }
}

/// What of a store's failure the operator is told.
fn of_store(failure: &Failure) -> String {
    format!("store {}, {}: {}", failure.store, failure.operation, failure.error)
}

/// What of a store's failure the caller is told.
fn store(failure: &Failure) -> Code {
    match failure.error.kind() {
        ErrorKind::Unavailable => Code::StoreUnavailable,
        ErrorKind::Timeout if failure.write_begun => Code::OutcomeUnknown,
        ErrorKind::Timeout => Code::StoreTimeout,
        ErrorKind::Busy => Code::Busy,
        ErrorKind::Misconfigured => Code::StoreMisconfigured,
        ErrorKind::Ambiguous => Code::StoreAmbiguous,
        ErrorKind::Unsupported => Code::ActionNotSupported,
        ErrorKind::NotFound
        | ErrorKind::AlreadyExists(_)
        | ErrorKind::Rejected(_)
        | ErrorKind::Unexpected => Code::Internal,
    }
}

fn detail(reason: PasswordReason) -> &'static str {
    match reason {
        PasswordReason::Strength => "The password is too easy to guess.",
        PasswordReason::Dictionary => "The password is a common one.",
        PasswordReason::PersonalData => "The password contains personal data.",
        PasswordReason::History => "The password was used before.",
        PasswordReason::TooLong => "The password is too long.",
        PasswordReason::Malformed => "The password is empty or contains a character that can't be stored.",
        PasswordReason::StorePolicy => "The password does not meet the policy of the user store.",
    }
}

/// The rules that were broken, one word each, for callers that show a list.
fn rules(reason: PasswordReason) -> Value {
    json!([reason.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use idstore_contract::{Error, Rejection};

    fn told(kind: ErrorKind, write_begun: bool) -> Problem {
        let error = Error::new(kind, "a sentence for the operator").with("column", "secret_column");
        Problem::of(Failure { store: "crm".into(), operation: "find", write_begun, error }.into(), true)
    }

    #[test]
    fn no_failure_of_a_store_reads_as_a_wrong_password_or_an_unknown_user() {
        for (kind, read, write) in [
            (ErrorKind::Unavailable, "store_unavailable", "store_unavailable"),
            (ErrorKind::Timeout, "store_timeout", "outcome_unknown"),
            (ErrorKind::Busy, "busy", "busy"),
            (ErrorKind::Misconfigured, "store_misconfigured", "store_misconfigured"),
            (ErrorKind::Ambiguous, "store_ambiguous", "store_ambiguous"),
            (ErrorKind::Unexpected, "internal", "internal"),
            (ErrorKind::Unsupported, "action_not_supported", "action_not_supported"),
        ] {
            assert_eq!(told(kind, false).code.as_str(), read);
            assert_eq!(told(kind, true).code.as_str(), write);
        }
    }

    #[test]
    fn what_the_operator_is_told_never_gets_into_the_document() {
        let problem = told(ErrorKind::Misconfigured, false);
        assert!(problem.log.as_ref().is_some_and(|log| log.contains("secret_column")));
        assert!(!problem.document("r").to_string().contains("secret_column"));
        assert!(!problem.document("r").to_string().contains("crm"));
    }

    #[test]
    fn a_refused_value_is_told_to_the_operator_with_what_refused_it() {
        let rejected = ErrorKind::Rejected(Rejection::Value(Some(IdentifierKind::Email)));
        let problem = told(rejected, true);
        assert_eq!((problem.code, &problem.document("r")["field"]), (Code::RejectedByStore, &json!("email")));
        assert!(problem.log.as_ref().is_some_and(|log| log.contains("secret_column")), "{:?}", problem.log);
        assert!(!problem.document("r").to_string().contains("secret_column"));
    }

    #[test]
    fn a_caller_that_may_not_know_accounts_sees_one_answer_for_all() {
        let unknown = Problem::of(Refusal::InvalidCredentials(None), false).document("r");
        let wrong = Problem::of(Refusal::InvalidCredentials(Some("1".into())), false).document("r");
        assert_eq!(unknown, wrong);
        let known = Problem::of(Refusal::InvalidCredentials(None), true).document("r");
        assert_eq!(known.get("user_id"), Some(&Value::Null));
    }
}
