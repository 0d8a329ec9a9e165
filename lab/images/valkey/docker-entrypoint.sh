#!/bin/bash
# The official valkey image's contract: as redis', and VALKEY_EXTRA_FLAGS.
set -e
case "${1:-}" in -* | *.conf) set -- valkey-server "$@" ;; esac
if [ "$1" = valkey-server ]; then
  case " $* " in
  *" --protected-mode "* | *" --version "* | *" -v "* | *" --help "* | *" -h "*) ;;
  *) if [ -f "${2:-}" ]; then set -- "$1" "$2" --protected-mode no "${@:3}"; else set -- "$1" --protected-mode no "${@:2}"; fi ;;
  esac
  if [ "$(id -u)" = 0 ]; then
    find . \! -user valkey -exec chown valkey '{}' +
    umask 0077
    exec gosu valkey "$0" "$@"
  fi
  exec "$@" $VALKEY_EXTRA_FLAGS
fi
exec "$@"
