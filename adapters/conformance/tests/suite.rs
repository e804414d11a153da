//! The suite itself under test: an honest store passes every case, and each lie is caught by the case that is about it.
//! A case that no lie can fail proves nothing.

#[path = "../../memory/tests/fixture/mod.rs"]
mod fixture;
mod liar;

use fixture::{InMemory, USUAL};
use idstore_conformance::{Fixture, Later, Opened, Scope, Setup, case_names, try_case};
use idstore_contract::{Ability, IdentifierKind};
use idstore_memory::PasswordChecker;
use liar::{Lie, Lying};
use std::sync::{Mutex, PoisonError};
use std::thread::ScopedJoinHandle;

const BY_STORE: InMemory = InMemory { password_check: PasswordChecker::ByStore, ..USUAL };
const EMAIL_ONLY: InMemory = InMemory { identifiers: &[IdentifierKind::Email], ..USUAL };

/// How many cases run at once: more would make the machine busy, and their time limits meaningless.
const AT_ONCE: usize = 8;

/// Each lie, the store that tells it, and the case that must not believe it.
const LIES: &[(Lie, InMemory, &str)] = &[
    (Lie::NobodyIsAnError, USUAL, "find/an_unknown_user_is_an_empty_list"),
    (Lie::FirstCandidateOnly, USUAL, "find/two_accounts_are_two_candidates"),
    (Lie::NineAreEight, USUAL, "find/eight_candidates_are_told_and_nine_are_ambiguous"),
    (Lie::UnsupportedIsNobody, EMAIL_ONLY, "find/a_lookup_that_the_store_can_not_answer_is_unsupported"),
    (Lie::BarredAreHidden, USUAL, "find/a_barred_account_is_found_and_its_standing_told"),
    (Lie::LongNamesAreCut, USUAL, "find/long_names_are_found"),
    (Lie::EscapedTwice, USUAL, "hostile/an_account_named_like_syntax_is_found_alone"),
    (Lie::Wildcards, USUAL, "hostile/syntax_finds_nobody"),
    (Lie::IdsArePadded, USUAL, "find/the_user_id_is_the_same_text_from_every_way/integer"),
    (Lie::ParameterIgnored, USUAL, "isolation/nobody_of_another_organization_is_found"),
    (Lie::AnyPasswordMatches, BY_STORE, "check/a_wrong_password_is_a_verdict"),
    (Lie::AnyPasswordMatches, BY_STORE, "check/syntax_is_no_password"),
    (Lie::AnyPasswordMatches, BY_STORE, "check/an_account_without_a_password_never_matches"),
    (Lie::AnyPasswordMatches, BY_STORE, "check/nobody_is_a_mismatch_or_not_found"),
    (Lie::BarredAreWelcome, BY_STORE, "check/a_barred_account_is_never_a_plain_match"),
    (Lie::ExistingIsSuccess, USUAL, "create/the_same_again_exists_already/constraint"),
    (Lie::FieldIsGuessed, USUAL, "create/the_field_that_exists_is_named/constraint"),
    (Lie::AsksBeforeItWrites, USUAL, "create/eight_at_once_have_one_winner/constraint"),
    (Lie::SecondVerifyFails, USUAL, "verify/the_address_is_proven_again_and_again"),
    (Lie::PasswordIsNotStored, USUAL, "change_password/the_new_one_is_what_is_read"),
    (Lie::PasswordIsNotStored, BY_STORE, "change_password/the_new_one_is_what_is_read"),
    (Lie::PasswordIsNotStored, USUAL, "change_password/an_expired_account_is_not_expired_any_more"),
    (Lie::PasswordIsNotStored, USUAL, "change_password/one_who_is_gone_is_not_found"),
    (Lie::RehashIgnoresTheOld, USUAL, "rehash/another_hash_is_left_alone"),
    (Lie::NeighbourIsOvertaken, USUAL, "change_identifier/onto_a_neighbour_both_stay_as_they_are/constraint"),
    (Lie::NeighbourIsOvertaken, USUAL, "change_identifier/eight_at_once_onto_one_have_one_winner/constraint"),
    (Lie::SecondDeleteSucceeds, USUAL, "delete/the_effect_shows_and_twice_is_told"),
    (Lie::PagesSkipTheFirst, USUAL, "list/pages_hold_every_account_once"),
    (Lie::MarkSticks, USUAL, "mark_migrated/the_mark_shows_and_can_be_taken_off"),
    (
        Lie::UndeclaredWorks,
        USUAL,
        "abilities/what_is_not_declared_is_unsupported_and_changes_nothing/reading",
    ),
    (Lie::ErrorsTellValues, USUAL, "secrecy/nothing_of_an_account_is_told"),
    (Lie::LogsTellValues, USUAL, "secrecy/nothing_of_an_account_is_told"),
    (Lie::NobodyInAnOutage, USUAL, "outage/every_method_tells_it_and_the_store_recovers/refused"),
    (Lie::NobodyInAnOutage, USUAL, "outage/every_method_tells_it_and_the_store_recovers/statement_broken"),
    (Lie::NobodyInAnOutage, USUAL, "time/a_stalled_lookup_ends_with_its_deadline"),
    (Lie::NobodyInAnOutage, USUAL, "time/dropped_lookups_leave_the_store_usable"),
    (Lie::MismatchInAnOutage, BY_STORE, "outage/every_method_tells_it_and_the_store_recovers/reset"),
    (Lie::NotFoundInAnOutage, USUAL, "outage/every_method_tells_it_and_the_store_recovers/half_closed"),
    (Lie::SuccessInAnOutage, USUAL, "outage/every_method_tells_it_and_the_store_recovers/login_refused"),
    (Lie::ProbeIsBlind, USUAL, "outage/every_method_tells_it_and_the_store_recovers/statement_broken"),
    (Lie::StaysDown, USUAL, "outage/every_method_tells_it_and_the_store_recovers/refused"),
    (Lie::PermitsAreLost, USUAL, "outage/after_twice_pool_max_failures_every_permit_is_back/refused"),
    (Lie::LateAnswersAreTaken, USUAL, "time/an_overdue_answer_is_told_to_nobody_else"),
    (Lie::WritesWhenGivenUp, USUAL, "time/a_call_whose_time_is_up_changes_nothing"),
];

#[test]
fn each_lie_is_caught_by_the_case_that_is_about_it() {
    let believed = at_once(LIES.to_vec(), |(lie, memory, case)| {
        let found = try_case(&Lying { lie, memory }, case);
        let missing = found.as_ref().is_err_and(|why| why.starts_with("no case is called"));
        (found.is_ok() || missing).then(|| format!("{lie:?} by {case}: {found:?}"))
    });
    assert!(believed.is_empty(), "lies that were believed:\n{}", believed.join("\n"));
}

#[test]
fn an_honest_store_passes_every_case() {
    for memory in [USUAL, BY_STORE] {
        let honest = Lying { lie: Lie::None, memory };
        let failed = at_once(case_names(&honest), |case| {
            try_case(&honest, &case).err().map(|why| format!("{case}: {why}"))
        });
        assert!(failed.is_empty(), "cases that an honest store fails:\n{}", failed.join("\n"));
    }
}

#[test]
fn no_two_cases_have_the_same_name() {
    let names = case_names(&Lying { lie: Lie::None, memory: USUAL });
    let different: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(different.len(), names.len());
    assert!(names.len() > 60, "{}", names.len());
}

#[test]
fn a_fixture_that_can_not_open_fails_with_its_reason() {
    let found = try_case(&Closed, "find/an_unknown_user_is_an_empty_list").unwrap_err();
    assert!(found.contains("no server is running"), "{found}");
}

#[test]
fn a_store_that_offers_more_or_less_than_its_fixture_says_fails() {
    struct Boastful;
    impl Fixture for Boastful {
        fn name(&self) -> &'static str {
            "boastful"
        }
        fn scope(&self) -> Scope {
            let mut scope = USUAL.scope();
            scope.abilities.remove(&Ability::Delete);
            scope
        }
        fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
            USUAL.open(setup)
        }
    }
    assert!(try_case(&Boastful, "abilities/the_description_fits_the_fixture").is_err());
}

struct Closed;

impl Fixture for Closed {
    fn name(&self) -> &'static str {
        "closed"
    }

    fn scope(&self) -> Scope {
        USUAL.scope()
    }

    fn open<'a>(&'a self, _: &'a Setup) -> Later<'a, Result<Opened, String>> {
        Box::pin(async { Err("no server is running".into()) })
    }
}

/// Runs a few at a time, and answers what they had to say.
fn at_once<T: Send>(what: Vec<T>, run: impl Fn(T) -> Option<String> + Sync) -> Vec<String> {
    let waiting = Mutex::new(what.into_iter());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || std::iter::from_fn(next).filter_map(&run).collect::<Vec<String>>();
    std::thread::scope(|scope| {
        let working: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let said = working.into_iter().map(ScopedJoinHandle::join);
        said.flat_map(|said| said.unwrap_or_else(|_| vec!["a case panicked".into()])).collect()
    })
}
