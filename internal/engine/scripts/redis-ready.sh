# While it loads its data the server answers INFO, but not PING.
answer=$(sh /run/taffrail/client.sh PING 2>&1)
[ "$answer" = PONG ] || { printf '%s\n' "$answer" >&2; exit 1; }
sh /run/taffrail/client.sh INFO server | grep '^[a-z]*_version:'
