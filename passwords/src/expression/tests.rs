//! The expression language: what it computes, its mistakes and its bounds.

use super::*;
use proptest::prelude::*;

fn inputs() -> Inputs<'static> {
    Inputs {
        pass: b"password",
        salt: b"salt",
        user: b"Alice",
        key: b"key",
        column: b"column",
        derived: &[],
        rounds: 3,
        brief: false,
    }
}

fn hex(text: &str) -> String {
    let expression = Expression::parse(text).unwrap();
    crate::encoding::hex_encode(&expression.before(&inputs()).unwrap())
}

#[test]
fn digests_stand_in_hex_between_steps_and_in_bytes_where_told() {
    // md5("password") = 5f4dcc3b5aa765d61d8327deb882cf99
    assert_eq!(hex("md5(pass)"), "5f4dcc3b5aa765d61d8327deb882cf99");
    assert_eq!(hex("md5(md5(pass))"), hex("md5('5f4dcc3b5aa765d61d8327deb882cf99')"));
    assert_eq!(hex("md5(upper(md5(pass)))"), hex("md5('5F4DCC3B5AA765D61D8327DEB882CF99')"));
    assert_eq!(
        hex("md5(bin(md5(pass)))"),
        hex("md5('\\x5f\\x4d\\xcc\\x3b\\x5a\\xa7\\x65\\xd6\\x1d\\x83\\x27\\xde\\xb8\\x82\\xcf\\x99')")
    );
    assert_eq!(hex("md5(base64(md5(pass)))"), hex("md5('X03MO1qnZdYdgyfeuILPmQ==')"));
    assert_eq!(hex("md5(salt . pass)"), "67a1e09bb1f83f5007dc119c14d663aa");
}

#[test]
fn a_repetition_is_the_steps_one_after_another() {
    assert_eq!(hex("repeat(md5(pass), rounds - 1, md5(it))"), hex("md5(md5(md5(pass)))"));
    assert_eq!(hex("repeat(md5(pass), 1, md5(bin(it) . salt))"), hex("md5(bin(md5(pass)) . salt)"));
    assert_eq!(hex("repeat('', rounds + 1, hex(md5(it . pass)))"), hex("repeat('', 4, hex(md5(it . pass)))"));
}

#[test]
fn text_functions_do_what_applications_do() {
    assert_eq!(hex("trim('  a b\\x0a')"), hex("'a b'"));
    assert_eq!(
        hex("html('<a href=\"x\">&\\'</a>')"),
        hex("'&lt;a href=&quot;x&quot;&gt;&amp;\\'&lt;/a&gt;'")
    );
    assert_eq!(hex("utf16le('aé')"), "6100e900");
    assert_eq!(hex("latin1('é')"), "e9");
    assert_eq!(hex("lower(user)"), hex("'alice'"));
    assert_eq!(hex("left(md5(pass), 4)"), hex("'5f4d'"));
    assert_eq!(hex("slice('abcdef', 2, 3)"), hex("'cde'"));
}

#[test]
fn a_character_outside_the_charset_has_no_value() {
    let expression = Expression::parse("md5(latin1(pass))").unwrap();
    let inputs = Inputs { pass: "密".as_bytes(), ..inputs() };
    assert!(expression.before(&inputs).is_err());
}

#[test]
fn a_derivation_stands_once_and_what_is_around_it_takes_its_result() {
    let expression = Expression::parse("sha256(bin(pbkdf2_sha256(md5(pass), salt . 'x', 10, 32)))").unwrap();
    assert!(matches!(expression.stage(), Stage::Pbkdf2 { .. }) && expression.has_after());
    assert_eq!(expression.len(), Some(32));
    assert!(Expression::parse("bcrypt(bcrypt(pass))").is_err());
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, part) in [
        ("", "ends too early"),
        ("md5(pass", "closing parenthesis is missing"),
        ("md5(pass) x", "should end at 10"),
        ("md5(password)", "\"password\" is no input"),
        ("md6(pass)", "\"md6\" is no function"),
        ("md5(it)", "\"it\" is no input"),
        ("bin(pass)", "bin() takes a digest"),
        ("'abc", "has no end"),
        ("md5(pass; salt)", "';' at 8"),
        ("repeat(md5(pass), 99999999, md5(it))", "more than 1000000"),
        ("repeat(pass, 2, md5(it))", "makes a digest where"),
        ("md5(99999999999)", "too large"),
    ] {
        let message = Expression::parse(text).unwrap_err();
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn length_depth_and_number_of_parts_are_bounded() {
    assert!(Expression::parse(&format!("md5('{}')", "x".repeat(EXPRESSION_BYTES_MAX))).is_err());
    assert!(Expression::parse(&format!("{}pass{}", "md5(".repeat(16), ")".repeat(16))).is_err());
    assert!(Expression::parse(&format!("pass{}", ".pass".repeat(130))).is_err());
    let wide = Expression::parse(&format!("{}pass{}", "utf16le(".repeat(14), ")".repeat(14))).unwrap();
    assert!(wide.before(&Inputs { pass: &[b'x'; 1024], ..inputs() }).is_err(), "a value would have 16 MiB");
}

/// Texts that are expressions, or nearly.
fn near_expression() -> impl Strategy<Value = String> {
    let words = [
        "md5(",
        "sha1(",
        "hmac_sha256(",
        "repeat(",
        "bin(",
        "hex(",
        "base64(",
        "left(",
        "fill(",
        "utf16le(",
        "bcrypt(",
        "pbkdf2_sha1(",
        "scrypt(",
        "argon2id(",
        "pass",
        "salt",
        "user",
        "key",
        "it",
        "derived",
        "'x'",
        "\"é\"",
        " . ",
        ", ",
        ")",
        ")",
        ")",
        "1",
        "32",
        "rounds",
        "rounds - 1",
        "'\\x0",
        "(",
    ];
    prop::collection::vec(proptest::sample::select(words.to_vec()), 0..24).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_or_the_evaluation_panic(
        text in prop_oneof![any::<String>(), near_expression()],
        pass in prop::collection::vec(any::<u8>(), 0..64),
        salt in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        if let Ok(expression) = Expression::parse(&text) {
            let inputs = Inputs { pass: &pass, salt: &salt, ..inputs() };
            let _unused = (expression.before(&inputs), expression.salt(&inputs), expression.len(), expression.strength());
            let _unused = expression.after(&Inputs { derived: &salt, ..inputs });
        }
    }

    #[test]
    fn equal_inputs_make_equal_digests_and_other_passwords_others(
        one in "[a-zé]{1,40}",
        other in "[a-zé]{1,40}",
    ) {
        let expression = Expression::parse("sha1(salt . sha1(salt . sha1(pass)))").unwrap();
        let digest = |pass: &str| expression.before(&Inputs { pass: pass.as_bytes(), ..inputs() }).unwrap();
        prop_assert_eq!(digest(&one) == digest(&other), one == other);
    }
}
