#!/bin/sh
# All that Taffrail does with git on a server. This text never changes with what people say: that comes as arguments,
# credentials in the environment and on standard input. Where it stands in a file, the folder of the file holds the
# repository; git's own folder is never in a checkout, since containers can write there.
#
#   TAFFRAIL_GIT_ORIGIN   https://host of the repository: the only place that is told name and token
#   TAFFRAIL_GIT_USER, TAFFRAIL_GIT_TOKEN
#   TAFFRAIL_GIT_KEY      "1": a private key for ssh comes on standard input
#   TAFFRAIL_GIT_HOSTS    host keys: the only ones that are trusted
#   TAFFRAIL_GIT_KNOWN    without them: the file of those that were met before
set -eu

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Nothing of this server's or this user's configuration decides anything, and what git leaves behind goes with $tmp.
prepare() {
  command -v git >/dev/null 2>&1 || {
    echo "git is not installed on this server: install the package git there." >&2
    exit 127
  }
  tmp=$(mktemp -d)
  trap 'rm -rf "$tmp"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if [ "${TAFFRAIL_GIT_KEY-}" ]; then (umask 077 && cat >"$tmp/key"); fi
  exec </dev/null
  umask 022
  export HOME="$tmp" LC_ALL=C GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 TAFFRAIL_GIT_TMP="$tmp"
  cat >"$tmp/.gitconfig" <<'E'
[core]
	hooksPath = /dev/null
	fsmonitor = false
	protectNTFS = true
[protocol "ext"]
	allow = never
[safe]
	directory = *
[advice]
	detachedHead = false
[fetch]
	recurseSubmodules = false
[submodule]
	recurse = false
[gc]
	autoDetach = false
[maintenance]
	autoDetach = false
[http]
	lowSpeedLimit = 1
	lowSpeedTime = 60
[i18n]
	logOutputEncoding = UTF-8
E
  identify
}

# identify sets up who we are, for the one host that is to know.
identify() {
  if [ "${TAFFRAIL_GIT_ORIGIN-}" ]; then
    host=${TAFFRAIL_GIT_ORIGIN#*://}
    set_global --add "url.$TAFFRAIL_GIT_ORIGIN/.insteadOf" "git@${host%:*}:"
    set_global --add "url.$TAFFRAIL_GIT_ORIGIN/.insteadOf" "ssh://git@${host%:*}/"
  fi
  if [ "${TAFFRAIL_GIT_TOKEN-}" ]; then
    # shellcheck disable=SC2016 # git hands it to a shell, with these variables
    set_global "credential.$TAFFRAIL_GIT_ORIGIN.helper" \
      '!f() { test "$1" = get && printf "username=%s\npassword=%s\n" "$TAFFRAIL_GIT_USER" "$TAFFRAIL_GIT_TOKEN"; }; f'
  fi
  known=$tmp/known trust=accept-new global=/etc/ssh/ssh_known_hosts
  if [ "${TAFFRAIL_GIT_HOSTS-}" ]; then
    printf '%s\n' "$TAFFRAIL_GIT_HOSTS" >"$known"
    trust=yes global=/dev/null
  elif [ "${TAFFRAIL_GIT_KNOWN-}" ] && [ -d "$(dirname "$TAFFRAIL_GIT_KNOWN")" ]; then
    known=$(cd "$(dirname "$TAFFRAIL_GIT_KNOWN")" && pwd)/$(basename "$TAFFRAIL_GIT_KNOWN")
  fi
  [ -e "$tmp/key" ] || : >"$tmp/key"
  export TAFFRAIL_GIT_FILE="$known"
  # shellcheck disable=SC2016 # git hands it to a shell, with these variables
  export GIT_SSH_COMMAND='ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile="\"$TAFFRAIL_GIT_TMP/key\"" \
    -o UserKnownHostsFile="\"$TAFFRAIL_GIT_FILE\"" -o GlobalKnownHostsFile='"$global -o StrictHostKeyChecking=$trust"' \
    -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=4 -o ForwardAgent=no -o LogLevel=ERROR' GIT_SSH_VARIANT=ssh
}

set_global() { git config --file "$tmp/.gitconfig" "$@"; }

# use makes $folder/repository the repository at work. One that was broken by a power cut is made anew.
use() {
  folder=$(cd "$(dirname "$0")" && pwd)
  export GIT_DIR="$folder/repository"
}
start() { # URL
  if [ -e "$GIT_DIR" ] && { [ "$(git config remote.origin.url || true)" != "$1" ] || ! git rev-parse --git-dir >/dev/null 2>&1; }; then
    rm -rf "$GIT_DIR"
  fi
  [ -e "$GIT_DIR" ] || git -c init.defaultBranch=main init --quiet --template= >/dev/null
  # What a run that was killed left behind: there is one run at a time.
  rm -f "$GIT_DIR/shallow.lock" "$GIT_DIR/index.lock" "$GIT_DIR/HEAD.lock" "$GIT_DIR/config.lock" "$GIT_DIR/refs/taffrail/commit.lock"
  git config core.bare false
  git config remote.origin.url "$1"
}
tip() { git rev-parse --verify --quiet "refs/taffrail/commit^{commit}" || true; }
has() { git cat-file -e "$1^{commit}" 2>/dev/null; }
get() { # URL REFSPEC [OPTION...]
  from=$1 what=$2
  shift 2
  git fetch --quiet --no-tags --force --no-recurse-submodules ${filter:+"$filter"} "$@" --end-of-options "$from" "$what"
}

list() { # URL PATTERN...
  git ls-remote --symref --end-of-options "$@"
}

# fetch gets one commit, by itself where the server allows it, otherwise as part of the branch or tag that it is on.
fetch() { # URL COMMIT REF DEPTH
  url=$1 commit=$2 ref=$3 depth=$4
  start "$url"
  set --
  if [ "$depth" != 0 ]; then set -- "--depth=$depth"; elif [ -e "$GIT_DIR/shallow" ]; then set -- --unshallow; fi
  if [ "$(tip)" = "$commit" ] && [ "$*" != --unshallow ]; then
    echo "Commit $commit is on this server already."
    return
  fi
  echo "Fetching commit $commit."
  get "$url" "+$commit:refs/taffrail/commit" "$@" 2>"$tmp/why" && return
  if grep -q -e 'unable to access' -e 'Could not read from remote' -e 'Authentication failed' -e 'could not read Username' "$tmp/why"; then
    cat "$tmp/why" >&2
    exit 1
  fi
  echo "The server does not hand out this commit by itself: fetching ${ref:-all branches}."
  by_ref "$@" || {
    cat "$tmp/why" >&2
    die "Commit $commit is not on ${ref:-any branch} of the repository: it was deleted or replaced by a forced push. Deploy the newest commit."
  }
  git update-ref refs/taffrail/commit "$commit"
}

# by_ref looks near the tip first, and in all of the history in the end.
by_ref() {
  for more in "$@" --depth=50 --all; do
    if [ "$more" = --all ]; then
      set --
      if [ -e "$GIT_DIR/shallow" ]; then set -- --unshallow; fi
    else
      set -- "$more"
    fi
    : >"$tmp/why"
    if [ "$ref" ]; then get "$url" "+$ref:refs/taffrail/ref" "$@" 2>"$tmp/why" || continue
    else get "$url" '+refs/heads/*:refs/taffrail/heads/*' "$@" 2>"$tmp/why" || continue; fi
    if has "$commit"; then return; fi
  done
  return 1
}

# peek tells the first of some files of a commit, and what else is in a folder of it: "tree ID", "message SIZE" and what
# message says, "file SIZE PATH" and the text or "none", and then the zipped list. A repository that is here already is asked first; otherwise no more is fetched
# than the names and that file, as far as the server can do that.
peek() { # URL COMMIT REF FOLDER FILE...
  url=$1 commit=$2 ref=$3 base=$4
  shift 4
  export GIT_DIR="${TAFFRAIL_GIT_KNOWN:+$(dirname "$TAFFRAIL_GIT_KNOWN")/repository}"
  if [ -z "$GIT_DIR" ] || ! has "$commit"; then
    export GIT_DIR="$tmp/repository" filter=--filter=blob:none
    ulimit -f 1048576 2>/dev/null || true
    (borrow) >&2 || exit
    filter=
  fi
  if [ "$base" = . ]; then tree="$commit^{tree}"; else tree="$commit:$base"; fi
  [ "$(git cat-file -t "$tree" 2>/dev/null)" = tree ] || die "There is no folder $base in this repository at this commit."
  printf 'tree %s\n' "$(git rev-parse "$tree")"
  message "$commit" >"$tmp/text"
  printf 'message %s\n' "$(wc -c <"$tmp/text" | tr -d ' ')"
  cat "$tmp/text"
  for name in "$@" ""; do
    [ "$name" ] || { echo none && break; }
    entry=$(git ls-tree --full-tree "$commit" -- "$name")
    case $entry in
    100*) ;;
    "") continue ;;
    *) die "$name is no file in this repository at this commit, but a link or a folder." ;;
    esac
    git cat-file blob "$commit:$name" >"$tmp/text"
    printf 'file %s %s\n' "$(wc -c <"$tmp/text" | tr -d ' ')" "$name"
    cat "$tmp/text"
    break
  done
  if [ "$base" = . ]; then set --; else set -- -- "$base/"; fi
  git ls-tree -r -t -z --abbrev=12 --full-tree "$commit" "$@" | gzip -c
}
borrow() {
  start "$url"
  git config core.repositoryformatversion 1
  git config extensions.partialClone origin
  git config remote.origin.promisor true
  git config remote.origin.partialclonefilter blob:none
  url=origin
  get "$url" "+$commit:refs/taffrail/commit" --depth=1 2>"$tmp/why" && return
  by_ref --depth=1 && return
  cat "$tmp/why" >&2
  grep -q -i -e 'unable to access' -e 'Could not read from remote' -e 'Authentication failed' -e 'could not read Username' "$tmp/why" ||
    die "Commit $commit is not on ${ref:-any branch} of the repository any more."
  exit 1
}

# checkout puts the files of a commit into a new folder.
checkout() { # TREE COMMIT LFS
  rm -rf -- "$1"
  mkdir -p -- "$1"
  inside "$1"
  rm -f "$GIT_DIR/index" "$GIT_DIR/index.lock"
  git checkout --quiet --force --detach "$2" || {
    rm -rf "$GIT_DIR"
    die "The copy of the repository on this server could not be used and was deleted: deploy again to fetch it anew."
  }
  if [ "$3" = 0 ] && with_lfs; then
    echo "This repository keeps files in Git LFS, which is turned off for this application: they are left as pointers." >&2
  fi
  git log -1 --format='%h %an: %s'
}

inside() { # TREE
  GIT_WORK_TREE=$(cd -- "$1" && pwd)
  export GIT_WORK_TREE
  cd -- "$GIT_WORK_TREE"
}

submodules() { # TREE DEPTH
  inside "$1"
  [ ! -h .gitmodules ] || die "The file .gitmodules of this repository is a link, which git does not follow."
  [ -e .gitmodules ] || return 0
  git submodule --quiet init
  git submodule --quiet sync
  if [ "$2" != 0 ] && git submodule --quiet update --recursive --init --depth 1; then return; fi
  [ "$2" = 0 ] || {
    echo "Some submodule could not be fetched by its commit alone: fetching all of its history."
    git submodule --quiet deinit --force --all
    rm -rf "$GIT_DIR/modules"
  }
  git submodule --quiet update --recursive --init --no-recommend-shallow
}

with_lfs() { git grep -q --cached -e 'filter=lfs' -- ':(glob)**/.gitattributes'; }

lfs() { # TREE
  inside "$1"
  with_lfs || [ "$(git submodule --quiet foreach --recursive "git grep -q --cached -e 'filter=lfs' -- ':(glob)**/.gitattributes' && echo yes || true")" ] || return 0
  git lfs version >/dev/null 2>&1 ||
    die "This repository keeps files in Git LFS, and git-lfs is not installed on this server: install the package git-lfs there, or turn Git LFS off for this application."
  set_global filter.lfs.clean 'git-lfs clean -- %f'
  set_global filter.lfs.smudge 'git-lfs smudge -- %f'
  set_global filter.lfs.process 'git-lfs filter-process'
  set_global filter.lfs.required true
  git lfs pull
  git submodule --quiet foreach --recursive 'git lfs pull'
}

# tidy takes away what points into git's own folder, or gives the checkout a copy of it.
tidy() { # TREE KEEP
  inside "$1"
  find . -mindepth 1 -name .git -prune -exec rm -rf {} +
  [ "$2" = 1 ] || return 0
  cp -R "$GIT_DIR" .git
  git --git-dir=.git config --unset core.worktree || true
}

# within looks whether a path, with all links followed, is in the checkout.
within() { # TREE dir|file PATH
  root=$(cd -- "$1" && pwd -P)
  path=$(readlink -f -- "$root/$3") || die "There is no $3 in this repository at this commit."
  case $path in
  "$root" | "$root"/*) ;;
  *) die "$3 leads out of the repository by a link." ;;
  esac
  case $2 in
  dir) [ -d "$path" ] || die "There is no folder $3 in this repository at this commit." ;;
  file) [ -f "$path" ] || die "There is no file $3 in this repository at this commit." ;;
  esac
}

message() { # COMMIT
  git log -1 --format='%an%n%ae%n%aI%n%B' "$1" | head -c 65536
}

prepare
verb=$1
shift
case $verb in
list | peek) "$verb" "$@" ;;
fetch | checkout | submodules | lfs | tidy | message)
  use
  "$verb" "$@"
  ;;
within) within "$@" ;;
*) die "unknown: $verb" ;;
esac
