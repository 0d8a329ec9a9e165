# shellcheck shell=bash
# node and npm as this machine has them
TAGS="node:20-alpine node:20 node:22-alpine node:lts-alpine node:latest"
USERS="node:1000:1000:/home/node"
finish() {
  local n; n=$(readlink -f "$(command -v node)")
  mkdir -p "$1"/usr/local/{bin,lib/node_modules} "$1/home/node"; cp "$n" "$1/usr/local/bin/node"; ln -s node "$1/usr/local/bin/nodejs"
  cp -a "$(npm root -g 2>/dev/null)/npm" "$1/usr/local/lib/node_modules/"; rm -rf "$1"/usr/local/lib/node_modules/npm/{docs,man}
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm"; ln -s ../lib/node_modules/npm/bin/npx-cli.js "$1/usr/local/bin/npx"
}
