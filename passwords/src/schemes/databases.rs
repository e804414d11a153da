//! The password columns of database servers, message brokers, network devices and operating systems.

use super::{Line, marked, marked_weak, named, weak};

#[rustfmt::skip]
pub(super) const TABLE: &[Line] = &[
    marked("postgres_scram", "SCRAM-SHA-256$<rounds>:<salt:base64>$<digest32:base64>:<digest:base64>", "bin(sha256(bin(hmac_sha256(bin(pbkdf2_sha256(saslprep(pass), salt, rounds)), 'Client Key')))) . bin(hmac_sha256(bin(derived), 'Server Key'))", "write salt=b16 rounds=4096"),
    weak("postgres_md5", "md5<digest>", "md5(pass . user)", "write"),
    weak("mysql323", "<digest>", "mysql323(pass)", ""),
    marked_weak("mysql41", "*<digest:HEX>", "sha1(bin(sha1(pass)))", "write"),
    weak("mysql41:nostar", "<digest>", "sha1(bin(sha1(pass)))", "write"),
    marked("mysql:caching_sha2", "<mysql_sha2>", "mysql_sha2(pass)", "write"),
    marked_weak("mssql2000", "0x0100<salt4+digest40:HEX>", "bin(sha1(utf16le(pass) . salt)) . bin(sha1(utf16le(upper(pass)) . salt))", ""),
    marked_weak("mssql2005", "0x0100<salt4+digest20:HEX>", "sha1(utf16le(pass) . salt)", "write salt=b4"),
    marked_weak("mssql2012", "0x0200<salt4+digest64:HEX>", "sha512(utf16le(pass) . salt)", "write salt=b4"),
    weak("oracle10", "<digest:HEX>", "oracle10(utf16be(upper(user . pass)))", ""),
    marked_weak("oracle11", "S:<digest20+salt10:HEX>", "sha1(pass . salt)", "write salt=b10"),
    weak("oracle11:hex", "<digest>:<salt:hex>", "sha1(pass . salt)", ""),
    weak("oracle11:hex", "<digest20+salt10:hex>", "sha1(pass . salt)", ""),
    marked("oracle12", "T:<digest64+salt16:HEX>", "sha512(bin(pbkdf2_sha512(pass, salt . 'AUTH_PBKDF2_SPEEDY_KEY', 4096, 64)) . salt)", "write salt=b16"),
    named("oracle12:hex", "<digest64+salt16:HEX>", "sha512(bin(pbkdf2_sha512(pass, salt . 'AUTH_PBKDF2_SPEEDY_KEY', 4096, 64)) . salt)", ""),
    weak("rabbitmq:sha256", "<salt4+digest32:base64>", "sha256(salt . pass)", "write salt=b4"),
    weak("rabbitmq:sha512", "<salt4+digest64:base64>", "sha512(salt . pass)", "write salt=b4"),
    marked("hashcat:mongodb-scram-sha1", "$mongodb-scram$*0*<user:base64>*<rounds>*<salt:base64>*<digest:base64>", "hmac_sha1(bin(pbkdf2_sha1(md5(user . ':mongo:' . pass), salt, rounds)), 'Server Key')", ""),
    marked("hashcat:mongodb-scram-sha256", "$mongodb-scram$*1*<user:base64>*<rounds>*<salt:base64>*<digest:base64>", "hmac_sha256(bin(pbkdf2_sha256(saslprep(pass), salt, rounds)), 'Server Key')", ""),
    marked("hashcat:scrypt", "SCRYPT:<n>:<r>:<p>:<salt:base64>:<digest:base64>", "scrypt(pass, salt, n, r, p, 32)", ""),
    marked_weak("cisco8", "$8$<salt>$<digest:base64-crypt>", "pbkdf2_sha256(pass, salt, 20000)", "write salt=14"),
    marked("cisco9", "$9$<salt>$<digest:base64-crypt>", "scrypt(pass, salt, 16384, 1, 1, 32)", "write salt=14"),
    weak("cisco4", "<digest:base64-crypt>", "sha256(pass)", ""),
    weak("cisco_pix", "<digest:base64-phpass>", "pix_pick(bin(md5(left(pix_pad(pass . left(user, 4)), 16))))", ""),
    weak("cisco_pix", "<digest:base64-phpass>", "pix_pick(bin(md5(left(pix_pad(pass), 16))))", ""),
    weak("cisco_asa", "<digest:base64-phpass>", "pix_pick(bin(md5(pix_pad(pass . left(user, 4)))))", ""),
    weak("netscaler:sha1", "1<salt8><digest>", "sha1(salt . pass . '\\x00')", "write salt=h8"),
    weak("netscaler:sha512", "2<salt8><digest>", "sha512(salt . pass . '\\x00')", "write salt=h8"),
    weak("msdcc", "<digest>", "md4(bin(md4(utf16le(pass))) . utf16le(lower(user)))", ""),
    weak("msdcc:salted", "<digest>", "md4(bin(md4(utf16le(pass))) . utf16le(lower(salt)))", ""),
    weak("msdcc2", "<digest>", "pbkdf2_sha1(bin(md4(bin(md4(utf16le(pass))) . utf16le(lower(user)))), utf16le(lower(user)), 10240, 16)", ""),
    weak("azure:sync", "v1;PPH1_MD4,<salt:hex>,<rounds>,<digest>;", "pbkdf2_sha256(utf16le(upper(md4(utf16le(pass)))), salt, rounds)", ""),
];
