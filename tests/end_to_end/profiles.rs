//! `platform = "auth0"`: a profile within the platform's limits, never a failed login, each adjusted value counted.

use crate::daemon::{Daemon, Folder};
use crate::database::Database;
use crate::users::HASH;
use serde_json::{Value, json};

#[test]
fn what_the_platform_would_refuse_is_mended_and_counted_and_nobody_is_kept_out() {
    for database in Database::each() {
        database.run("CREATE TABLE users (id integer PRIMARY KEY, name text, nickname text, picture text, phone text, email text,
                                          password varchar(200), plan text)");
        let name = "n".repeat(200);
        database.run(&format!(
            "INSERT INTO users VALUES (1, '{name}', '', 'nonsense', '+49 (30) 123-456', 'ann@example.test', '{HASH}', 'gold')"
        ));
        let folder = Folder::new();
        let adapter = database.adapter();
        let groups = match &database {
            Database::Postgres(_) => {
                "(SELECT json_agg('group number ' || n) FROM generate_series(1, 2000) n)"
            }
            Database::Sqlite(_) => {
                "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 2000) \
                                    SELECT json_object('groups', json_group_array('group number ' || n)) FROM s)"
            }
            Database::MySql(_) => unreachable!(),
        };
        let groups = match &database {
            Database::Postgres(_) => format!("{groups} AS \\\"app_metadata.groups\\\""),
            Database::Sqlite(_) | Database::MySql(_) => format!("{groups} AS app_metadata"),
        };
        let lookup = format!(
            "SELECT id AS user_id, name, nickname, picture, phone AS phone_number, email, password AS password_hash, \
             plan AS \\\"user_metadata.the.plan\\\", plan AS \\\"app_metadata.blocked\\\", {groups} FROM users"
        );
        let mut text = database.store(&folder);
        text += &format!(
            "[stores.{adapter}.users.passwords]\naccept = [\"bcrypt\"]\n[stores.{adapter}.users.statements]\n\
             get_user = \"{lookup} WHERE email = :identifier\"\n"
        );
        for (name, platform) in [("auth0", "platform = \"auth0\"\n"), ("plain", "")] {
            text += &format!(
                "[connections.{name}]\nstore = \"users\"\nuser_id_prefix = \"c-{name}\"\ndeadline_ms = 20000\n{platform}"
            );
        }
        let daemon = Daemon::start_in(folder, &text);
        daemon.wait_until_ready();
        let login = json!({ "identifier": "ann@example.test", "password": "CANARY-right-1" });
        let told = daemon.ask("auth0", "login", &login).expect(200, "ok")["user"].clone();
        assert_eq!(told["name"].as_str().unwrap().len(), 150);
        assert_eq!((told.get("picture"), &told["phone_number"]), (None, &json!("+4930123456")));
        assert_eq!(told.get("user_metadata"), None);
        assert_eq!(told["app_metadata"].get("blocked"), None);
        assert_eq!(told["app_metadata"]["truncated"], true);
        assert!(told.to_string().len() <= 10 * 1024, "{}", told.to_string().len());
        let groups = told["app_metadata"]["groups"].as_array().unwrap();
        assert!(
            groups.len() > 300
                && groups.iter().all(|group| group.as_str().unwrap().starts_with("group number "))
        );
        let metrics = daemon.page("/metrics").text;
        for (field, reason) in [
            ("name", "too_long"),
            ("picture", "malformed"),
            ("phone_number", "spelling"),
            ("user_metadata", "forbidden_key"),
            ("app_metadata", "forbidden_key"),
            ("groups", "too_large"),
        ] {
            let line = format!(
                "idstore_profile_adjusted_total{{connection=\"auth0\",field=\"{field}\",reason=\"{reason}\"}} 1"
            );
            assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
        }
        let plain: Value = daemon.ask("plain", "login", &login).expect(200, "ok")["user"].clone();
        assert_eq!(plain["name"].as_str().unwrap().len(), 200, "without a platform they are told as stored");
        assert_eq!(plain["app_metadata"]["groups"].as_array().unwrap().len(), 2000);
    }
}
