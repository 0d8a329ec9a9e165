# Writes all keys as commands that put them back. Each value is whole by itself.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cli() { sh /run/taffrail/client.sh --no-raw "$@"; }
cli INFO keyspace >"$dir/spaces"
numbers=$(grep -Eo 'db[0-9]+:' "$dir/spaces" | tr -dc '0-9\n') || true
for number in $numbers; do
  echo "SELECT $number"
  cursor=0
  while :; do
    cli -n "$number" SCAN "$cursor" COUNT 500 >"$dir/page"
    cursor=$(sed -n '1s/^1) "\([0-9]*\)"$/\1/p' "$dir/page")
    [ -n "$cursor" ] || { cat "$dir/page" >&2; exit 1; }
    sed -n '2,$s/^[ 0-9)]*) "/"/p' "$dir/page" >"$dir/keys"
    sed 's/.*/PTTL &\nDUMP &/' "$dir/keys" | cli -n "$number" >"$dir/values"
    LC_ALL=C awk -v keys="$dir/keys" '
      NR % 2 { if (sub(/^\(integer\) /, "") != 1) exit bad = 1; left = $0; next }
      (getline key < keys) <= 0 { exit bad = 1 }
      $0 == "(nil)" { next } # it went meanwhile
      !/^"/ { exit bad = 1 }
      { print "RESTORE", key, (left < 0 ? 0 : left), $0, "REPLACE" }
      END { if ((getline key < keys) > 0) bad = 1; exit bad }' "$dir/values" || { head -c 500 "$dir/values" >&2; exit 1; }
    [ "$cursor" != 0 ] || break
  done
done
echo 'ECHO complete'
