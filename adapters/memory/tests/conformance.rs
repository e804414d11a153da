//! The memory adapter under the suite: with hashes, with salts beside them, with passwords of its own, deactivating, with few identifiers.

mod fixture;

use fixture::{InMemory, USUAL};
use idstore_contract::IdentifierKind;
use idstore_memory::{DeleteMode, PasswordChecker};

fn main() -> std::process::ExitCode {
    idstore_conformance::run(&[
        &USUAL,
        &InMemory { name: "memory-by-store", password_check: PasswordChecker::ByStore, ..USUAL },
        &InMemory { name: "memory-salted", salted: true, ..USUAL },
        &InMemory { name: "memory-deactivates", delete: DeleteMode::Deactivate, ..USUAL },
        &InMemory { name: "memory-email-only", identifiers: &[IdentifierKind::Email], ..USUAL },
    ])
}
