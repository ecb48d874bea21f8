#!/bin/sh
# Creates the namespace and registers the search attributes. Runs at every start; what exists is left as it is.
set -eu
: "${TEMPORAL_ADDRESS:?is not set}" "${TEMPORAL_NAMESPACE:?is not set}"

# Tries a command for up to two minutes: the server listens before all of it is ready.
retry() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || return 1
    sleep 2
  done
}

retry temporal operator cluster health >/dev/null
if ! temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  retry temporal operator namespace create -n "$TEMPORAL_NAMESPACE"
fi
attributes_query=
for name in AnaplanConnection AnaplanWorkspace AnaplanModel AnaplanObject AnaplanState; do
  # A new namespace takes some seconds until all parts of the server know it.
  retry temporal operator search-attribute create -n "$TEMPORAL_NAMESPACE" --name "$name" --type Keyword
  attributes_query="$attributes_query${attributes_query:+ OR }$name = 'none'"
done
# The server goes by a copy of the list that is up to a minute old: runs that set the attributes must not start before.
retry temporal workflow count -n "$TEMPORAL_NAMESPACE" --query "$attributes_query" >/dev/null 2>&1
echo "Namespace $TEMPORAL_NAMESPACE is ready."
