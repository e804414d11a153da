# shellcheck shell=bash
# What the server scripts share. Sourced, never run.
#
# Every server lives in a folder of its own, DIR/NAME, listens on 127.0.0.1 and on a unix socket there, and leaves
# DIR/NAME.env: the lines that tell tests where it is. Nothing outside DIR is written.

set -euo pipefail

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# Database servers refuse to run as root: then they run as the user that the PostgreSQL package made.
server_user=$(id -un)
[ "$(id -u)" != 0 ] || server_user=postgres

as_server() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid="$server_user" --regid="$server_user" --init-groups env HOME=/nonexistent "$@"
  else
    "$@"
  fi
}

# Makes the server's folder, which its own user may write.
server_folder() {
  mkdir -p "$1"
  [ "$(id -u)" != 0 ] || chown "$server_user:" "$1"
}

# A loopback port that nothing listens on. It lies under the kernel's range for outgoing connections (32768 and up),
# so that no client socket of a running test takes it between this look and the server's start.
free_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  fail "no free port between 20000 and 31999"
}

# Asks until the command succeeds, for at most ten seconds, or until the server's process is gone.
wait_until() {
  local pid=$1
  shift
  for _ in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

# Writes DIR/NAME.env from NAME=value arguments.
publish() {
  local file=$1 pair
  shift
  for pair in "$@"; do printf 'export %s=%q\n' "${pair%%=*}" "${pair#*=}"; done >"$file.new"
  mv "$file.new" "$file"
}
