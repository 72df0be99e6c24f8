#!/bin/sh
# What the official image's entrypoint documents, as far as the program uses it: POSTGRES_USER, POSTGRES_PASSWORD_FILE,
# POSTGRES_DB and PGDATA; an empty PGDATA becomes a new cluster, one with data is left as it is.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # A first start that was cut short leaves a half-made cluster, which must not be taken for data.
  rm -rf "$PGDATA.part"
  initdb --pgdata="$PGDATA.part" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --encoding=UTF8 --locale=C
  echo "host all all all scram-sha-256" >> "$PGDATA.part/pg_hba.conf"
  echo "CREATE DATABASE \"$POSTGRES_DB\";" | postgres --single -D "$PGDATA.part" postgres
  mv "$PGDATA.part" "$PGDATA"
fi
exec postgres -D "$PGDATA" -c listen_addresses='*'
