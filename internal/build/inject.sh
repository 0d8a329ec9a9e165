from=$1 to=$2
shift 2
awk '
BEGIN { for (i = 2; i < ARGC; i++) { names[++n] = ARGV[i]; ARGV[i] = "" } }
function add(  i) { for (i = 1; i <= n; i++) print "ARG " names[i] }
{ line = $0; sub(/\r$/, "", line); print line }
text != "" {
  end = line
  if (tabs) sub(/^\t+/, "", end)
  if (end == text) text = ""
  next
}
!continued && line ~ /^[ \t]*#/ { next }
!continued { from = toupper(line) ~ /^[ \t]*FROM[ \t]/; takes = toupper(line) ~ /^[ \t]*(ONBUILD[ \t]+)?(RUN|COPY|ADD)[ \t]/ }
continued && line ~ /^[ \t]*(#|$)/ { next }
takes && match(line, /<<-?["\047]?[A-Za-z_][A-Za-z0-9_]*/) {
  text = substr(line, RSTART + 2, RLENGTH - 2)
  tabs = text ~ /^-/
  gsub(/[-"\047]/, "", text)
  continued = 0
  next
}
{
  continued = line ~ /\\[ \t]*$/
  if (from && !continued) { add(); from = 0 }
}' "$from" "$@" >"$to"
