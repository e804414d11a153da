#!/usr/bin/env bash
# Makes the certificates that tests use, in the folder given: all of P-256, valid for a month unless it says otherwise.
#
#   ca.pem                  the authority that signed the others; ca.key beside it
#   server.pem/.key         the servers: localhost and 127.0.0.1, and no other name
#   expired.pem/.key        the same names, until yesterday
#   weak.pem/.key           the same names, signed with SHA-1
#   client.pem/.key         a client: its common name is the role idstore_cert
#   other-ca.pem            an authority that signed none of them
. "$(dirname "$0")/functions.sh"

folder=${1:?usage: certificates.sh DIR}
mkdir -p "$folder"
cd "$folder"

new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)

authority() {
  openssl req -x509 "${new_key[@]}" -days 30 -subj "/CN=$2" -keyout "$1.key" -out "$1.pem" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>>openssl.log
}

# signed FILE COMMON-NAME EXTENSION...; more for openssl in the array `how`
how=(-days 30)
signed() {
  local file=$1 name=$2
  shift 2
  openssl req -new "${new_key[@]}" -subj "/CN=$name" -keyout "$file.key" -out "$file.csr" 2>>openssl.log
  printf '%s\n' basicConstraints=CA:FALSE keyUsage=digitalSignature "$@" >"$file.ext"
  openssl x509 -req -in "$file.csr" -CA ca.pem -CAkey ca.key -CAcreateserial "${how[@]}" \
    -extfile "$file.ext" -out "$file.pem" 2>>openssl.log
  rm "$file.csr" "$file.ext"
}

authority ca "idstore tests authority"
authority other-ca "idstore tests other authority"
signed server localhost "subjectAltName=DNS:localhost,IP:127.0.0.1" extendedKeyUsage=serverAuth
for file in expired weak; do
  [ "$file" = expired ] && how=(-days -1) || how=(-days 30 -sha1)
  signed "$file" localhost "subjectAltName=DNS:localhost,IP:127.0.0.1" extendedKeyUsage=serverAuth
done
how=(-days 30)
signed client idstore_cert extendedKeyUsage=clientAuth
chmod 600 ./*.key
