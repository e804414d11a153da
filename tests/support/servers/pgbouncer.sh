#!/usr/bin/env bash
# A private PgBouncer in transaction mode before the PostgreSQL of the same DIR: pgbouncer.sh start DIR | stop DIR
#
# It takes every database name, and the role `idstore` with its password. Its defaults stay: it refuses `options` at
# start-up, keeps no prepared statement for its clients (1.18), and a plain SET stays for the next client.
. "$(dirname "$0")/functions.sh"

command=${1:-} dir=${2:-}
[ -n "$dir" ] || fail "usage: pgbouncer.sh start|stop DIR"
home=$dir/pgbouncer

start() {
  command -v pgbouncer >/dev/null || PATH=$PATH:/usr/sbin
  command -v pgbouncer >/dev/null || fail "no PgBouncer: apt-get install pgbouncer"
  . "$dir/postgres.env"
  server_folder "$home"
  for attempt in 1 2 3; do
    port=$(free_port)
    configure
    as_server pgbouncer -q "$home/pgbouncer.ini" </dev/null >"$dir/pgbouncer.out" 2>&1 &
    if wait_until $! answers; then break; fi
    [ "$attempt" != 3 ] || fail "PgBouncer did not start: $(tail -n 5 "$home/log" "$dir/pgbouncer.out")"
  done
  publish "$dir/pgbouncer.env" IDSTORE_TEST_PGBOUNCER_PORT="$port"
}

configure() {
  as_server tee "$home/users.txt" <<<'"idstore" "idstore-test"' >/dev/null
  as_server tee "$home/pgbouncer.ini" >/dev/null <<END
[databases]
* = host=$IDSTORE_TEST_PG_SOCKET port=$IDSTORE_TEST_PG_PORT
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir = $home
pool_mode = transaction
auth_type = scram-sha-256
auth_file = $home/users.txt
max_client_conn = 500
default_pool_size = 4
max_db_connections = 4
server_idle_timeout = 5
logfile = $home/log
pidfile = $home/pid
END
}

answers() {
  PGPASSWORD=idstore-test "$IDSTORE_TEST_PG_BIN/psql" -X -h 127.0.0.1 -p "$port" -U idstore idstore -c 'SELECT 1'
}

stop() {
  [ -f "$home/pid" ] || return 0
  local pid
  pid=$(cat "$home/pid")
  kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.05
  done
  fail "PgBouncer ($pid) did not stop"
}

case $command in
  start) start ;;
  stop) stop ;;
  *) fail "usage: pgbouncer.sh start|stop DIR" ;;
esac
