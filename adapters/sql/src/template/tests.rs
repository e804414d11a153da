use super::*;
use proptest::prelude::*;

const KEY: StatementKey = StatementKey::GetUser;

fn sql(dialect: Dialect, text: &str) -> String {
    let (template, faults) = compile(dialect, KEY, text);
    assert_eq!(faults, [], "{text}");
    template.sql
}

fn fault(dialect: Dialect, text: &str) -> Fault {
    let (_, mut faults) = compile(dialect, KEY, text);
    assert_eq!(faults.len(), 1, "{text}: {faults:?}");
    faults.remove(0)
}

#[test]
fn every_occurrence_is_a_position_of_its_own() {
    let text = "SELECT :email, :email, :user_id";
    assert_eq!(sql(Dialect::Postgres, text), "SELECT $1, $2, $3");
    assert_eq!(sql(Dialect::Sqlite, text), "SELECT ?1, ?2, ?3");
    assert_eq!(sql(Dialect::MySql, text), "SELECT ?, ?, ?");
    let (template, _) = compile(Dialect::Postgres, KEY, text);
    assert_eq!(template.parameters[1], (Parameter::parse("email").unwrap(), 15));
}

#[test]
fn ordinary_colons_are_left_alone() {
    for text in [
        "SELECT to_char(x, 'HH24:MI:SS'), 'https://a.example', 'a::email', 'user:email'",
        "SELECT x::text, '{\"a\": 1}'::jsonb, a[1:2]",
        "SELECT 1 -- :nothing here, ? or $1\n /* :email */",
    ] {
        assert_eq!(sql(Dialect::Postgres, text), text);
    }
}

#[test]
fn a_known_name_inside_quotes_is_refused_at_its_place() {
    let found = fault(Dialect::Postgres, "SELECT 1 WHERE a LIKE '%:email%'");
    assert_eq!(found.offset, 24);
    assert!(found.message.contains("inside quotes"));
    assert_eq!(fault(Dialect::Sqlite, "SELECT ':param.org'").offset, 8);
    assert_eq!(fault(Dialect::Sqlite, "SELECT \":email\" FROM t").offset, 8);
    assert_eq!(fault(Dialect::MySql, "SELECT `:email` FROM t").offset, 8);
    assert_eq!(fault(Dialect::Postgres, "SELECT $a$ :email $a$").offset, 11);
}

#[test]
fn a_placeholder_where_a_name_stands_is_refused() {
    for text in [
        "SELECT 1 FROM :email",
        "SELECT 1 FROM a JOIN :email ON true",
        "INSERT INTO :email VALUES (1)",
        "UPDATE :email SET a = 1",
        "SELECT 1 FROM t ORDER BY :email",
        "SELECT 1 FROM t ORDER BY a, :email",
        "SELECT a.:email FROM a",
        "SELECT :email.b FROM a",
        "SELECT 1 AS :email",
        "SELECT :email(1)",
    ] {
        assert!(fault(Dialect::Postgres, text).message.contains("name belongs"), "{text}");
    }
}

#[test]
fn values_behind_the_same_words_are_values() {
    for text in [
        "SELECT 1 WHERE a IS DISTINCT FROM :email",
        "SELECT trim(both ' ' FROM :email)",
        "SELECT extract(year FROM :email::date)",
        "SELECT 1 FROM t ORDER BY a LIMIT :user_id",
        "SELECT 1 FROM t WHERE a IN (:email, :username) ORDER BY (CASE WHEN b = :email THEN 1 ELSE 2 END)",
        "INSERT INTO t (a, b) VALUES (:email, :username)",
        "UPDATE t SET a = :email, b = :username",
    ] {
        sql(Dialect::Postgres, text);
    }
}

#[test]
fn a_drivers_own_placeholder_is_refused_with_the_remedy() {
    assert_eq!(fault(Dialect::Postgres, "SELECT 1 WHERE a = $1").offset, 19);
    assert!(fault(Dialect::Postgres, "SELECT data ? 'a'").message.contains("jsonb_exists"));
    assert_eq!(fault(Dialect::Sqlite, "SELECT 1 WHERE a = @x").offset, 19);
    assert_eq!(fault(Dialect::Sqlite, "SELECT 1 WHERE a = ?").offset, 19);
    sql(Dialect::Postgres, "SELECT 1 WHERE a @> b AND c <@ d AND e @@ f AND g ?| h AND i ?& j");
}

#[test]
fn an_unknown_name_is_told_with_the_nearest_known_one() {
    let found = fault(Dialect::Sqlite, "SELECT 1 WHERE a = :emial");
    assert_eq!(
        (found.offset, found.message.as_str()),
        (19, "unknown parameter :emial; did you mean :email?")
    );
    assert!(fault(Dialect::Postgres, "SELECT a[b:c]").message.contains("slice"));
    assert!(fault(Dialect::Postgres, "SELECT :param").message.contains("unknown parameter :param"));
}

#[test]
fn two_statements_in_one_text_are_refused() {
    assert_eq!(fault(Dialect::Sqlite, "SELECT 1; SELECT 2").offset, 10);
    sql(Dialect::Sqlite, "SELECT ';' ; -- the end\n");
}

#[test]
fn what_never_ends_and_what_is_empty_are_refused() {
    assert_eq!(fault(Dialect::Sqlite, "SELECT 'a").offset, 7);
    assert_eq!(fault(Dialect::Sqlite, " -- nothing").message, "there is no statement here");
}

#[test]
fn a_placeholder_never_melts_into_the_word_before_it() {
    assert_eq!(sql(Dialect::Postgres, "SELECT 1 LIMIT:user_id"), "SELECT 1 LIMIT $1");
}

#[test]
fn only_a_select_that_changes_nothing_may_share_a_session() {
    let is_select = |text| compile(Dialect::Postgres, KEY, text).0.is_select;
    assert!(is_select("SELECT a FROM t WHERE b = :email"));
    assert!(is_select("WITH x AS (SELECT 1) SELECT * FROM x"));
    assert!(!is_select("SELECT a FROM t FOR UPDATE"));
    assert!(!is_select("WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x"));
    assert!(!is_select("UPDATE t SET a = 1"));
    assert!(!is_select("CALL p(:email)"));
}

#[test]
fn a_password_is_compared_exactly_where_the_texts_of_a_server_fold() {
    let text = "SELECT pass = :password AS matches FROM t WHERE id = :user_id";
    let (template, faults) = compile(Dialect::MySql, StatementKey::Check, text);
    assert!(template.sql.starts_with("SELECT pass = (? COLLATE "), "{}", template.sql);
    assert!(template.sql.ends_with(") AS matches FROM t WHERE id = ?"), "{}", template.sql);
    assert_eq!(faults, []);
    let (stored, _) = compile(Dialect::MySql, StatementKey::ChangePassword, "UPDATE t SET pass = :password");
    assert_eq!(stored.sql, "UPDATE t SET pass = ?");
    let (template, _) = compile(Dialect::Postgres, StatementKey::Check, text);
    assert_eq!(template.sql, "SELECT pass = $1 AS matches FROM t WHERE id = $2");
}

#[test]
fn another_collation_may_not_fold_what_is_compared_exactly() {
    for text in ["SELECT pass = :password COLLATE utf8mb4_bin", "SELECT pass COLLATE utf8mb4_bin = :password"]
    {
        let (_, faults) = compile(Dialect::MySql, StatementKey::Check, text);
        assert!(faults[0].message.contains("COLLATE"), "{faults:?}");
        assert_eq!(compile(Dialect::Sqlite, StatementKey::Check, text).1, []);
    }
}

#[test]
fn a_password_is_never_compared_as_a_pattern() {
    for dialect in [Dialect::MySql, Dialect::Postgres, Dialect::Sqlite] {
        for compared in [
            "pass LIKE :password",
            "pass LIKE BINARY :password",
            "pass LIKE (:password)",
            "pass LIKE CONCAT(:password)",
            "pass NOT LIKE :password",
            "pass REGEXP BINARY :password",
            "REGEXP_LIKE(pass, :password)",
            "INSTR(pass, :password) = 1",
            "position(:password in pass) = 1",
            "locate(concat('', :password), pass)",
        ] {
            let (_, faults) = compile(dialect, StatementKey::Check, &format!("SELECT {compared} AS matches"));
            assert!(faults.iter().any(|fault| fault.message.ends_with("write =")), "{compared}: {faults:?}");
        }
    }
    for compared in ["pass ~ :password", "pass ~* :password", "pass !~~ :password"] {
        let (_, faults) =
            compile(Dialect::Postgres, StatementKey::Check, &format!("SELECT {compared} AS matches"));
        assert!(faults[0].message.contains("pattern"), "{compared}: {faults:?}");
    }
}

#[test]
fn no_function_takes_the_collation_away_that_compares_exactly() {
    let faults = |compared: &str| {
        compile(Dialect::MySql, StatementKey::Check, &format!("SELECT {compared} AS matches")).1
    };
    for compared in [
        "pass = CONVERT(:password USING latin1)",
        "pass = CAST(:password AS CHAR)",
        "pass = CAST(concat(:password, salt) AS CHAR)",
        "pass = JSON_UNQUOTE(JSON_QUOTE(:password))",
    ] {
        assert!(faults(compared)[0].message.contains("exactly"), "{compared}");
    }
    // Of a digest every bit counts, whatever collation it has; and the column may be converted.
    for compared in [
        "pass = MD5(CONVERT(:password USING latin1))",
        "pass = SHA2(CONCAT(salt, CAST(:password AS BINARY)), 256)",
        "CAST(pass AS CHAR) = :password",
        "CAST(pass AS BINARY) = CAST(:password AS BINARY)",
        "pass = CONVERT(:password, BINARY)",
        "pass = CONCAT(:password, salt)",
        "pass IN (:password)",
    ] {
        assert_eq!(faults(compared), [], "{compared}");
    }
}

#[test]
fn what_mysql_reads_in_another_way_than_others_is_refused() {
    assert!(fault(Dialect::MySql, "SELECT 1 WHERE a = 'x' || :email").message.contains("CONCAT"));
    sql(Dialect::MySql, "SELECT a | b");
    for text in ["SELECT 1 /*! , 2 */", "SELECT 1 /*!80000 , 2 */", "SELECT 1 /*M! , 2 */"] {
        assert!(fault(Dialect::MySql, text).message.contains("runs"), "{text}");
    }
    sql(Dialect::MySql, "SELECT /*+ MAX_EXECUTION_TIME(1000) */ 1 /* plain */");
}

#[test]
fn a_change_answers_nothing_unless_it_returns() {
    let nothing = |text| compile(Dialect::MySql, StatementKey::Create, text).0.answers_nothing;
    assert!(nothing("INSERT INTO t (a) VALUES (:email)"));
    assert!(!nothing("INSERT INTO t (a) VALUES (:email) RETURNING id AS user_id"));
    assert!(!nothing("CALL p(:email)") && !nothing("SELECT LAST_INSERT_ID() AS user_id"));
}

fn dialects() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(Dialect::Postgres), Just(Dialect::Sqlite), Just(Dialect::MySql)]
}

proptest! {
    #[test]
    fn every_text_compiles_and_every_fault_has_a_place(
        dialect in dialects(),
        text in r#"(SELECT|FROM|BY|:email|:param\.x|:zzz|[-'"`$:;/*\\?@#\[\]() .eEx1é]|\PC){0,40}"#,
    ) {
        let (template, faults) = compile(dialect, KEY, &text);
        for (_, offset) in &template.parameters {
            prop_assert!(text.get(*offset..).is_some_and(|rest| rest.starts_with(':')));
        }
        for fault in faults {
            prop_assert!(text.is_char_boundary(fault.offset));
        }
    }

    #[test]
    fn text_outside_the_parameters_is_not_changed(
        dialect in dialects(),
        parts in proptest::collection::vec(r"( [a-z]{1,5} |'[^':\\]{0,6}'| [0-9]{1,3} |\(|\)| -- [a-z]{0,3}\n)", 1..12),
    ) {
        let names = [" :email ", " :user_id ", " :param.org "];
        let text: String = parts.iter().zip(names.iter().cycle()).flat_map(|(part, name)| [part.as_str(), name]).collect();
        let (template, _) = compile(dialect, KEY, &text);
        let placeholders = (1..).map(|position| format!(" {} ", dialect.placeholder(position)));
        let expected: String = parts.into_iter().zip(placeholders).flat_map(|(part, bound)| [part, bound]).collect();
        prop_assert_eq!(template.sql, expected);
    }
}
