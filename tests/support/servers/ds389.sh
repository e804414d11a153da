#!/usr/bin/env bash
# A private 389 Directory Server in DIR/ds389: ds389.sh start DIR | stop DIR
#
# It takes ten seconds to make, so tests share it: each makes a subtree of its own below dc=example,dc=org, with an account
# of the service that may do all there. Whoever gets a password from somebody else must change it (passwordMustChange).
# The root is `cn=Directory Manager` with the password directory-manager.
. "$(dirname "$0")/functions.sh"

command=${1:-} dir=${2:-}
[ -n "$dir" ] || fail "usage: ds389.sh start|stop DIR"
home=$dir/ds389
pid_file=$home/tree/run/dirsrv/slapd-tests.pid

# The server insists on the user that its package made.
as_dirsrv() {
  local path=$home/bin:/usr/sbin:/usr/bin:/sbin:/bin
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=dirsrv --regid=dirsrv --init-groups env HOME="$home" PATH="$path" "$@"
  else
    env HOME="$home" PATH="$path" "$@"
  fi
}

start() {
  command -v ns-slapd >/dev/null || [ -x /usr/sbin/ns-slapd ] || fail "no ns-slapd: apt-get install 389-ds-base"
  mkdir -p "$home"
  [ "$(id -u)" != 0 ] || chown dirsrv: "$home"
  (cd "$home" && as_dirsrv dscreate ds-root "$home/tree" "$home/bin") >"$dir/ds389.log" 2>&1 ||
    fail "dscreate ds-root failed: $(tail -n 5 "$dir/ds389.log")"
  port=$(free_port)
  ldaps_port=$(free_port)
  as_dirsrv tee "$home/tests.inf" >/dev/null <<END
[general]
config_version = 2
full_machine_name = localhost
strict_host_checking = False
start = True
[slapd]
instance_name = tests
root_dn = cn=Directory Manager
root_password = directory-manager
port = $port
secure_port = $ldaps_port
self_sign_cert = True
[backend-userroot]
suffix = dc=example,dc=org
create_suffix_entry = True
END
  (cd "$home" && as_dirsrv dscreate -v from-file tests.inf) >>"$dir/ds389.log" 2>&1 ||
    fail "dscreate failed: $(tail -n 5 "$dir/ds389.log")"
  configure || fail "389 Directory Server could not be configured"
  # The folder of the instance is its own; tests read the authority.
  cp "$home/tree/etc/dirsrv/slapd-tests/ca.crt" "$dir/ds389-ca.pem"
  chmod 644 "$dir/ds389-ca.pem"
  publish "$dir/ds389.env" IDSTORE_TEST_DS389_PORT="$port" IDSTORE_TEST_DS389_LDAPS_PORT="$ldaps_port" \
    IDSTORE_TEST_DS389_CA="$dir/ds389-ca.pem"
}

# Names may have any letter. Attributes of the tests' own, under the number that is set aside for examples.
configure() {
  ldapmodify -x -H "ldap://127.0.0.1:$port" -D "cn=Directory Manager" -w directory-manager >>"$dir/ds389.log" 2>&1 <<'END'
dn: cn=config
changetype: modify
replace: nsslapd-dynamic-plugins
nsslapd-dynamic-plugins: on
-
replace: passwordMustChange
passwordMustChange: on
-
replace: passwordLockout
passwordLockout: on
-
replace: passwordMaxFailure
passwordMaxFailure: 30
-
replace: passwordIsGlobalPolicy
passwordIsGlobalPolicy: on
-
replace: nsslapd-pwpolicy-local
nsslapd-pwpolicy-local: on

dn: cn=7-bit check,cn=plugins,cn=config
changetype: modify
replace: nsslapd-pluginEnabled
nsslapd-pluginEnabled: off

dn: cn=schema
changetype: modify
add: attributeTypes
attributeTypes: ( 1.3.6.1.4.1.32473.1.1.1 NAME 'testEmailVerified' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributeTypes: ( 1.3.6.1.4.1.32473.1.1.2 NAME 'testPhoneVerified' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributeTypes: ( 1.3.6.1.4.1.32473.1.1.3 NAME 'testBlocked' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributeTypes: ( 1.3.6.1.4.1.32473.1.1.4 NAME 'testOrganization' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributeTypes: ( 1.3.6.1.4.1.32473.1.1.5 NAME 'testMigrated' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
-
add: objectClasses
objectClasses: ( 1.3.6.1.4.1.32473.1.2.1 NAME 'testPerson' SUP top AUXILIARY MAY ( testEmailVerified $ testPhoneVerified $ testBlocked $ testOrganization $ testMigrated ) )
END
}

stop() {
  [ -f "$pid_file" ] || return 0
  local pid
  pid=$(head -n 1 "$pid_file")
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 200); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.05
  done
  kill -KILL "$pid"
}

case $command in
  start) start ;;
  stop) stop ;;
  *) fail "usage: ds389.sh start|stop DIR" ;;
esac
