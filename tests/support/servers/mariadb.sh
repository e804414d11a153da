#!/usr/bin/env bash
# A private MariaDB 10.11 in DIR/mariadb: mariadb.sh start DIR | stop DIR | own DIR FOLDER PORT [OPTION…]
#
# Accounts: `idstore` signs in with the password idstore-test (mysql_native_password) over the socket and TCP, with and
# without TLS, and may make databases whose names begin with test_; `root` over the socket, without a password.
. "$(dirname "$0")/mysql_family.sh"

name=mariadb
prefix=IDSTORE_TEST_MARIADB
server=(/usr/sbin/mariadbd --no-defaults)
[ -x "${server[0]}" ] || fail "no MariaDB in ${server[0]}: apt-get install mariadb-server-core"

initialize() {
  mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$1" --auth-root-authentication-method=normal \
    --skip-test-db --skip-name-resolve --innodb-log-file-size=8M --innodb-flush-method=nosync
}

accounts() {
  cat <<'END'
CREATE USER IF NOT EXISTS idstore@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('idstore-test');
GRANT ALL ON `test\_%`.* TO idstore@'%';
DROP USER IF EXISTS root@'127.0.0.1', root@'::1';
END
}

family "$@"
