//! Secrecy: nothing of an account is in a log record, an error or a `Debug` text, at any level, whatever goes wrong.

use crate::capture;
use crate::cases::{Case, case};
use crate::expect;
use crate::fixture::{Fault, Row, Sabotage, Scope, Setup};
use crate::method::writing;
use crate::world::{Outcome, World, called, read};
use idstore_contract::{
    Account, Error, IdentifierChange, IdentifierKind, Lookup, NewAccount, NewPassword, PasswordChange,
    Profile, Purpose, Rehash, Secret, StoredPassword,
};

/// Part of every value that the case uses; no other text has it.
const CANARY: &str = "zq7canary";

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    let mut cases = vec![case!("secrecy", Setup::usual(scope), nothing_of_an_account_is_told)];
    let telling = [
        Sabotage::HashColumnShort,
        Sabotage::TriggerChangesHash,
        Sabotage::TriggerChangesEmail,
        Sabotage::CreateFailsHalfWay,
        Sabotage::RowsContradict,
    ];
    for sabotage in telling.into_iter().filter(|sabotage| scope.sabotages.contains(sabotage)) {
        let setup = Setup { sabotage: Some(sabotage), ..Setup::usual(scope) };
        cases.push(case!("secrecy", setup, nothing_of_an_account_is_told, sabotage.as_str()));
    }
    for fault in scope.faults.iter().copied() {
        cases.push(case!(
            "secrecy",
            Setup::usual(scope),
            nothing_is_told_in_an_outage(fault),
            fault.as_str()
        ));
    }
    cases
}

async fn nothing_of_an_account_is_told(world: &World) -> Outcome {
    // Captured from here on: what the fixture itself logs of its seed is no matter of the adapter.
    let user_id = world.backdoor.seed(&canary(world)).await?;
    let captured = capture::begin()?;
    let told = exercise(world, &user_id).await;
    search(&captured, &told)
}

async fn nothing_is_told_in_an_outage(world: &World, fault: Fault) -> Outcome {
    let user_id = world.backdoor.seed(&canary(world)).await?;
    let captured = capture::begin()?;
    world.account(&user_id).await?;
    world.strike(fault).await?;
    let told = exercise(world, &user_id).await;
    world.heal(fault).await?;
    search(&captured, &told)
}

/// Calls whatever can be called with marked values, and collects every text that comes back.
async fn exercise(world: &World, user_id: &str) -> Vec<String> {
    let mut told = Vec::new();
    let name = format!("{CANARY}-name");
    for lookup in [
        Lookup::UserId(user_id.to_owned()),
        Lookup::UserId(name.clone()),
        Lookup::Identifier(name.clone()),
        Lookup::Named(world.name_kind(), name),
    ] {
        let call = world.short_call();
        let found = read(&call, world.store.find(&call, &lookup, Purpose::Login)).await;
        told.push(format!("{call:?} {lookup:?} {found:?}"));
    }
    let call = world.short_call();
    let account =
        read(&call, world.store.find(&call, &Lookup::UserId(user_id.to_owned()), Purpose::Login)).await;
    let account = account
        .ok()
        .and_then(|found| found.into_iter().next())
        .unwrap_or_else(|| Account::new(idstore_contract::Handle::new(user_id), user_id));
    told.push(format!("{account:?} {:?} {:?}", account.profile, account.password));
    told.extend(changes(world, &account).await);
    told
}

async fn changes(world: &World, account: &Account) -> Vec<String> {
    let mut told = Vec::new();
    let password = new_password(world);
    let new = NewAccount {
        profile: Profile {
            email: world.has(IdentifierKind::Email).then(|| format!("{CANARY}@example.com")),
            email_verified: Some(false),
            username: world.has(IdentifierKind::Username).then(|| format!("{CANARY}-new")),
            given_name: Some(format!("{CANARY}-given")),
            family_name: Some(format!("{CANARY}-family")),
            ..Profile::default()
        },
        password: password.clone(),
        organization: None,
    };
    // The second one exists already.
    for _ in 0..2 {
        let made = world.create_so(&world.short_call(), new.clone()).await;
        told.push(format!("{new:?} {}", said(&made)));
    }
    let change = PasswordChange { password, email_verified: true };
    let marked = StoredPassword::new(Secret::from(CANARY));
    let rehash = Rehash { old: marked.clone(), new: marked };
    let call = world.short_call();
    told.push(format!("{change:?} {rehash:?}"));
    let changed = writing(world, &call, account, |store, call, account| async move {
        store.change_password(&call, &account, &change).await
    });
    told.push(said(&changed.await));
    let call = world.short_call();
    let rehashed = writing(world, &call, account, |store, call, account| async move {
        store.rehash(&call, &account, &rehash).await
    });
    told.push(format!("{:?}", rehashed.await));
    for kind in IdentifierKind::ALL {
        let call = world.short_call();
        let change = IdentifierChange { kind, value: format!("{CANARY}-other"), verified: false };
        told.push(format!("{change:?}"));
        let changed = writing(world, &call, account, |store, call, account| async move {
            store.change_identifier(&call, &account, &change).await
        });
        told.push(said(&changed.await));
    }
    let call = world.short_call();
    let checked = read(&call, world.store.check(&call, account, &Secret::from(CANARY))).await;
    told.push(format!("{checked:?}"));
    told
}

fn said(answer: &Result<Account, Error>) -> String {
    match answer {
        Ok(account) => format!("{account:?}"),
        Err(error) => format!("{error} {error:?} {:?}", error.details().collect::<Vec<_>>()),
    }
}

fn canary(world: &World) -> Row {
    Row {
        given_name: Some(format!("{CANARY}-given")),
        family_name: Some(format!("{CANARY}-family")),
        // Short enough for the shortest column that a sabotage makes.
        password: Some(format!("{CANARY}-pw")),
        ..called(world.name_kind(), &format!("{CANARY}-name"))
    }
}

fn new_password(world: &World) -> NewPassword {
    match world.new_password(1) {
        NewPassword::Hashed(hashed) => {
            let hash = Secret::from(format!("$2b$10${CANARY}.abcdefghijklmnopqrstuvwxyz"));
            NewPassword::Hashed(StoredPassword { hash, ..hashed })
        }
        NewPassword::Clear(_) => NewPassword::Clear(Secret::from(format!("Correct-Horse-{CANARY}"))),
    }
}

fn search(captured: &capture::Captured, told: &[String]) -> Outcome {
    for text in told {
        expect::that(!text.contains(CANARY), format!("a value is told in: {text}"))?;
    }
    let written = captured.text();
    expect::that(written.contains(capture::MARK), "nothing was captured, so nothing was proven")?;
    let leak = written.lines().find(|line| line.contains(CANARY));
    expect::that(leak.is_none(), format!("a value is in a log record: {}", leak.unwrap_or_default()))
}
