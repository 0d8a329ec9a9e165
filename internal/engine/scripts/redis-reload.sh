# Sets an option to each of the values in turn. The certificate is read again when the
# name of its file changes, and two names lead to the same file.
option=$1
shift
for value; do
  answer=$(sh /run/taffrail/client.sh CONFIG SET "$option" "$value" 2>&1)
  [ "$answer" = OK ] || { printf '%s\n' "$answer" >&2; exit 1; }
done
