# shellcheck shell=bash
# What MariaDB and MySQL have in common. Sourced by mariadb.sh and mysql.sh, which then call `family "$@"`. They say:
#
#   name, prefix       the folder below DIR, and what the names of the variables begin with
#   server             the command, without the options that both get below
#   initialize DATA    makes a data folder
#   accounts           the SQL that makes the accounts, which runs at each start
#
# `own` runs a server for one test in the foreground: it dies with the signal that the test sends, and may be started
# again in the same folder.
. "$(dirname "$0")/functions.sh"

here=$(cd "$(dirname "$0")" && pwd)

family() {
  local command=${1:-} dir=${2:-}
  [ -n "$dir" ] || fail "usage: $name.sh start DIR | stop DIR | own DIR FOLDER PORT [OPTION…]"
  case $command in
    start) start ;;
    stop) stop ;;
    own) own "${@:3}" ;;
    *) fail "unknown command: $command" ;;
  esac
}

# Nothing here outlives the run, so nothing is forced to disk. 127.0.0.2 is an address that the certificate does not
# name: a client that verifies it must refuse. Both servers run as root where root starts them, for they may.
# shellcheck disable=SC2154 # name and server: see above
own() {
  local folder=$1 port=$2
  # A server that starts clears away the temporary tables of all that share the folder.
  mkdir -p "$folder/tmp"
  [ -d "$folder/data" ] || cp -a "$dir/$name/template" "$folder/data"
  exec "${server[@]}" --user="$(id -un)" --datadir="$folder/data" --socket="$folder/socket" --pid-file="$folder/pid" \
    --tmpdir="$folder/tmp" \
    --port="$port" --bind-address=127.0.0.1,127.0.0.2 --skip-name-resolve --max-connections=400 --skip-log-bin \
    --ssl-ca="$dir/tls/ca.pem" --ssl-cert="$dir/tls/server.pem" --ssl-key="$dir/tls/server.key" \
    --init-file="$dir/$name/accounts.sql" --performance-schema=OFF --innodb-buffer-pool-size=64M \
    --innodb-flush-log-at-trx-commit=2 --innodb-flush-method=nosync --innodb-doublewrite=OFF "${@:3}" \
    >>"$folder/log" 2>&1
}

start() {
  local home=$dir/$name port pid attempt
  # The kernel takes 107 bytes for a socket's path.
  [ $((${#home} + 10)) -lt 107 ] || fail "$home is too long a path for a unix socket"
  mkdir -p "$home"
  [ -f "$dir/tls/ca.pem" ] || "$here/certificates.sh" "$dir/tls"
  accounts >"$home/accounts.sql"
  initialize "$home/template" >"$dir/$name.log" 2>&1 ||
    fail "no data folder could be made: $(tail -n 5 "$dir/$name.log")"
  for attempt in 1 2 3; do
    port=$(free_port)
    (own "$home" "$port") </dev/null &
    pid=$!
    # The accounts are made before the first client is let in.
    if wait_until "$pid" test -S "$home/socket"; then break; fi
    kill -KILL "$pid" 2>/dev/null || true
    [ "$attempt" != 3 ] || fail "the server did not start: $(tail -n 5 "$home/log")"
  done
  publish "$dir/$name.env" \
    "${prefix}_SERVER=$here/$name.sh" "${prefix}_DIR=$dir" "${prefix}_LOG=$home/log" \
    "${prefix}_SOCKET=$home/socket" "${prefix}_PORT=$port" "${prefix}_UNNAMED_HOST=127.0.0.2" \
    "${prefix}_CA=$dir/tls/ca.pem" "${prefix}_OTHER_CA=$dir/tls/other-ca.pem"
}

# Without a clean end: nothing in it is needed any more.
stop() {
  local pid
  pid=$(cat "$dir/$name/pid" 2>/dev/null) || return 0
  kill -KILL "$pid" 2>/dev/null || return 0
  for _ in $(seq 200); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.05
  done
  fail "process $pid does not end"
}
