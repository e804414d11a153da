#!/usr/bin/env bash
# What tests need to start OpenLDAP's slapd: slapd.sh start DIR | stop DIR
#
# Nothing runs after `start`: a slapd is up in a tenth of a second, so each test starts one of its own, with the
# overlays and the policy that it is about, and may stop, freeze and fill it. This looks whether the server and its
# modules are there, and says where they and the certificates are.
. "$(dirname "$0")/functions.sh"

here=$(cd "$(dirname "$0")" && pwd)
command=${1:-} dir=${2:-}
[ -n "$dir" ] || fail "usage: slapd.sh start|stop DIR"
slapd=/usr/sbin/slapd
modules=/usr/lib/ldap
schema=/etc/ldap/schema

start() {
  [ -x "$slapd" ] || fail "no slapd in $slapd: apt-get install slapd"
  local module
  for module in back_mdb ppolicy unique memberof argon2 pw-pbkdf2; do
    [ -f "$modules/$module.so" ] || fail "slapd has no module $module: apt-get install slapd slapd-contrib"
  done
  [ -f "$dir/tls/ca.pem" ] || "$here/certificates.sh" "$dir/tls"
  publish "$dir/slapd.env" \
    IDSTORE_TEST_SLAPD="$slapd" IDSTORE_TEST_SLAPD_MODULES="$modules" IDSTORE_TEST_SLAPD_SCHEMA="$schema" \
    IDSTORE_TEST_SLAPD_CA="$dir/tls/ca.pem" IDSTORE_TEST_SLAPD_OTHER_CA="$dir/tls/other-ca.pem" \
    IDSTORE_TEST_SLAPD_CERT="$dir/tls/server.pem" IDSTORE_TEST_SLAPD_KEY="$dir/tls/server.key"
}

case $command in
  start) start ;;
  stop) ;;
  *) fail "usage: slapd.sh start|stop DIR" ;;
esac
