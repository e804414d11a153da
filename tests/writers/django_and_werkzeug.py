"""Django, Werkzeug, Zope's AuthEncoding, argon2-cffi and bcrypt."""

import hashlib

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from AuthEncoding import AuthEncoding
from common import OURS, end, ours, theirs
from django.conf import settings
from werkzeug.security import check_password_hash, generate_password_hash

HASHERS = {
    "django:pbkdf2_sha256": "PBKDF2PasswordHasher",
    "django:pbkdf2_sha1": "PBKDF2SHA1PasswordHasher",
    "django:argon2": "Argon2PasswordHasher",
    "django:bcrypt_sha256": "BCryptSHA256PasswordHasher",
    "django:bcrypt": "BCryptPasswordHasher",
    "django:scrypt": "ScryptPasswordHasher",
}
settings.configure(PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{name}" for name in HASHERS.values()])

from django.contrib.auth.hashers import check_password, identify_hasher, make_password  # noqa: E402

for scheme in HASHERS:
    algorithm = OURS[scheme]["hash"].split("$")[0]
    ours(scheme, lambda password, stored, _: check_password(password, stored))
    # Nothing that Django would want to replace.
    assert not identify_hasher(OURS[scheme]["hash"]).must_update(OURS[scheme]["hash"]), scheme
    theirs(scheme, make_password(OURS[scheme]["password"], hasher=algorithm))

for scheme, method in {"werkzeug:scrypt": "scrypt", "werkzeug:pbkdf2": "pbkdf2"}.items():
    ours(scheme, lambda password, stored, _: check_password_hash(stored, password))
    theirs(scheme, generate_password_hash(OURS[scheme]["password"], method))

for scheme, name in {"zope:ssha": "SSHA", "zope:sha": "SHA", "zope:sha256": "SHA256", "zope:bcrypt": "BCRYPT"}.items():
    # As bytes: of text it takes Latin-1 where it can, which is a charset of the operator's to name.
    ours(scheme, lambda password, stored, _: bool(AuthEncoding.pw_validate(stored, password.encode())))
    theirs(scheme, AuthEncoding.pw_encrypt(OURS[scheme]["password"].encode(), name).decode())


def argon2(password, stored, _):
    try:
        return PasswordHasher().verify(stored[stored.index("$argon2") :], password)
    except VerifyMismatchError:
        return False


for scheme in ["argon2", "php:argon2id", "nextcloud:3", "jupyter:argon2", "mediawiki:argon2", "ldap:argon2",
               "spring:argon2@SpringSecurity_v5_8", "symfony:sodium", "laravel:argon2id"]:
    ours(scheme, argon2)
theirs("argon2", PasswordHasher().hash(OURS["argon2"]["password"]))


def plain(password, stored, _):
    return bcrypt.checkpw(password.encode(), stored[stored.index("$2") :].encode())


def hexed(password, stored, line):
    return plain(hashlib.sha256(password.encode()).hexdigest(), stored, line)


for scheme in ["bcrypt", "laravel:bcrypt", "php:bcrypt", "nextcloud:1", "spring:bcrypt", "neos:bcrypt"]:
    ours(scheme, plain)
for scheme in ["flask-bcrypt:sha256", "meteor:bcrypt-sha256hex", "laminas:bcrypt-sha"]:
    ours(scheme, hexed)
theirs("bcrypt", bcrypt.hashpw(OURS["bcrypt"]["password"].encode(), bcrypt.gensalt(8)).decode())
end("Django, Werkzeug, AuthEncoding, argon2-cffi and bcrypt")
