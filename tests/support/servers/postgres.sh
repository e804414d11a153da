#!/usr/bin/env bash
# A private PostgreSQL 15 in DIR/postgres: postgres.sh start DIR | stop DIR
#
# Roles: `idstore` signs in with the password idstore-test (scram) over the socket and TCP, with and without TLS;
# `idstore_cert` with the client certificate over TLS; `idstore_peer` over the socket as the operating-system user
# that runs the tests; `postgres`, the superuser, over the socket without a password. All may create databases.
. "$(dirname "$0")/functions.sh"

here=$(cd "$(dirname "$0")" && pwd)
command=${1:-} dir=${2:-}
[ -n "$dir" ] || fail "usage: postgres.sh start|stop DIR"
bin=${IDSTORE_TEST_PG_BIN:-/usr/lib/postgresql/15/bin}
home=$dir/postgres

start() {
  [ -x "$bin/postgres" ] || fail "no PostgreSQL 15 in $bin: apt-get install postgresql-15"
  # The kernel takes 107 bytes for a socket's path.
  [ $((${#home} + 20)) -lt 107 ] || fail "$home is too long a path for a unix socket"
  server_folder "$home"
  as_server "$bin/initdb" -D "$home/data" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" ||
    fail "initdb failed: $(cat "$dir/initdb.log")"
  [ -f "$dir/tls/ca.pem" ] || "$here/certificates.sh" "$dir/tls"
  # PostgreSQL wants to own its key, the tests theirs.
  cp "$dir/tls/server.key" "$home/server.key"
  [ "$(id -u)" != 0 ] || chown "$server_user:" "$home/server.key"
  configure
  for attempt in 1 2 3; do
    port=$(free_port)
    if as_server "$bin/pg_ctl" -D "$home/data" -w -t 30 -l "$home/log" -o "-p $port" start >/dev/null; then break; fi
    [ "$attempt" != 3 ] || fail "PostgreSQL did not start: $(tail -n 5 "$home/log")"
  done
  roles
  publish "$dir/postgres.env" \
    IDSTORE_TEST_PG_BIN="$bin" IDSTORE_TEST_PG_SOCKET="$home" IDSTORE_TEST_PG_PORT="$port" \
    IDSTORE_TEST_PG_LOG="$home/log" \
    IDSTORE_TEST_PG_CA="$dir/tls/ca.pem" IDSTORE_TEST_PG_OTHER_CA="$dir/tls/other-ca.pem" \
    IDSTORE_TEST_PG_UNNAMED_HOST=127.0.0.2 \
    IDSTORE_TEST_PG_CLIENT_CERT="$dir/tls/client.pem" IDSTORE_TEST_PG_CLIENT_KEY="$dir/tls/client.key"
}

# Nothing here outlives the run, so nothing is forced to disk. 127.0.0.2 is an address that the certificate does not
# name: a client that verifies it must refuse.
configure() {
  cat >"$dir/postgresql.tests.conf" <<END
listen_addresses = '127.0.0.1,127.0.0.2'
unix_socket_directories = '$home'
max_connections = 300
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum_naptime = 5min
ssl = on
ssl_ca_file = '$dir/tls/ca.pem'
ssl_cert_file = '$dir/tls/server.pem'
ssl_key_file = '$home/server.key'
password_encryption = scram-sha-256
timezone = 'UTC'
log_min_messages = warning
END
  cat >"$dir/pg_hba.tests.conf" <<END
local    all  postgres                   trust
local    all  idstore_peer               peer map=tests
local    all  all                        scram-sha-256
hostssl  all  idstore_cert  127.0.0.0/8  cert
host     all  idstore_cert  127.0.0.0/8  reject
host     all  all           127.0.0.0/8  scram-sha-256
END
  echo "tests  $(id -un)  idstore_peer" >"$dir/pg_ident.tests.conf"
  as_server tee -a "$home/data/postgresql.conf" <"$dir/postgresql.tests.conf" >/dev/null
  as_server tee "$home/data/pg_hba.conf" <"$dir/pg_hba.tests.conf" >/dev/null
  as_server tee "$home/data/pg_ident.conf" <"$dir/pg_ident.tests.conf" >/dev/null
}

roles() {
  as_server "$bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$home" -p "$port" -U postgres <<'END'
CREATE ROLE idstore LOGIN CREATEDB PASSWORD 'idstore-test';
CREATE ROLE idstore_cert LOGIN CREATEDB;
CREATE ROLE idstore_peer LOGIN CREATEDB;
CREATE DATABASE idstore OWNER idstore;
END
}

stop() {
  [ -f "$home/data/postmaster.pid" ] || return 0
  as_server "$bin/pg_ctl" -D "$home/data" -m immediate -w -t 30 stop >/dev/null
}

case $command in
  start) start ;;
  stop) stop ;;
  *) fail "usage: postgres.sh start|stop DIR" ;;
esac
