"""passlib, and the system's crypt(3)."""

import warnings

from common import OURS, end, ours, theirs
from passlib import hash as passlib

warnings.simplefilter("ignore")
import crypt  # noqa: E402

# Ours and passlib's name.
HANDLERS = {
    "passlib:pbkdf2_sha256": "pbkdf2_sha256",
    "passlib:pbkdf2_sha512": "pbkdf2_sha512",
    "passlib:pbkdf2_sha1": "pbkdf2_sha1",
    "odoo:pbkdf2_sha512": "pbkdf2_sha512",
    "gitlab:pbkdf2-sha512": "pbkdf2_sha512",
    "typo3:pbkdf2_sha256": "pbkdf2_sha256",
    "passlib:bcrypt_sha256": "bcrypt_sha256",
    "passlib:scrypt": "scrypt",
    "passlib:fshp": "fshp",
    "passlib:cta_pbkdf2_sha1": "cta_pbkdf2_sha1",
    "grub_pbkdf2_sha512": "grub_pbkdf2_sha512",
    "atlassian_pbkdf2_sha1": "atlassian_pbkdf2_sha1",
    "apr_md5_crypt": "apr_md5_crypt",
    "phpass": "phpass",
    "mysql41": "mysql41",
    "mssql2005": "mssql2005",
    "oracle11": "oracle11",
    "nthash": "nthash",
    "ldap:salted_sha1": "ldap_salted_sha1",
    "ldap:salted_md5": "ldap_salted_md5",
    "ldap:salted_sha256": "ldap_salted_sha256",
    "ldap:salted_sha512": "ldap_salted_sha512",
    "ldap:sha1": "ldap_sha1",
    "ldap:md5": "ldap_md5",
    "ldap:pbkdf2_sha1": "ldap_pbkdf2_sha1",
    "ldap:pbkdf2_sha256": "ldap_pbkdf2_sha256",
    "ldap:pbkdf2_sha512": "ldap_pbkdf2_sha512",
    "roundup:plaintext": "roundup_plaintext",
    "hex_md5": "hex_md5",
    "hex_sha1": "hex_sha1",
    "hex_sha256": "hex_sha256",
    "hex_sha512": "hex_sha512",
}
for scheme, name in HANDLERS.items():
    handler = getattr(passlib, name)
    ours(scheme, lambda password, stored, _, handler=handler: handler.verify(password, stored))
    theirs(scheme, handler.hash(OURS[scheme]["password"]))
ours("postgres_md5", lambda password, stored, line: passlib.postgres_md5.verify(password, stored, user=line["user"]))
theirs("postgres_md5", passlib.postgres_md5.hash(OURS["postgres_md5"]["password"], user="alice"), user="alice")

# What the system makes of a setting, and the setting of a new value: crypt(3) has no salt for all of them.
SETTINGS = {
    "sha512_crypt": "$6$rounds=2000$grainofsalt$",
    "sha256_crypt": "$5$grainofsalt$",
    "md5_crypt": "$1$ofsalt$",
    "des_crypt": "ab",
    "bsdi_crypt": "_J9..salt",
    "sha1_crypt": "$sha1$300$grainofsalt",
    "sun_md5_crypt": "$md5,rounds=55$grainsal$",
    "yescrypt": "$y$j75$grainofsalt.",
    "gost_yescrypt": "$gy$j75$grainofsalt.",
    "scrypt-mcf7": "$7$AU..../....grainofsalt",
    "bcrypt": "$2b$05$abcdefghijklmnopqrstuu",
}
for scheme, setting in SETTINGS.items():
    ours(scheme, lambda password, stored, _: crypt.crypt(password, stored) == stored)
    theirs(scheme, crypt.crypt(OURS[scheme]["password"], setting))
for scheme in ["ldap:crypt", "dovecot:sha512-crypt", "dovecot:blf-crypt", "otrs:md5_crypt", "roundup:crypt", "zope:crypt"]:
    ours(scheme, lambda password, stored, _: crypt.crypt(password, (s := stored[stored.find("}") + 1 :])) == s)
end("passlib and crypt(3)")
