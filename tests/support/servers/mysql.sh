#!/usr/bin/env bash
# A private MySQL 9 in DIR/mysql: mysql.sh start DIR | stop DIR | own DIR FOLDER PORT [OPTION…]
#
# Accounts: `idstore` signs in with the password idstore-test (caching_sha2_password, the server has nothing else) over
# the socket and TCP, with and without TLS, and may make databases whose names begin with test_; `root` over the socket,
# without a password.
#
# Debian's releases have MariaDB alone. So the server and every library that it needs are taken from Debian unstable into
# target/tools/mysql, once (60 MB), and run with that folder's loader. Nothing of the system is touched.
. "$(dirname "$0")/mysql_family.sh"

name=mysql
prefix=IDSTORE_TEST_MYSQL
tools=${CARGO_TARGET_DIR:-$here/../../../target}/tools
root=$(mkdir -p "$tools" && cd "$tools" && pwd)/mysql

fetch() {
  local mirror new=$root.new
  command -v apt-get >/dev/null || fail "MySQL 9 comes from Debian: this system has no apt-get"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u |
    head -n 1)
  [ -n "$mirror" ] || fail "MySQL 9 comes from Debian, and apt knows no mirror of it: apt-get update"
  echo "mysql.sh: fetching MySQL" >&2
  rm -rf "$new"
  mkdir -p "$new"/apt/{state/lists/partial,cache/archives/partial}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$new/apt/sources.list"
  local apt=(apt-get -q -o Dir::State="$new/apt/state" -o Dir::State::status=/dev/null -o Dir::Cache="$new/apt/cache"
    -o Dir::Etc::sourcelist="$new/apt/sources.list" -o Dir::Etc::sourceparts=/nonexistent
    -o Debug::NoLocking=1 -o APT::Install-Recommends=0 -o Acquire::Retries=3)
  {
    timeout 300 "${apt[@]}" update &&
      timeout 600 "${apt[@]}" install -y --download-only mysql-server-core &&
      for package in "$new"/apt/cache/archives/*.deb; do dpkg -x "$package" "$new" || return 1; done
  } </dev/null >"$root.log" 2>&1 || return 1
  # Half of it is Perl and what is there to be read.
  rm -rf "$new"/apt "$new"/usr/share/{perl,doc,locale,man} "$new"/usr/lib/*/perl*
  mv "$new" "$root"
}

# Where another server alone was started, there is nothing to stop and nothing to fetch.
[ "${1:-}" = stop ] || [ -d "$root" ] || fetch || fail "MySQL could not be fetched: $(tail -n 5 "$root.log")"
libraries=$(echo "$root"/usr/lib/*-linux-gnu)
server=("$(echo "$libraries"/ld-linux-*.so.*)" --library-path "$libraries:$libraries/mysql/private" "$root/usr/sbin/mysqld"
  --no-defaults --lc-messages-dir="$root/usr/share/mysql" --character-sets-dir="$root/usr/share/mysql/charsets"
  --plugin-dir="$root/usr/lib/mysql/plugin" --secure-file-priv=NULL --mysqlx=OFF)

initialize() {
  "${server[@]}" --user="$(id -un)" --datadir="$1" --initialize-insecure --innodb-flush-method=nosync \
    --innodb-doublewrite=OFF --innodb-redo-log-capacity=8M
}

accounts() {
  cat <<'END'
CREATE USER IF NOT EXISTS idstore@'%' IDENTIFIED WITH caching_sha2_password BY 'idstore-test';
GRANT ALL ON `test\_%`.* TO idstore@'%';
END
}

family "$@"
