# Reads what write.sh wrote from standard input.
LC_ALL=C awk -v client="clickhouse-client --config-file /run/taffrail/client.xml --query " '
  function quoted(s) { gsub(/\047/, "\047\\\047\047", s); return "\047" s "\047" }
  function failed() { bad = 1; exit }
  BEGIN { bad = 0; whole = 0 }
  into != "" && $0 == "\\." { if (rows && close(into) != 0) failed(); into = ""; next }
  into != "" { print | into; rows = 1; next }
  /^Q / { if (system(client quoted(substr($0, 3)) " </dev/null") != 0) failed(); next }
  /^I / { into = client quoted(substr($0, 3)); rows = 0; next }
  $0 == "E" { whole = 1; next }
  { print "unexpected: " $0 > "/dev/stderr"; failed() }
  END { exit bad || !whole }'
