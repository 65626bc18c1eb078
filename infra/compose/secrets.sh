#!/bin/sh
# Makes the secrets of infra/compose.yaml, once. The folder is closed to others;
# within containers each is a file that only those see who name it. Keep copies of
# master_key and signing_key elsewhere: without the first nobody reads personal
# data again, without the second the log's roots go on under a new key.
set -eu
cd "$(dirname "$0")"
[ ! -e secrets ] || { echo "infra/compose/secrets is there already" >&2; exit 1; }
umask 077
mkdir secrets.new
cd secrets.new
for name in master_key postgres_password elastic_password grafana_password; do openssl rand -hex 32 | tr -d '\n' >"$name"; done
for name in signing_key token_key; do openssl genpkey -algorithm ed25519 -out "$name"; done
openssl pkey -in token_key -pubout -out token_pub
printf 'postgres://hoso:%s@postgres/hoso?sslmode=disable' "$(cat postgres_password)" >hoso_keys
printf 'http://elastic:%s@elasticsearch:9200' "$(cat elastic_password)" >hoso_views
# The servers run as users of their own; the folder keeps everybody else out.
chmod 644 postgres_password grafana_password
# These are read by user 1000; Elasticsearch and hoso want them closed to all others.
[ "$(id -u)" != 0 ] || chown 1000 master_key signing_key token_pub hoso_keys hoso_views elastic_password
cd ..
mv secrets.new secrets
[ "$(id -u)" = 0 ] || [ "$(id -u)" = 1000 ] || echo "infra/compose/secrets: hand master_key, signing_key, token_pub, hoso_keys, hoso_views and elastic_password to user 1000 (sudo chown 1000)" >&2
