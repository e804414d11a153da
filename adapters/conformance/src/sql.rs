//! What the fixtures of SQL adapters share: one table of users with its statements in each dialect, each sabotage of
//! it, and the [`SqlBackdoor`] over it. An SQL adapter's fixture brings a database, an [`Sql`] and little else.

mod backdoor;

pub use backdoor::SqlBackdoor;

use crate::fixture::{Fault, Key, Later, Offers, Sabotage, Setup, Uniqueness};
use idstore_contract::{Ability, PasswordWrite};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The rows of a query, each cell as text.
pub type TextRows = Vec<Vec<Option<String>>>;

/// A session of the fixture's own, behind the adapter's back.
pub trait Sql: Send + Sync {
    /// Runs a batch of statements, separated by semicolons.
    fn execute<'a>(&'a self, batch: &'a str) -> Later<'a, Result<(), String>>;

    /// Runs one statement and answers its rows as text. Values stand in the text, quoted by [`quoted`].
    fn query<'a>(&'a self, statement: &'a str) -> Later<'a, Result<TextRows, String>>;

    /// See [`crate::Backdoor::strike`]. [`Fault::StatementBroken`] is done already and never comes here.
    fn strike(&self, fault: Fault) -> Later<'_, Result<(), String>>;

    /// See [`crate::Backdoor::heal`], with the same exception.
    fn heal(&self, fault: Fault) -> Later<'_, Result<(), String>>;

    /// See [`crate::Backdoor::close`].
    fn close(&self) -> Later<'_, Result<(), String>>;
}

/// A dialect of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `SQLite` 3.35 or later.
    Sqlite,
    /// `PostgreSQL` 13 or later.
    Postgres,
    /// `MySQL` 8 or later, and `MariaDB` asked in the same words.
    MySql,
    /// `MariaDB` 10.6 or later, with what it has beyond `MySQL`.
    MariaDb,
}

/// What [`statements`] offer.
pub fn abilities(passwords: PasswordWrite) -> BTreeSet<Ability> {
    [
        Ability::Create,
        Ability::CreateInOrganization,
        Ability::Verify,
        Ability::ChangePassword,
        Ability::ChangePasswordVerifies,
        Ability::ChangeEmail,
        Ability::ChangeUsername,
        Ability::ChangePhoneNumber,
        Ability::Delete,
        Ability::Organizations,
        Ability::JoinOrganization,
        Ability::LeaveOrganization,
        Ability::List,
        Ability::MarkMigrated,
        Ability::UnmarkMigrated,
    ]
    .into_iter()
    // Where the store hashes, nobody else can make a better hash.
    .chain((passwords != PasswordWrite::ByStore).then_some(Ability::Rehash))
    .collect()
}

/// An organization that accounts of [`tables`] can join.
pub const ORGANIZATION: &str = "engineering";

/// The sabotages that can be made in every dialect.
pub const SABOTAGES: &[Sabotage] = &[
    Sabotage::WritesTouchNothing,
    Sabotage::HashIsCut,
    Sabotage::TriggerChangesHash,
    Sabotage::TriggerChangesEmail,
    Sabotage::LeavesExpired,
    Sabotage::CreateFailsHalfWay,
    Sabotage::RowsRepeat,
    Sabotage::RowsContradict,
    Sabotage::LookupLeaks,
];

/// Those, and the two that need columns whose type has a length. `SQLite` has none.
pub const SABOTAGES_WITH_LENGTHS: &[Sabotage] = &[
    Sabotage::WritesTouchNothing,
    Sabotage::HashIsCut,
    Sabotage::HashColumnShort,
    Sabotage::HashColumnPadded,
    Sabotage::TriggerChangesHash,
    Sabotage::TriggerChangesEmail,
    Sabotage::LeavesExpired,
    Sabotage::CreateFailsHalfWay,
    Sabotage::RowsRepeat,
    Sabotage::RowsContradict,
    Sabotage::LookupLeaks,
];

/// The standard table, for the fixture to create: a batch for [`Sql::execute`].
pub fn tables(dialect: Dialect, setup: &Setup) -> String {
    let Types { key, counted, name, text, time } = Types::of(dialect, setup.key);
    let hash = match setup.sabotage {
        Some(Sabotage::HashColumnShort) => "VARCHAR(20)",
        Some(Sabotage::HashColumnPadded) => "CHAR(128)",
        _ => "TEXT",
    };
    let unique = match setup.uniqueness {
        Uniqueness::Constraint => ", UNIQUE (org, email), UNIQUE (org, username), UNIQUE (org, phone)",
        Uniqueness::Lock => "",
    };
    let welcome = match setup.sabotage {
        Some(Sabotage::CreateFailsHalfWay) => " CHECK (1 = 0)",
        _ => "",
    };
    format!(
        "CREATE TABLE users (
            id {key}{counted} PRIMARY KEY, org {name} NOT NULL,
            email {text}, email_verified BOOLEAN NOT NULL DEFAULT FALSE, username {text},
            phone {name}, phone_verified BOOLEAN NOT NULL DEFAULT FALSE,
            given_name TEXT, family_name TEXT NOT NULL, password {hash}, salt TEXT,
            blocked BOOLEAN NOT NULL DEFAULT FALSE, locked_until {time}, must_change BOOLEAN NOT NULL DEFAULT FALSE,
            migrated_at {time}
            {unique});
         CREATE TABLE memberships (user_id {key} NOT NULL, organization {name} NOT NULL, roles TEXT,
            PRIMARY KEY (user_id, organization));
         CREATE TABLE welcome_mails (user_id {key} NOT NULL{welcome});
         {}",
        trigger(dialect, setup.sabotage)
    )
}

/// How a dialect calls the types of the standard table.
struct Types {
    key: &'static str,
    /// Makes a key of numbers count by itself.
    counted: &'static str,
    /// A short text that an index can hold whole.
    name: &'static str,
    /// A text as long as an identifier may be, which an index can hold beside a name.
    text: &'static str,
    time: &'static str,
}

impl Types {
    fn of(dialect: Dialect, key: Key) -> Self {
        match dialect {
            Dialect::Sqlite => Self {
                key: if key == Key::Integer { "INTEGER" } else { "TEXT" },
                counted: "",
                name: "TEXT",
                text: "TEXT",
                time: "TIMESTAMP",
            },
            Dialect::Postgres => {
                let (key, counted) = match key {
                    Key::Integer => ("BIGINT", " GENERATED BY DEFAULT AS IDENTITY"),
                    Key::Uuid => ("UUID", ""),
                    Key::Text => ("TEXT", ""),
                };
                Self { key, counted, name: "TEXT", text: "TEXT", time: "TIMESTAMPTZ" }
            }
            Dialect::MySql | Dialect::MariaDb => {
                let (key, counted) = match key {
                    Key::Integer => ("BIGINT", " AUTO_INCREMENT"),
                    Key::Uuid if dialect == Dialect::MariaDb => ("UUID", ""),
                    Key::Uuid | Key::Text => ("VARCHAR(64)", ""),
                };
                // Four bytes a letter, and 3,072 are the most that an index holds.
                Self { key, counted, name: "VARCHAR(100)", text: "VARCHAR(600)", time: "DATETIME" }
            }
        }
    }
}

fn trigger(dialect: Dialect, sabotage: Option<Sabotage>) -> String {
    let (column, value) = match sabotage {
        Some(Sabotage::TriggerChangesHash) => ("password", "'spoiled'"),
        Some(Sabotage::TriggerChangesEmail) if matches!(dialect, Dialect::MySql | Dialect::MariaDb) => {
            ("email", "CONCAT('x', NEW.email)")
        }
        Some(Sabotage::TriggerChangesEmail) => ("email", "'x' || NEW.email"),
        _ => return String::new(),
    };
    match dialect {
        Dialect::Sqlite => format!(
            "CREATE TRIGGER spoil_new AFTER INSERT ON users
                 BEGIN UPDATE users SET {column} = {value} WHERE id = NEW.id; END;
             CREATE TRIGGER spoil_old AFTER UPDATE OF {column} ON users
                 BEGIN UPDATE users SET {column} = {value} WHERE id = NEW.id; END;"
        ),
        Dialect::Postgres => format!(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql
                 AS $$ BEGIN NEW.{column} := {value}; RETURN NEW; END $$;
             CREATE TRIGGER spoil BEFORE INSERT OR UPDATE OF {column} ON users
                 FOR EACH ROW EXECUTE FUNCTION spoil();"
        ),
        Dialect::MySql | Dialect::MariaDb => format!(
            "CREATE TRIGGER spoil_new BEFORE INSERT ON users FOR EACH ROW SET NEW.{column} = {value};
             CREATE TRIGGER spoil_old BEFORE UPDATE ON users FOR EACH ROW
                 SET NEW.{column} = IF(NEW.{column} <=> OLD.{column}, NEW.{column}, {value});"
        ),
    }
}

/// The `statements` table of the adapter's configuration over [`tables`], for passwords that are hashed already.
pub fn statements(dialect: Dialect, setup: &Setup) -> Value {
    statements_for(dialect, setup, PasswordWrite::Hashed)
}

/// The same for each way in which passwords are kept. With [`PasswordWrite::ByStore`] the column holds them in clear, and
/// the statement `check` compares.
pub fn statements_for(dialect: Dialect, setup: &Setup, passwords: PasswordWrite) -> Value {
    let from = match setup.sabotage {
        Some(Sabotage::RowsRepeat | Sabotage::RowsContradict) => {
            "users CROSS JOIN (SELECT 1 AS n UNION ALL SELECT 2) AS twice"
        }
        _ => "users",
    };
    let given_name = match setup.sabotage {
        Some(Sabotage::RowsContradict) => "CASE twice.n WHEN 1 THEN given_name ELSE 'Another' END",
        _ => "given_name",
    };
    let home = match setup.sabotage {
        Some(Sabotage::LookupLeaks) => "(org = :param.org OR 1 = 1)",
        _ => "org = :param.org",
    };
    let password = match passwords {
        PasswordWrite::Hashed => ", password AS password_hash",
        PasswordWrite::HashedWithSalt => ", password AS password_hash, salt AS password_salt",
        PasswordWrite::ByStore => "",
    };
    let lookup = format!(
        "SELECT id AS user_id, email, email_verified, username, phone AS phone_number, phone_verified,
                {given_name} AS given_name, family_name, blocked, locked_until AS locked,
                must_change AS password_expired, migrated_at AS migrated{password}, org AS \"param.org\"
           FROM {from} WHERE {home}"
    );
    let mut statements = json!({
        "get_user": format!(
            "{lookup} AND (lower(email) = lower(:identifier) OR lower(username) = lower(:identifier)
                           OR phone = :identifier)"
        ),
        "get_user_by_id": format!("{lookup} AND id = :user_id"),
    });
    let Some(table) = statements.as_object_mut() else { return statements };
    if passwords == PasswordWrite::ByStore {
        let check =
            "SELECT password = :password AS matches FROM users WHERE id = :user_id AND org = :param.org";
        table.insert("check".into(), check.into());
    }
    if setup.offers == Offers::Everything {
        table.insert(
            "list".into(),
            format!("{lookup} AND (:after IS NULL OR id > :after) ORDER BY id LIMIT :limit").into(),
        );
        table.insert(
            "organizations".into(),
            "SELECT m.organization, m.roles FROM memberships m JOIN users u ON u.id = m.user_id
              WHERE m.user_id = :user_id AND u.org = :param.org"
                .into(),
        );
        table.extend(writes(dialect, setup, passwords));
    }
    statements
}

fn writes(dialect: Dialect, setup: &Setup, passwords: PasswordWrite) -> Vec<(String, Value)> {
    let account = match setup.sabotage {
        Some(Sabotage::WritesTouchNothing) => "id = :user_id AND org = :param.org AND 1 = 0",
        _ => "id = :user_id AND org = :param.org",
    };
    let password = if passwords == PasswordWrite::ByStore { ":password" } else { ":password_hash" };
    let hash = match setup.sabotage {
        Some(Sabotage::HashIsCut) => format!("substr({password}, 1, 20)"),
        _ => password.to_owned(),
    };
    let salt = if passwords == PasswordWrite::HashedWithSalt { ":password_salt" } else { "NULL" };
    let renewed = match setup.sabotage {
        Some(Sabotage::LeavesExpired) => "",
        _ => ", must_change = FALSE",
    };
    let set = |what: &str| json!(format!("UPDATE users SET {what} WHERE {account}"));
    let rehash = (passwords != PasswordWrite::ByStore).then(|| {
        let set = format!("password = {hash}, salt = {salt}");
        ("rehash", json!(format!("UPDATE users SET {set} WHERE {account} AND password = :old_password_hash")))
    });
    [
        ("create", create(dialect, setup, &hash, salt)),
        ("verify", set("email_verified = TRUE")),
        ("change_password", set(&format!("password = {hash}, salt = {salt}, locked_until = NULL{renewed}"))),
        ("change_email", set("email = :new_email, email_verified = :email_verified")),
        ("change_username", set("username = :new_username")),
        ("change_phone_number", set("phone = :new_phone_number, phone_verified = :phone_verified")),
        ("delete", json!(format!("DELETE FROM users WHERE {account}"))),
        ("join_organization", json!(format!(
            "INSERT INTO memberships (user_id, organization) SELECT id, :organization FROM users WHERE {account}"
        ))),
        ("leave_organization", json!(
            "DELETE FROM memberships WHERE user_id = :user_id AND organization = :organization"
        )),
        ("mark_migrated", set("migrated_at = CURRENT_TIMESTAMP")),
        ("unmark_migrated", set("migrated_at = NULL")),
    ]
    .into_iter()
    .chain(rehash)
    .map(|(key, statement)| (key.to_owned(), statement))
    .collect()
}

/// The statements that make an account; the key comes from the INSERT where the dialect can tell it, else from a SELECT.
fn create(dialect: Dialect, setup: &Setup, hash: &str, salt: &str) -> Value {
    let (id, generated) = match setup.key {
        Key::Integer => ("", ""),
        Key::Uuid => ("id, ", ":uuid, "),
        Key::Text => ("id, ", ":random_alnum_32, "),
    };
    let (returning, told) = match (dialect, setup.key) {
        (Dialect::Sqlite | Dialect::Postgres | Dialect::MariaDb, _) => (" RETURNING id AS user_id", None),
        (Dialect::MySql, Key::Integer) => ("", Some("SELECT LAST_INSERT_ID() AS user_id")),
        (Dialect::MySql, Key::Uuid) => ("", Some("SELECT :uuid AS user_id")),
        (Dialect::MySql, Key::Text) => ("", Some("SELECT :random_alnum_32 AS user_id")),
    };
    let insert = format!(
        "INSERT INTO users ({id}org, email, email_verified, username, phone, phone_verified, given_name, family_name,
                            password, salt)
         VALUES ({generated}:param.org, :email, :email_verified, :username, :phone_number,
                 COALESCE(:phone_verified, FALSE), :given_name, :family_name, {hash}, {salt}){returning}"
    );
    let rest = [
        "INSERT INTO welcome_mails (user_id) VALUES (:new.user_id)",
        "INSERT INTO memberships (user_id, organization)
         SELECT id, :organization FROM users WHERE id = :new.user_id AND :organization IS NOT NULL",
    ];
    [insert.as_str()].into_iter().chain(told).chain(rest).collect()
}

/// The word for a setup's `uniqueness` in an adapter's configuration.
pub fn uniqueness(setup: &Setup) -> &'static str {
    setup.uniqueness.as_str()
}

/// A text as an SQL literal.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
