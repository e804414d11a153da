//! Hostile input: text that is syntax somewhere. Each finds nothing, and exactly the account of that name where there
//! is one (which catches what escapes twice).

use crate::cases::{Case, usual_cases};
use crate::expect;
use crate::fixture::Scope;
use crate::world::{Outcome, World, called};
use idstore_contract::{Ability, Lookup};

/// Syntax of filters, of SQL, of templates and of placeholders.
const HOSTILE: [&str; 24] = [
    "*",
    "per*",
    "a)(uid=*",
    "*)(objectClass=*",
    "\\2a",
    "\\",
    "' OR 1=1 --",
    "'; DROP TABLE users; --",
    "\" OR \"\"=\"",
    "%",
    "person_",
    "_",
    "line\nbreak",
    "tab\there",
    ":name",
    ":identifier",
    "{x}",
    "{identifier}",
    "%{user}",
    "${user}",
    "$1",
    "?",
    "@",
    "\u{202e}gnirts",
];

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    let mut cases = usual_cases!(
        "hostile",
        scope,
        [
            syntax_finds_nobody,
            an_account_named_like_syntax_is_found_alone,
            a_user_id_that_is_none_finds_nobody,
        ]
    );
    if scope.offers(Ability::Create) {
        cases.extend(usual_cases!("hostile", scope, [an_account_named_like_syntax_can_be_made]));
    }
    cases
}

async fn syntax_finds_nobody(world: &World) -> Outcome {
    world.seed(&world.row(1)).await?;
    world.seed(&world.row(2)).await?;
    for text in HOSTILE {
        for lookup in lookups(world, text) {
            expect::accounts(&format!("{lookup:?} of {text:?}"), &[], &world.candidates(&lookup).await?)?;
        }
    }
    Ok(())
}

async fn an_account_named_like_syntax_is_found_alone(world: &World) -> Outcome {
    world.seed(&world.row(1)).await?;
    let mut named = Vec::new();
    for text in HOSTILE {
        named.push((text, world.seed(&called(world.name_kind(), text)).await?));
    }
    for (text, account) in &named {
        expect::same("the name as read", &Some(*text), &account.profile.identifier(world.name_kind()))?;
        for lookup in [Lookup::Identifier((*text).into()), Lookup::Named(world.name_kind(), (*text).into())] {
            let found = world.candidates(&lookup).await?;
            expect::accounts(&format!("{lookup:?} of {text:?}"), &[account], &found)?;
        }
    }
    Ok(())
}

async fn an_account_named_like_syntax_can_be_made(world: &World) -> Outcome {
    for (number, text) in (1..).zip(HOSTILE) {
        let mut new = world.new_account(number);
        *new.profile.identifier_mut(world.name_kind()) = Some(text.into());
        new.profile.given_name = Some(text.into());
        let made = world.create_so(&world.call(), new).await;
        let made = expect::success(&format!("create of {text:?}"), made)?;
        let row = world.peek(&made.user_id).await?;
        expect::same("the name as stored", &Some(text), &row.identifier(world.name_kind()))?;
        expect::same("the first name as stored", &Some(text), &row.given_name.as_deref())?;
    }
    expect::same("accounts", &HOSTILE.len(), &world.backdoor.count().await?)
}

async fn a_user_id_that_is_none_finds_nobody(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let near = [
        " ".into(),
        "-1".into(),
        "99999999999999999999999999".into(),
        "1e0".into(),
        "0x1".into(),
        "NaN".into(),
        "null".into(),
        "00000000-0000-0000-0000-000000000000".into(),
        format!("{}x", account.user_id),
        format!("{} OR 1=1", account.user_id),
    ];
    for text in near {
        let found = world.candidates(&Lookup::UserId(text.clone())).await?;
        let taken = found.iter().any(|found| found.user_id == text);
        expect::that(!taken, format!("the user_id {text:?} is told to be somebody's"))?;
    }
    for text in HOSTILE {
        let found = world.candidates(&Lookup::UserId(text.into())).await?;
        expect::accounts(&format!("the user_id {text:?}"), &[], &found)?;
    }
    Ok(())
}

fn lookups(world: &World, text: &str) -> Vec<Lookup> {
    let named = world.scope.identifiers.iter().map(|kind| Lookup::Named(*kind, text.to_owned()));
    named.chain([Lookup::Identifier(text.to_owned())]).collect()
}
