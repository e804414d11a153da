//! Text that is syntax of SQL: it finds nobody, it finds exactly the account that is called so, and no more statements
//! run than without it.

use crate::server::own::OwnServer;
use crate::server::{Database, Outcome, Product, account, call, change, ensure, find, open};
use idstore_contract::{
    IdentifierKind, Lookup, NewAccount, NewPassword, PasswordWrite, Profile, Purpose, Secret, StoreHandle,
    StoredPassword,
};
use serde_json::{Value, json};

/// What a text must break out of, in each spelling that a server or a driver ever took for one; and text that is expanded
/// where somebody expands twice.
const CORPUS: [&str; 40] = [
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\'",
    "\\\\'",
    "' OR '1'='1",
    "' OR 1=1 -- ",
    "' OR 1=1 #",
    "' OR 1=1/*",
    "' || '1",
    "'||(SELECT password FROM people LIMIT 1)||'",
    "\" OR \"\"=\"",
    "` OR ``=`",
    "') OR ('1'='1",
    "'; DROP TABLE people; -- ",
    "'; INSERT INTO people (email) VALUES ('x'); -- ",
    "' UNION SELECT 1, 'a@example.com', 'x' -- ",
    "' AND SLEEP(5) -- ",
    "' AND (SELECT 1 FROM (SELECT COUNT(*), CONCAT(VERSION(), FLOOR(RAND(0)*2)) x FROM people GROUP BY x) y) -- ",
    "' AND EXTRACTVALUE(1, CONCAT(0x7e, VERSION())) -- ",
    "' INTO OUTFILE '/nowhere/x' -- ",
    "' PROCEDURE ANALYSE() -- ",
    "1 OR 1=1",
    "0x61404578616d706c652e636f6d",
    "/*!50000 OR 1=1 */",
    "\u{bf}' OR 1=1 -- ",
    "\u{bf}\u{5c}' OR 1=1 -- ",
    "\u{2019} OR 1=1",
    "\u{ff07} OR 1=1",
    "%",
    "_@example.com",
    "a%",
    ":password",
    ":identifier",
    "?",
    "%{user}",
    "{{x}}",
    "${jndi:ldap://x}",
];

const PEOPLE: &str = "CREATE TABLE people (id int PRIMARY KEY AUTO_INCREMENT, email varchar(200), given_name varchar(200),
                      password varchar(200));
                      INSERT INTO people (email, password) VALUES ('a@example.com', 'x'), ('b@example.com', 'x')";

async fn people(database: &Database) -> Result<StoreHandle, String> {
    database.execute(PEOPLE).await?;
    let lookup = "SELECT id AS user_id, email, given_name, password AS password_hash FROM people WHERE";
    let mut config = database.config(&json!({
        "get_user": format!("{lookup} email = :identifier"), "get_user_by_id": format!("{lookup} id = :user_id"),
        "create": ["INSERT INTO people (email, given_name, password) VALUES (:email, :given_name, :password_hash)",
                   "SELECT LAST_INSERT_ID() AS user_id"],
        "delete": "DELETE FROM people WHERE id = :user_id",
    }));
    // The name of a lock is made of the text as well.
    change(&mut config, "uniqueness", "lock");
    open(config)
}

async fn each_is_a_text_and_nothing_else(database: &Database) -> Outcome {
    let store = people(database).await?;
    for text in CORPUS {
        for lookup in [
            Lookup::Identifier(text.into()),
            Lookup::Named(IdentifierKind::Email, text.into()),
            Lookup::UserId(text.into()),
        ] {
            let found = store.find(&call(2_000), &lookup, Purpose::Login).await;
            let found = found.map_err(|error| format!("{lookup:?} of {text}: {error:?}"))?;
            let is_other =
                found.iter().any(|found| found.user_id != text && !text.starts_with(&found.user_id));
            ensure(!is_other && found.len() <= 1, format!("{lookup:?} of {text} finds {}", found.len()))?;
        }
        ensure(
            find(&store, text, 2_000).await.is_ok_and(|found| found.is_empty()),
            format!("{text} finds somebody"),
        )?;
    }
    for text in CORPUS {
        let new = NewAccount {
            profile: Profile {
                email: Some(text.into()),
                email_verified: Some(false),
                given_name: Some(text.into()),
                ..Profile::default()
            },
            password: NewPassword::Hashed(StoredPassword::new(Secret::from(format!("{text}.")))),
            organization: None,
        };
        let made = store.create(&call(5_000), &new).await.map_err(|error| format!("{text}: {error:?}"))?;
        let found = account(&store, text).await?;
        ensure(found.user_id == made.user_id, format!("{text} is somebody else"))?;
        for read in [&found.profile.email, &found.profile.given_name] {
            ensure(read.as_deref() == Some(text), format!("{text} was read as {read:?}"))?;
        }
    }
    let count = database.value("SELECT count(*) FROM people").await?;
    ensure(count == (CORPUS.len() + 2).to_string(), format!("{count} rows"))?;
    for text in CORPUS {
        let found = account(&store, text).await?;
        store.delete(&call(5_000), &found).await.map_err(|error| format!("{text}: {error:?}"))?;
    }
    let left = database.value("SELECT group_concat(email ORDER BY id) FROM people").await?;
    ensure(left == "a@example.com,b@example.com", left)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_text_finds_itself_alone() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        each_is_a_text_and_nothing_else(&database).await.map_err(|why| format!("{product:?}: {why}"))?;
    }
    Ok(())
}

/// In these modes and letters a text that was put into a statement would have to be escaped in another way.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_s_modes_and_letters_change_nothing() -> Outcome {
    for product in Product::EACH {
        let options =
            ["--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT", "--character-set-server=gbk"];
        let server = OwnServer::start(product, &options).await?;
        let database = Database::create_on(server.address.clone()).await?;
        each_is_a_text_and_nothing_else(&database).await.map_err(|why| format!("{product:?}: {why}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_adds_no_statement() -> Outcome {
    for product in Product::EACH {
        let server = OwnServer::start(product, &[]).await?;
        let database = Database::create_on(server.address.clone()).await?;
        let store = people(&database).await?;
        let asked = async |text: &str| {
            // Prepared before, so that only the lookup itself is counted.
            find(&store, "nobody", 2_000).await.map_err(|error| format!("{error:?}"))?;
            let before = executed(&database).await?;
            find(&store, text, 2_000).await.map_err(|error| format!("{text}: {error:?}"))?;
            Ok::<_, String>(executed(&database).await?.saturating_sub(before))
        };
        let plain = asked("nobody@example.com").await?;
        for text in CORPUS {
            let counted = asked(text).await?;
            ensure(counted == plain, format!("{product:?}: {text} ran {counted} statements, not {plain}"))?;
        }
    }
    Ok(())
}

/// How many statements the server has run, this look at the counter among them.
async fn executed(database: &Database) -> Result<u64, String> {
    let rows = database.rows("SHOW GLOBAL STATUS LIKE 'Questions'").await?;
    let count = rows.into_iter().flatten().next_back().flatten().ok_or("no count")?;
    count.parse().map_err(|_| "no number".into())
}

/// A parameter inside any kind of quotes would be a text that is put together.
#[test]
fn a_parameter_in_quotes_is_refused_at_start() -> Outcome {
    for quoted in ["':identifier'", "\":identifier\"", "'%:identifier%'", "'it\\':identifier'"] {
        let lookup = format!("SELECT id AS user_id, email FROM people WHERE email = {quoted}");
        ensure(refused(&lookup)?, lookup)?;
    }
    for name in ["`:identifier`", "people.:identifier"] {
        let lookup = format!("SELECT id AS user_id, email FROM people WHERE {name} = 1");
        ensure(refused(&lookup)?, lookup)?;
    }
    Ok(())
}

fn refused(lookup: &str) -> Result<bool, String> {
    let config: Value = json!({
        "host": "/run/mysqld/mysqld.sock", "database": "d", "user": "u", "statements": { "get_user": lookup },
    });
    let config: idstore_mysql::Config = serde_json::from_value(config).map_err(|error| error.to_string())?;
    let problems = config.check(&crate::server::around(PasswordWrite::Hashed));
    Ok(problems.iter().any(|problem| problem.is_error() && problem.key == "statements.get_user"))
}
