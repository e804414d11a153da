//! Writes: rows that are found and not changed, values that a server would cut, keys that it makes, names that it locks.

use crate::server::own::OwnServer;
use crate::server::{Database, Outcome, Product, account, call, change, change_email, ensure, kind, open};
use idstore_contract::{
    ErrorKind, IdentifierKind, MembershipChange, NewAccount, NewPassword, PasswordChange, Profile, Rejection,
    Secret, StoreHandle, StoredPassword,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const PEOPLE: &str =
    "CREATE TABLE people (id int PRIMARY KEY AUTO_INCREMENT, email varchar(100), verified tinyint(1) NOT NULL
                      DEFAULT 0, username varchar(100), password varchar(60) NOT NULL);";

fn statements(create: &Value) -> Value {
    let lookup = "SELECT id AS user_id, email, username, verified AS email_verified, password AS password_hash FROM people WHERE";
    json!({
        "get_user": format!("{lookup} lower(email) = lower(:identifier) OR username = :identifier"),
        "get_user_by_id": format!("{lookup} id = :user_id"),
        "create": create,
        "verify": "UPDATE people SET verified = TRUE WHERE id = :user_id",
        "change_password": "UPDATE people SET password = :password_hash WHERE id = :user_id",
        "change_email": "UPDATE people SET email = :new_email, verified = :email_verified WHERE id = :user_id",
    })
}

fn counted() -> Value {
    json!([
        "INSERT INTO people (email, username, password) VALUES (:email, :username, :password_hash)",
        "SELECT LAST_INSERT_ID() AS user_id",
    ])
}

fn new(email: &str, username: Option<&str>, hash: &str) -> NewAccount {
    NewAccount {
        profile: Profile {
            email: Some(email.into()),
            email_verified: Some(false),
            username: username.map(str::to_owned),
            ..Profile::default()
        },
        password: NewPassword::Hashed(StoredPassword::new(Secret::from(hash))),
        organization: None,
    }
}

async fn people(database: &Database) -> Result<StoreHandle, String> {
    database.execute(PEOPLE).await?;
    let mut config = database.config(&statements(&counted()));
    change(&mut config, "uniqueness", "lock");
    open(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_already_as_it_should_be_was_found() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        let store = people(&database).await?;
        let made = store.create(&call(5_000), &new("a@example.com", None, "hash")).await;
        let made = made.map_err(|error| format!("{product:?}: {error:?}"))?;
        for _ in 0..3 {
            let verified =
                store.verify(&call(5_000), &made).await.map_err(|error| format!("{product:?}: {error:?}"))?;
            ensure(verified.profile.email_verified == Some(true), "not verified")?;
        }
        let same = store.change_password(&call(5_000), &made, &password("hash")).await;
        ensure(same.is_ok(), format!("{product:?}: the same hash again: {same:?}"))?;
    }
    Ok(())
}

/// The count of a row that stays as it was is 1, as on other databases: so a statement that finds its row, and does
/// nothing to it, is not told as one whose organization there is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_found_and_not_changed_counts() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        let members = "CREATE TABLE members (person int, organization varchar(40), hidden tinyint(1));
                       INSERT INTO members VALUES (1, 'acme', 1)";
        database.execute(&format!("{PEOPLE} {members}")).await?;
        database.execute("INSERT INTO people (email, password) VALUES ('a@example.com', 'hash')").await?;
        let mut statements = statements(&counted());
        change(
            &mut statements,
            "organizations",
            "SELECT organization FROM members WHERE person = :user_id AND NOT hidden",
        );
        change(
            &mut statements,
            "join_organization",
            "UPDATE members SET hidden = TRUE WHERE person = :user_id AND organization = :organization",
        );
        let store = open(database.config(&statements))?;
        let ada = account(&store, "a@example.com").await?;
        for (organization, expected) in
            [("acme", ErrorKind::Misconfigured), ("of nobody", ErrorKind::Rejected(Rejection::Value(None)))]
        {
            let join = MembershipChange::Join(organization.to_owned());
            let refused = kind(store.change_membership(&call(5_000), &ada, &join).await)?;
            ensure(refused == expected, format!("{product:?}, {organization}: {refused:?}"))?;
        }
    }
    Ok(())
}

/// A procedure that commits leaves what it wrote: nobody may be told that nothing was changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_procedure_that_commits_leaves_an_outcome_that_is_told_as_unknown() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        let store = people(&database).await?;
        let made = store.create(&call(5_000), &new("a@example.com", None, "hash")).await;
        let made = made.map_err(|error| format!("{product:?}: {error:?}"))?;
        for (name, after) in [("cuts", ""), ("refuses", "SIGNAL SQLSTATE '45000';")] {
            let procedure = format!(
                "CREATE PROCEDURE {name}(IN person int, IN given text) BEGIN
                   UPDATE people SET password = left(given, 3) WHERE id = person; COMMIT; {after} END"
            );
            database.execute(&procedure).await?;
            let mut statements = statements(&counted());
            change(&mut statements, "change_password", format!("CALL {name}(:user_id, :password_hash)"));
            let store = open(database.config(&statements))?;
            let told = kind(store.change_password(&call(5_000), &made, &password("another hash")).await)?;
            ensure(told == ErrorKind::Timeout, format!("{product:?}, {name}: {told:?}"))?;
        }
        // Without it all is undone, and said to be.
        database
            .execute("CREATE PROCEDURE only_cuts(IN person int, IN given text) UPDATE people SET password = left(given, 4) WHERE id = person")
            .await?;
        let mut statements = statements(&counted());
        change(&mut statements, "change_password", "CALL only_cuts(:user_id, :password_hash)");
        let store = open(database.config(&statements))?;
        let told = kind(store.change_password(&call(5_000), &made, &password("another hash")).await)?;
        ensure(told == ErrorKind::Misconfigured, format!("{product:?}: {told:?}"))?;
        let left = database.value("SELECT password FROM people").await?;
        ensure(left == "ano", format!("{product:?}: {left}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_that_a_lenient_server_would_cut_is_refused() -> Outcome {
    for product in Product::EACH {
        let server = OwnServer::start(product, &["--sql-mode="]).await?;
        let database = Database::create_on(server.address.clone()).await?;
        let store = people(&database).await?;
        let made = store.create(&call(5_000), &new("a@example.com", None, "short enough")).await;
        let made = made.map_err(|error| format!("{product:?}: {error:?}"))?;
        let long = "x".repeat(61);
        let refused = kind(store.change_password(&call(5_000), &made, &password(&long)).await)?;
        ensure(
            matches!(refused, ErrorKind::Rejected(_) | ErrorKind::Misconfigured),
            format!("{product:?}: a hash that does not fit: {refused:?}"),
        )?;
        let refused = kind(store.create(&call(5_000), &new("b@example.com", None, &long)).await)?;
        ensure(
            matches!(refused, ErrorKind::Rejected(_) | ErrorKind::Misconfigured),
            format!("{product:?}: a new account with it: {refused:?}"),
        )?;
        let left = database.value("SELECT group_concat(concat(email, password)) FROM people").await?;
        ensure(left == "a@example.comshort enough", format!("{product:?}: {left}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_the_one_of_the_row_and_not_of_what_a_trigger_made() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database
            .execute(
                "CREATE TABLE notes (id int PRIMARY KEY AUTO_INCREMENT, about varchar(100)) AUTO_INCREMENT = 5000;",
            )
            .await?;
        let store = people(&database).await?;
        database
            .execute("CREATE TRIGGER noted AFTER INSERT ON people FOR EACH ROW INSERT INTO notes (about) VALUES (NEW.email)")
            .await?;
        let mut making = JoinSet::new();
        for number in 1..=16 {
            let store = store.clone();
            making.spawn(async move {
                let email = format!("p{number}@example.com");
                let made = store.create(&call(10_000), &new(&email, None, "hash")).await;
                let made = made.map_err(|error| format!("{error:?}"))?;
                let found = account(&store, &email).await?;
                ensure(found.user_id == made.user_id, format!("{email} was told as {}", made.user_id))
            });
        }
        while let Some(done) = making.join_next().await {
            done.map_err(|error| error.to_string())?.map_err(|why| format!("{product:?}: {why}"))?;
        }
        ensure(
            database.value("SELECT count(*) FROM notes WHERE id >= 5000").await? == "16",
            "not every trigger ran",
        )?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_returns_the_key_with_the_insert_and_its_columns_are_checked_then() -> Outcome {
    let database = Database::create(Product::MariaDb).await?;
    database.execute(PEOPLE).await?;
    let insert = "INSERT INTO people (email, password) VALUES (:email, :password_hash) RETURNING";
    let store = open(database.config(&statements(&json!(format!("{insert} id AS user_id")))))?;
    let made = store.create(&call(5_000), &new("a@example.com", None, "hash")).await;
    ensure(made.is_ok_and(|made| made.user_id == "1"), "the key is not the returned one")?;
    let next = "UPDATE people SET verified = FALSE WHERE id = :new.user_id";
    let store = open(database.config(&statements(&json!([format!("{insert} id AS usr_id"), next]))))?;
    let error = store.create(&call(5_000), &new("b@example.com", None, "hash")).await;
    let error = error.err().ok_or("a column that was not returned was used")?;
    ensure(
        error.kind() == ErrorKind::Misconfigured && error.to_string().contains("user_id"),
        error.to_string(),
    )?;
    ensure(database.value("SELECT count(*) FROM people").await? == "1", "it was written all the same")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_creates_at_the_same_time_one_wins_where_the_table_has_no_constraint() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        let store = people(&database).await?;
        // Another daemon has sessions of its own, and no memory in common.
        let mut config = database.config(&statements(&counted()));
        change(&mut config, "uniqueness", "lock");
        let other = open(config)?;
        for round in 0..4 {
            let mut making = JoinSet::new();
            for number in 0..8 {
                let store = if number % 2 == 0 { store.clone() } else { other.clone() };
                let email = if number % 3 == 0 {
                    format!("Ann{round}@example.com")
                } else {
                    format!("ann{round}@EXAMPLE.com")
                };
                making.spawn(async move { store.create(&call(10_000), &new(&email, None, "hash")).await });
            }
            let mut made = 0;
            while let Some(done) = making.join_next().await {
                match done.map_err(|error| error.to_string())? {
                    Ok(_) => made += 1,
                    Err(error) => ensure(
                        error.kind() == ErrorKind::AlreadyExists(Some(IdentifierKind::Email)),
                        format!("{product:?}: {error:?}"),
                    )?,
                }
            }
            ensure(made == 1, format!("{product:?}: {made} of eight won"))?;
        }
        ensure(database.value("SELECT count(*) FROM people").await? == "4", "not four accounts")?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_names_in_opposite_order_block_nobody_for_good() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        let store = people(&database).await?;
        let mut making = JoinSet::new();
        for number in 0..12 {
            let store = store.clone();
            let (email, name) = if number % 2 == 0 { ("one@x", "two@x") } else { ("two@x", "one@x") };
            making.spawn(async move { store.create(&call(10_000), &new(email, Some(name), "hash")).await });
        }
        let began = Instant::now();
        let mut made = 0;
        while let Some(done) = making.join_next().await {
            match done.map_err(|error| error.to_string())? {
                Ok(_) => made += 1,
                Err(error) => ensure(
                    matches!(error.kind(), ErrorKind::AlreadyExists(_)),
                    format!("{product:?}: {error:?}"),
                )?,
            }
        }
        ensure(made == 1, format!("{product:?}: {made} won"))?;
        ensure(
            began.elapsed() < Duration::from_secs(8),
            format!("{product:?}: it took {:?}", began.elapsed()),
        )?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_free_again_after_a_success_a_refusal_and_a_lost_session() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        let store = people(&database).await?;
        // Whoever holds a lock gets it again; another daemon would wait for it.
        let mut config = database.config(&statements(&counted()));
        change(&mut config, "uniqueness", "lock");
        let other = open(config)?;
        let ann = new("a@example.com", None, "hash");
        let refused = kind(store.create(&call(5_000), &new("a@example.com", None, &"x".repeat(61))).await)?;
        ensure(matches!(refused, ErrorKind::Rejected(_) | ErrorKind::Misconfigured), format!("{refused:?}"))?;
        quickly(&other, &ann, None).await.map_err(|why| format!("{product:?}, after a refusal: {why}"))?;
        let exists = Some(ErrorKind::AlreadyExists(Some(IdentifierKind::Email)));
        quickly(&store, &ann, exists).await.map_err(|why| format!("{product:?}, after a success: {why}"))?;
        quickly(&other, &ann, exists)
            .await
            .map_err(|why| format!("{product:?}, after one that exists: {why}"))?;
        let found = account(&store, "a@example.com").await?;
        database.kill_sessions().await?;
        change_email(&store, &found, "b@example.com", 5_000)
            .await
            .map_err(|error| format!("{product:?}: {error:?}"))?;
        quickly(&other, &ann, None)
            .await
            .map_err(|why| format!("{product:?}, after lost sessions: {why}"))?;
    }
    Ok(())
}

async fn quickly(store: &StoreHandle, new: &NewAccount, expected: Option<ErrorKind>) -> Outcome {
    let began = Instant::now();
    let error = store.create(&call(5_000), new).await.err();
    ensure(error.as_ref().map(idstore_contract::Error::kind) == expected, format!("{error:?}"))?;
    ensure(began.elapsed() < Duration::from_secs(2), format!("it took {:?}", began.elapsed()))
}

fn password(hash: &str) -> PasswordChange {
    let password = NewPassword::Hashed(StoredPassword::new(Secret::from(hash)));
    PasswordChange { password, email_verified: false }
}
