#!/bin/sh
# Creates Temporal's two databases and brings their schemas up to date. Runs at every start.
set -eu
: "${SQL_PLUGIN:?is not set}" "${SQL_HOST:?is not set}" "${SQL_PORT:?is not set}"
: "${SQL_USER:?is not set}" "${SQL_PASSWORD:?is not set}"
SQL_TOOL=${SQL_TOOL:-temporal-sql-tool}
SCHEMAS=${SCHEMAS:-/etc/temporal/schema/postgresql/v12}

for pair in temporal:temporal temporal_visibility:visibility; do
  database=${pair%%:*}
  versions=$SCHEMAS/${pair##*:}/versioned
  "$SQL_TOOL" --db "$database" create
  if ! said=$("$SQL_TOOL" --db "$database" update-schema -d "$versions" 2>&1); then
    # Setting up resets the version to 0.0, which ruins a database in use: it is for one without a version table alone.
    case $said in
      *schema_version*'does not exist'*)
        "$SQL_TOOL" --db "$database" setup-schema -v 0.0
        "$SQL_TOOL" --db "$database" update-schema -d "$versions"
        ;;
      *)
        printf '%s\n' "$said" >&2
        exit 1
        ;;
    esac
  fi
done
echo 'The schemas are up to date.'
