# Writes databases, whose names are the arguments, as SQL that makes them anew.
set -e
for name; do
  if [ "$name" = postgres ]; then # always there, and what others connect to
    printf '\\connect postgres\n'
    pg_dump --clean --if-exists --no-owner --no-privileges --dbname=postgres
  else
    printf '\\connect template1\nDROP DATABASE IF EXISTS "%s" WITH (FORCE);\n' "$name"
    pg_dump --create --no-owner --no-privileges --dbname="$name"
  fi
done
