//! `find`: no account is an empty list and never an error; what is found is exactly what is there.

use crate::cases::{Case, case, usual_cases};
use crate::expect;
use crate::fixture::{HOME, PARAMETER, Row, Scope, Setup};
use crate::world::{Outcome, World, called, identifier, read};
use idstore_contract::{
    Ability, Account, CANDIDATES_MAX, Depth, ErrorKind, IdentifierKind, Lookup, PasswordCheck, PasswordWrite,
    Purpose, Secret, Standings,
};

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    let mut cases = usual_cases!(
        "find",
        scope,
        [
            an_unknown_user_is_an_empty_list,
            each_lookup_finds_the_account,
            a_lookup_that_the_store_can_not_answer_is_unsupported,
            the_row_arrives_whole,
            what_the_store_does_not_have_is_left_out,
            a_barred_account_is_found_and_its_standing_told,
            spellings_of_one_letter_are_not_confused,
            letters_outside_the_first_plane_are_kept,
            long_names_are_found,
            two_accounts_are_two_candidates,
            eight_candidates_are_told_and_nine_are_ambiguous,
            probes_find_all_well,
        ]
    );
    cases.extend(scope.keys.iter().map(|key| {
        let setup = Setup { key: *key, ..Setup::usual(scope) };
        case!("find", setup, the_user_id_is_the_same_text_from_every_way, key.as_str())
    }));
    cases
}

async fn an_unknown_user_is_an_empty_list(world: &World) -> Outcome {
    for round in ["in an empty store", "beside another account"] {
        for lookup in world.lookups(7) {
            expect::accounts(
                &format!("{lookup:?} of nobody, {round}"),
                &[],
                &world.candidates(&lookup).await?,
            )?;
        }
        let nobody = Lookup::UserId("987654321".into());
        expect::accounts(&format!("a user_id of nobody, {round}"), &[], &world.candidates(&nobody).await?)?;
        if round == "in an empty store" {
            world.seed(&world.row(1)).await?;
        }
    }
    Ok(())
}

async fn each_lookup_finds_the_account(world: &World) -> Outcome {
    let one = world.seed(&world.row(1)).await?;
    let two = world.seed(&world.row(2)).await?;
    for (account, number) in [(&one, 1), (&two, 2)] {
        for lookup in world.lookups(number) {
            expect::accounts(&format!("{lookup:?}"), &[account], &world.candidates(&lookup).await?)?;
        }
        world.account(&account.user_id).await?;
    }
    Ok(())
}

async fn a_lookup_that_the_store_can_not_answer_is_unsupported(world: &World) -> Outcome {
    world.seed(&world.row(1)).await?;
    for kind in IdentifierKind::ALL.into_iter().filter(|kind| !world.has(*kind)) {
        let call = world.call();
        let lookup = Lookup::Named(kind, identifier(kind, 1));
        let found = read(&call, world.store.find(&call, &lookup, Purpose::Profile)).await;
        expect::kind(&format!("a lookup by {kind}"), found, ErrorKind::Unsupported)?;
    }
    Ok(())
}

async fn the_row_arrives_whole(world: &World) -> Outcome {
    let row = Row { email_verified: true, ..world.row(1) };
    let account = world.seed(&row).await?;
    for kind in IdentifierKind::ALL {
        let expected = world.has(kind).then(|| identifier(kind, 1));
        expect::same(kind.as_str(), &expected.as_deref(), &account.profile.identifier(kind))?;
    }
    expect::same("given_name", &row.given_name, &account.profile.given_name)?;
    expect::same("family_name", &row.family_name, &account.profile.family_name)?;
    expect::that(account.profile.email_verified != Some(false), "a proven address is told as not proven")?;
    expect::same("standings", &Standings::default(), &account.standings)?;
    if world.scope.isolates {
        let shown = account.parameters.get(PARAMETER).cloned().flatten();
        expect::same("the organization that the row shows", &Some(HOME.to_owned()), &shown)?;
    }
    shows_the_stored_password(world, &account)
}

fn shows_the_stored_password(world: &World, account: &Account) -> Outcome {
    let shown = account.password.as_ref();
    if world.scope.password_check == PasswordCheck::ByStore
        || world.scope.password_write == PasswordWrite::ByStore
    {
        return expect::that(
            !shown.is_some_and(|shown| shown.hash.same_as(&Secret::from(world.stored_text(1)))),
            "an account carries a password in clear",
        );
    }
    let expected = Secret::from(world.stored_text(1));
    expect::that(
        shown.is_some_and(|shown| shown.hash.same_as(&expected)),
        "the account does not carry its hash",
    )
}

async fn what_the_store_does_not_have_is_left_out(world: &World) -> Outcome {
    let kind = world.name_kind();
    let account = world.seed(&called(kind, "sparse")).await?;
    for other in IdentifierKind::ALL.into_iter().filter(|other| *other != kind) {
        expect::same(other.as_str(), &None, &account.profile.identifier(other))?;
    }
    expect::same("given_name", &None, &account.profile.given_name)?;
    expect::that(account.password.is_none(), "a password is shown where there is none")
}

async fn a_barred_account_is_found_and_its_standing_told(world: &World) -> Outcome {
    let barred = [
        Standings { blocked: true, ..Standings::default() },
        Standings { locked: true, ..Standings::default() },
        Standings { password_expired: true, ..Standings::default() },
        Standings { blocked: true, locked: true, password_expired: true, ..Standings::default() },
    ];
    for (number, standings) in (1..).zip(barred) {
        let account = world.seed(&Row { standings, ..world.row(number) }).await?;
        expect::same("standings", &standings, &account.standings)?;
    }
    Ok(())
}

/// é as one code point and as two: for the store two people, unless it folds them, and then it must tell both.
async fn spellings_of_one_letter_are_not_confused(world: &World) -> Outcome {
    let names = ["andr\u{e9}", "andre\u{301}"];
    for name in names {
        world.seed(&called(world.name_kind(), name)).await?;
    }
    for name in names {
        let found = world.candidates(&Lookup::Identifier(name.into())).await?;
        let exact =
            found.iter().filter(|account| account.profile.identifier(world.name_kind()) == Some(name));
        expect::same("accounts that are called exactly so", &1, &exact.count())?;
    }
    Ok(())
}

async fn letters_outside_the_first_plane_are_kept(world: &World) -> Outcome {
    let name = "\u{1f40b}whale\u{1d518}";
    let account = world.seed(&called(world.name_kind(), name)).await?;
    expect::same("the name as read", &Some(name), &account.profile.identifier(world.name_kind()))?;
    let found = world.candidates(&Lookup::Identifier(name.into())).await?;
    expect::accounts("a name with letters of four bytes", &[&account], &found)?;
    let other = world.candidates(&Lookup::Identifier("?whale?".into())).await?;
    expect::accounts("the same with question marks", &[], &other)
}

async fn long_names_are_found(world: &World) -> Outcome {
    let long = "n".repeat(500);
    let account = world.seed(&called(world.name_kind(), &long)).await?;
    let found = world.candidates(&Lookup::Identifier(long.clone())).await?;
    expect::accounts("a name of 500 bytes", &[&account], &found)?;
    for other in [format!("{long}n"), "n".repeat(499), "\u{1f40b}".repeat(128)] {
        let found = world.candidates(&Lookup::Identifier(other)).await?;
        expect::accounts("another name of about that length", &[], &found)?;
    }
    Ok(())
}

async fn two_accounts_are_two_candidates(world: &World) -> Outcome {
    let kind = world.name_kind();
    let one = world.seed(&called(kind, "Twin")).await?;
    let two = world.seed(&called(kind, "twin")).await?;
    for lookup in [Lookup::Identifier("twin".into()), Lookup::Named(kind, "TWIN".into())] {
        let found = world.candidates(&lookup).await?;
        expect::accounts(&format!("{lookup:?} that two answer to"), &[&one, &two], &found)?;
    }
    Ok(())
}

async fn eight_candidates_are_told_and_nine_are_ambiguous(world: &World) -> Outcome {
    let kind = world.name_kind();
    let spellings = ["four", "Four", "fOur", "foUr", "fouR", "FOur", "fOUr", "foUR", "FOUR"];
    let (ninth, eight) = spellings.split_last().ok_or("no spellings")?;
    let lookup = Lookup::Named(kind, "four".into());
    for spelling in eight {
        world.seed(&called(kind, spelling)).await?;
    }
    expect::same("candidates", &CANDIDATES_MAX, &world.candidates(&lookup).await?.len())?;
    world.seed(&called(kind, ninth)).await?;
    let call = world.call();
    let found = read(&call, world.store.find(&call, &lookup, Purpose::Login)).await;
    expect::kind("a lookup that nine answer to", found, ErrorKind::Ambiguous)
}

async fn the_user_id_is_the_same_text_from_every_way(world: &World) -> Outcome {
    let user_id = world.backdoor.seed(&world.row(1)).await?;
    let mut numbers = vec![(1, user_id)];
    if world.offers(Ability::Create) {
        numbers.push((2, expect::success("create", world.create(2).await)?.user_id));
    }
    for (number, user_id) in numbers {
        for lookup in world.lookups(number).into_iter().chain([Lookup::UserId(user_id.clone())]) {
            let found = world.candidates(&lookup).await?;
            let ids: Vec<&str> = found.iter().map(|account| account.user_id.as_str()).collect();
            expect::same(&format!("user_id by {lookup:?}"), &vec![user_id.as_str()], &ids)?;
        }
    }
    Ok(())
}

async fn probes_find_all_well(world: &World) -> Outcome {
    for depth in [Depth::Alive, Depth::Full] {
        let call = world.call();
        let problems = expect::success("a probe", read(&call, world.store.probe(&call, depth)).await)?;
        let errors: Vec<_> = problems.iter().filter(|problem| problem.is_error()).collect();
        expect::that(errors.is_empty(), format!("a {depth:?} probe of a sound store finds {errors:?}"))?;
    }
    Ok(())
}
