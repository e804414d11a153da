//! The cases, one file for each promise. A case is a sentence about behaviour and opens a store of its own.

mod abilities;
mod check;
mod create;
mod delete;
mod find;
mod hostile;
mod identifier;
mod isolation;
mod list;
mod load;
mod membership;
mod migrated;
mod outage;
mod password;
mod proofs;
mod rehash;
mod secrecy;
mod time;
mod verify;

use crate::fixture::{Later, Scope, Setup};
use crate::world::{Outcome, World};

/// One thing that must hold.
pub(crate) struct Case {
    /// The group, the sentence, and what it is tried with.
    pub(crate) name: String,
    /// What it asks of the fixture.
    pub(crate) setup: Setup,
    /// The trial.
    pub(crate) run: Run,
}

type Run = Box<dyn for<'a> Fn(&'a World) -> Later<'a, Outcome> + Send>;

impl Case {
    /// A case of that name.
    pub(crate) fn new(
        name: String,
        setup: Setup,
        run: impl for<'a> Fn(&'a World) -> Later<'a, Outcome> + Send + 'static,
    ) -> Self {
        Self { name, setup, run: Box::new(run) }
    }
}

/// All cases that apply to a scope.
pub(crate) fn all(scope: &Scope) -> Vec<Case> {
    let groups: [fn(&Scope) -> Vec<Case>; 19] = [
        find::cases,
        hostile::cases,
        check::cases,
        create::cases,
        verify::cases,
        password::cases,
        rehash::cases,
        identifier::cases,
        membership::cases,
        delete::cases,
        list::cases,
        migrated::cases,
        abilities::cases,
        isolation::cases,
        proofs::cases,
        outage::cases,
        time::cases,
        load::cases,
        secrecy::cases,
    ];
    groups.into_iter().flat_map(|cases| cases(scope)).collect()
}

/// A case out of an async function that takes a `&World`, and an argument where one stands in brackets. Its name is the
/// sentence, and what it is tried with.
macro_rules! case {
    ($group:literal, $setup:expr, $sentence:ident $(($argument:expr))? $(, $with:expr)?) => {
        $crate::cases::Case::new(
            [concat!($group, "/", stringify!($sentence)) $(, $with)?].join("/"),
            $setup,
            move |world| Box::pin($sentence(world $(, $argument)?)),
        )
    };
}
use case;

/// The usual cases of a group: on the usual setup, one for each function.
macro_rules! usual_cases {
    ($group:literal, $scope:expr, [$($sentence:ident),* $(,)?]) => {
        vec![$($crate::cases::case!($group, $crate::fixture::Setup::usual($scope), $sentence)),*]
    };
}
use usual_cases;
