# shellcheck shell=bash
# What the tests of the web interface look at it with: Debian's Chromium, and axe-core from npm, which finds what people who
# hear or feel a page, or use it by keyboard, would trip over.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
LAB_AXE_VERSION=4.11.1

browser_up() {
  installed chromium fonts-dejavu-core fonts-liberation
  axe_up
}

axe_up() {
  [ ! -e "$LAB_CACHE/axe/$LAB_AXE_VERSION" ] || return 0
  rm -rf "$LAB_CACHE/axe"
  mkdir -p "$LAB_CACHE/axe"
  npm install --prefix "$LAB_CACHE/axe" --ignore-scripts --no-audit --no-fund --no-save "axe-core@$LAB_AXE_VERSION" >"$LAB_RUN/axe.log" 2>&1 || {
    tail -5 "$LAB_RUN/axe.log" >&2
    die "cannot fetch axe-core"
  }
  touch "$LAB_CACHE/axe/$LAB_AXE_VERSION"
}
