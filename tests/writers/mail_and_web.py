"""Dovecot's doveadm, Apache's htpasswd and OpenSSL."""

import subprocess
import tempfile

from common import OURS, end, ours, theirs


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout.strip()


def doveadm(password, stored, line):
    return run("doveadm", "-O", "pw", "-u", line["user"], "-t", stored, "-p", password)[0] == 0


DOVECOT = ["argon2id", "blf-crypt", "sha256-crypt", "sha512-crypt", "md5-crypt", "des-crypt", "cram-md5", "digest-md5",
           "pbkdf2", "plain-md4", "plain-md5", "ldap-md5", "sha", "sha256", "sha512", "smd5", "ssha", "ssha256",
           "ssha512", "scram-sha-1", "scram-sha-256", "plain"]
for name in DOVECOT:
    scheme = f"dovecot:{name}"
    ours(scheme, doveadm)
    password = OURS[scheme]["password"]
    stored = run("doveadm", "-O", "pw", "-u", "alice", "-s", name.upper(), "-p", password)[1]
    theirs(scheme, stored, user="alice")


def htpasswd(password, stored, _):
    with tempfile.NamedTemporaryFile("w", suffix=".htpasswd") as file:
        file.write(f"alice:{stored}\n")
        file.flush()
        return run("htpasswd", "-vb", file.name, "alice", password)[0] == 0


for scheme in ["bcrypt", "php:bcrypt", "apr_md5_crypt", "ldap:sha1", "sha512_crypt"]:
    ours(scheme, htpasswd)
for scheme, option in {"bcrypt": "-B", "apr_md5_crypt": "-m", "ldap:sha1": "-s"}.items():
    theirs(scheme, run("htpasswd", "-nb", option, "alice", OURS[scheme]["password"])[1].split(":", 1)[1])

OPENSSL = {"md5_crypt": "-1", "apr_md5_crypt": "-apr1", "sha256_crypt": "-5", "sha512_crypt": "-6", "aix_md5": "-aixmd5"}
for scheme, option in OPENSSL.items():

    def openssl(password, stored, _, option=option):
        salt = stored.split("$")[0 if option == "-aixmd5" else 2]
        return run("openssl", "passwd", option, "-salt", salt, password)[1] == stored

    ours(scheme, openssl)
    theirs(scheme, run("openssl", "passwd", option, OURS[scheme]["password"])[1])
end("Dovecot, htpasswd and OpenSSL")
