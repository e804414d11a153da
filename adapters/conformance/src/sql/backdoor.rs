//! [`SqlBackdoor`]: the fixture's own hands in the standard table.

use super::{Sql, quoted};
use crate::fixture::{Backdoor, Fault, Key, Later, Row};
use idstore_contract::Standings;

/// The [`Backdoor`] over [`tables`](super::tables).
pub struct SqlBackdoor<S> {
    /// The fixture's own session.
    pub sql: S,
    /// The kind of key that [`tables`](super::tables) was made with.
    pub key: Key,
}

impl<S: Sql> SqlBackdoor<S> {
    async fn insert(&self, row: &Row) -> Result<String, String> {
        let text = |value: &Option<String>| value.as_deref().map_or("NULL".to_owned(), quoted);
        // Keys of our own that no server would make, so that the two kinds do not meet.
        let id = match self.key {
            Key::Integer => None,
            Key::Uuid => Some(format!("5eed5eed-0000-4000-8000-{:012x}", self.rows().await?)),
            Key::Text => Some(format!("seed {}", self.rows().await?)),
        };
        let (column, key) = match &id {
            Some(id) => ("id, ", format!("{}, ", quoted(id))),
            None => ("", String::new()),
        };
        let locked = if row.standings.locked { "'2999-01-01 00:00:00'" } else { "NULL" };
        let statement = format!(
            "INSERT INTO users ({column}org, email, email_verified, username, phone, phone_verified, given_name,
                                family_name, password, salt, blocked, locked_until, must_change)
             VALUES ({key}{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {locked}, {})",
            quoted(&row.organization),
            text(&row.email),
            row.email_verified,
            text(&row.username),
            text(&row.phone_number),
            row.phone_verified,
            text(&row.given_name),
            text(&row.family_name),
            text(&row.password),
            text(&row.salt),
            row.standings.blocked,
            row.standings.password_expired,
        );
        self.sql.execute(&statement).await?;
        if let Some(id) = id {
            return Ok(id);
        }
        // Not every dialect tells the key with the INSERT; numbers only count up.
        let rows = self.sql.query("SELECT max(id) FROM users").await?;
        rows.into_iter().flatten().next().flatten().ok_or_else(|| "the new row has no id".into())
    }

    async fn select(&self, user_id: &str) -> Result<Option<Row>, String> {
        let statement = format!(
            "SELECT email, email_verified, username, phone, phone_verified, given_name, family_name, password, salt,
                    blocked, locked_until IS NOT NULL, must_change, org FROM users WHERE id = {}",
            quoted(user_id)
        );
        let Some(cells) = self.sql.query(&statement).await?.into_iter().next() else { return Ok(None) };
        let columns = cells.len();
        let cells: [Option<String>; 13] =
            cells.try_into().map_err(|_| format!("{columns} columns were returned instead of 13"))?;
        let [
            email,
            verified,
            username,
            phone,
            phone_verified,
            given,
            family,
            password,
            salt,
            blocked,
            locked,
            expired,
            org,
        ] = cells;
        Ok(Some(Row {
            email,
            email_verified: flag(verified.as_deref()),
            username,
            phone_number: phone,
            phone_verified: flag(phone_verified.as_deref()),
            given_name: given,
            family_name: family,
            password: password.map(|text| text.trim_end_matches(' ').to_owned()),
            salt,
            standings: Standings {
                blocked: flag(blocked.as_deref()),
                locked: flag(locked.as_deref()),
                restricted: false,
                password_expired: flag(expired.as_deref()),
            },
            organization: org.unwrap_or_default(),
        }))
    }

    async fn rows(&self) -> Result<usize, String> {
        let rows = self.sql.query("SELECT count(*) FROM users").await?;
        let count = rows.into_iter().flatten().next().flatten().ok_or("count(*) returned nothing")?;
        count.parse().map_err(|_| "count(*) returned no number".into())
    }
}

/// How a flag looks as text: 1 in one dialect, t in another.
fn flag(cell: Option<&str>) -> bool {
    matches!(cell, Some("1" | "t" | "true"))
}

impl<S: Sql> Backdoor for SqlBackdoor<S> {
    fn seed<'a>(&'a self, row: &'a Row) -> Later<'a, Result<String, String>> {
        Box::pin(self.insert(row))
    }

    fn peek<'a>(&'a self, user_id: &'a str) -> Later<'a, Result<Option<Row>, String>> {
        Box::pin(self.select(user_id))
    }

    fn remove<'a>(&'a self, user_id: &'a str) -> Later<'a, Result<(), String>> {
        Box::pin(async move {
            self.sql.execute(&format!("DELETE FROM users WHERE id = {}", quoted(user_id))).await
        })
    }

    fn count(&self) -> Later<'_, Result<usize, String>> {
        Box::pin(self.rows())
    }

    fn strike(&self, fault: Fault) -> Later<'_, Result<(), String>> {
        if fault == Fault::StatementBroken {
            return self.sql.execute("ALTER TABLE users RENAME TO users_away");
        }
        self.sql.strike(fault)
    }

    fn heal(&self, fault: Fault) -> Later<'_, Result<(), String>> {
        if fault == Fault::StatementBroken {
            return self.sql.execute("ALTER TABLE users_away RENAME TO users");
        }
        self.sql.heal(fault)
    }

    fn close(&self) -> Later<'_, Result<(), String>> {
        self.sql.close()
    }
}
