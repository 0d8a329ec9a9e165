# Reads what write.sh wrote from standard input. Its last command shows that it was all.
sh /run/taffrail/client.sh | awk '
  $0 == "complete" { complete = 1 }
  $0 != "complete" && $0 != "OK" && $0 != "" { print | "cat >&2"; bad = 1 }
  END { exit bad || !complete }'
