#!/usr/bin/env bash
# A private Samba 4.17 as an Active Directory domain controller in DIR/samba, LDAP only: samba.sh start DIR | stop DIR
#
# Its ports can't be chosen (389 and 636), so it listens on a loopback address that no other run has, and needs root, or sudo
# without a password. Tests share it: each makes an organizational unit. The domain is ad.example.org, its administrator's password
# Passw0rd-Admin-1. A domain's password policy is one for all: here it refuses three characters, and locks after 25 wrong ones.
. "$(dirname "$0")/functions.sh"

here=$(cd "$(dirname "$0")" && pwd)
command=${1:-} dir=${2:-}
[ -n "$dir" ] || fail "usage: samba.sh start|stop DIR"
home=$dir/samba
# Not on 127.0.0.1, where the machine may have a directory of its own.
address=127.77.$((RANDOM % 250)).$((1 + RANDOM % 250))

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

start() {
  command -v samba-tool >/dev/null || fail "no Samba: apt-get install samba-ad-dc samba-ad-provision samba-dsdb-modules"
  as_root true || fail "a domain controller needs root, for its ports can't be chosen"
  [ -f "$dir/tls/ca.pem" ] || "$here/certificates.sh" "$dir/tls"
  mkdir -p "$home"
  as_root samba-tool domain provision --realm=AD.EXAMPLE.ORG --domain=AD --server-role=dc --dns-backend=NONE \
    --adminpass=Passw0rd-Admin-1 --host-name=dc1 --host-ip="$address" --targetdir="$home" \
    --option="interfaces=$address/8" --option="bind interfaces only=yes" >"$dir/samba.log" 2>&1 ||
    fail "the domain was not made: $(tail -n 5 "$dir/samba.log")"
  as_root samba-tool domain passwordsettings set -s "$home/etc/smb.conf" --complexity=off --history-length=0 \
    --min-pwd-age=0 --min-pwd-length=4 --account-lockout-threshold=25 >>"$dir/samba.log" 2>&1 ||
    fail "the password policy was not set: $(tail -n 5 "$dir/samba.log")"
  # The server wants its key to be its own.
  as_root install -m 0600 "$dir/tls/server.key" "$home/server.key"
  as_root mkdir -p "$home/run"
  as_root setsid samba -i -M single -s "$home/etc/smb.conf" --debug-stdout -d 1 --option="server services=ldap" \
    --option="interfaces=$address/8" --option="bind interfaces only=yes" --option="pid directory=$home/run" \
    --option="ncalrpc dir=$home/run/ncalrpc" --option="lock directory=$home/run" --option="logging=stdout" \
    --option="dcerpc endpoint servers=" --option="old password allowed period=0" \
    --option="tls keyfile=$home/server.key" --option="tls certfile=$dir/tls/server.pem" \
    --option="tls cafile=$dir/tls/ca.pem" </dev/null >>"$dir/samba.log" 2>&1 &
  wait_until $! ldapsearch -x -H "ldap://$address" -b '' -s base dnsHostName ||
    fail "the domain controller did not start: $(tail -n 5 "$dir/samba.log")"
  publish "$dir/samba.env" IDSTORE_TEST_SAMBA_ADDRESS="$address" IDSTORE_TEST_SAMBA_CA="$dir/tls/ca.pem" \
    IDSTORE_TEST_SAMBA_DATABASE="$home/private/sam.ldb"
}

stop() {
  local pid
  [ -f "$home/run/samba.pid" ] || return 0
  pid=$(as_root cat "$home/run/samba.pid")
  as_root kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 200); do
    as_root kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.05
  done
  as_root kill -KILL "$pid"
}

case $command in
  start) start ;;
  stop) stop ;;
  *) fail "usage: samba.sh start|stop DIR" ;;
esac
