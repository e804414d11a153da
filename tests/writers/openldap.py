"""OpenLDAP's slapd with its password modules: binds with each of our values, and slappasswd's for us."""

import pathlib
import shutil
import subprocess
import tempfile
import time

from common import OURS, end, ours, theirs

MODULES = ["pw-sha2", "pw-pbkdf2", "pw-apr1", "pw-netscape", "argon2", "back_mdb"]
SCHEMES = ["ldap:salted_sha1", "ldap:salted_sha256", "ldap:salted_sha384", "ldap:salted_sha512", "ldap:salted_md5",
           "ldap:sha1", "ldap:sha256", "ldap:sha384", "ldap:sha512", "ldap:md5", "ldap:crypt", "ldap:pbkdf2_sha1",
           "ldap:pbkdf2_sha256", "ldap:pbkdf2_sha512", "ldap:argon2", "ldap:apr1", "ldap:bsdmd5", "ldap:ns-mta-md5",
           "ldap:cleartext"]
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "data").mkdir()
(folder / "slapd.conf").write_text(
    "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\n"
    + "".join(f"moduleload {module}\n" for module in MODULES)
    + f'pidfile {folder}/pid\ndatabase mdb\nmaxsize 16777216\nsuffix "o=test"\ndirectory {folder}/data\n'
    + "access to attrs=userPassword by anonymous auth\n"
)
entries = ["dn: o=test\nobjectClass: organization\no: test\n"]
for number, scheme in enumerate(SCHEMES):
    (folder / f"{number}").write_text(OURS[scheme]["hash"], encoding="utf-8")
    entries.append(f"dn: cn={number},o=test\nobjectClass: person\ncn: {number}\nsn: {number}\n"
                   f"userPassword:< file://{folder}/{number}\n")
(folder / "entries.ldif").write_text("\n".join(entries))
subprocess.run(["slapadd", "-f", folder / "slapd.conf", "-l", folder / "entries.ldif"], check=True, capture_output=True)
url = "ldapi://" + str(folder / "socket").replace("/", "%2F")
slapd = subprocess.Popen(["slapd", "-f", folder / "slapd.conf", "-h", url, "-d", "0"])


def binds(password, scheme):
    command = ["ldapwhoami", "-x", "-H", url, "-D", f"cn={SCHEMES.index(scheme)},o=test", "-w", password]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


try:
    while subprocess.run(["ldapwhoami", "-x", "-H", url], capture_output=True, check=False).returncode != 0:
        assert slapd.poll() is None, "slapd did not start"
        time.sleep(0.05)
    for scheme in SCHEMES:
        ours(scheme, lambda password, _, line: binds(password, line["scheme"]))
finally:
    slapd.terminate()
    slapd.wait()
WRITES = {"ldap:salted_sha1": "SSHA", "ldap:salted_md5": "SMD5", "ldap:sha1": "SHA", "ldap:md5": "MD5",
          "ldap:salted_sha256": "SSHA256", "ldap:salted_sha512": "SSHA512", "ldap:pbkdf2_sha256": "PBKDF2-SHA256",
          "ldap:pbkdf2_sha512": "PBKDF2-SHA512", "ldap:argon2": "ARGON2", "ldap:apr1": "APR1", "ldap:bsdmd5": "BSDMD5"}
# It takes one module a call.
LOAD = {"SSHA256": "pw-sha2", "SSHA512": "pw-sha2", "PBKDF2-SHA256": "pw-pbkdf2", "PBKDF2-SHA512": "pw-pbkdf2",
        "ARGON2": "argon2", "APR1": "pw-apr1", "BSDMD5": "pw-apr1"}
for scheme, name in WRITES.items():
    load = ["-o", "module-path=/usr/lib/ldap", "-o", f"module-load={LOAD[name]}"] if name in LOAD else []
    command = ["slappasswd", *load, "-h", f"{{{name}}}", "-s"]
    theirs(scheme, subprocess.run([*command, OURS[scheme]["password"]], check=True, capture_output=True, text=True).stdout.strip())
shutil.rmtree(folder)
end("OpenLDAP")
