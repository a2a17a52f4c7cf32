#!/bin/sh
# Prepares Temporal; docker-compose.yml runs it in temporalio/admin-tools. It may run again at any time.
#
#   temporal-setup.sh schema      create the databases, bring their schema to this image's version
#   temporal-setup.sh namespace   create the namespace $NAMESPACE, with $RETENTION, and wait until it serves
#
# Connections: SQL_* as temporal-sql-tool reads them, TEMPORAL_ADDRESS.
set -eu

schema() { # DATABASE KIND
  temporal-sql-tool --database "$1" create
  temporal-sql-tool --database "$1" setup-schema --version 0.0 # leaves a later version as it is
  temporal-sql-tool --database "$1" update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

namespace() {
  wait_for "Temporal" temporal operator cluster health
  temporal operator namespace describe --namespace "$NAMESPACE" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$NAMESPACE" --retention "$RETENTION"
  # The servers learn of a new namespace within ten seconds.
  wait_for "the namespace $NAMESPACE" temporal workflow list --namespace "$NAMESPACE" --limit 1
}

wait_for() { # WHAT COMMAND...
  what=$1 left=60
  shift
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "no answer from $what:" >&2; "$@"; exit 1; }
    sleep 1
  done
}

case ${1:-} in
  schema)
    schema temporal temporal
    schema temporal_visibility visibility
    ;;
  namespace) namespace ;;
  *) echo "usage: temporal-setup.sh schema|namespace" >&2; exit 2 ;;
esac
