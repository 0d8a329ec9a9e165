# shellcheck shell=bash
# Debian packages become root file systems here, without maintainer scripts and without touching this machine's own
# package state. The mirror is the one that this machine's apt is configured with.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

deb_mirror() {
  apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' 2>/dev/null |
    awk '$1 == "Debian" && $2 == "main" && $3 !~ /security/ {print $3; exit}'
}

# apt_opts SUITE STATUSFILE fills the array APT with the options of a private apt state, at most half a day old.
apt_opts() {
  local suite=$1 status=$2 d=$LAB_CACHE/apt/$1 mirror
  mkdir -p "$d/lists/partial" "$d/none/partial" "$LAB_CACHE/debs/$suite/partial"
  APT=(-q -o Dir::Etc::SourceList="$d/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
    -o Dir::State="$d" -o Dir::State::Lists="$d/lists" -o Dir::State::status="$status" -o Dir::State::extended_states="$d/ext"
    -o Dir::Cache="$d" -o Dir::Cache::archives="$LAB_CACHE/debs/$suite" -o Dir::Cache::pkgcache=
    -o APT::Install-Recommends=false -o APT::Get::Assume-Yes=true -o APT::Sandbox::User=root -o Debug::NoLocking=true
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false)
  if [ -z "$(find "$d/updated" -mmin -720 2>/dev/null)" ]; then
    mirror=$(deb_mirror)
    [ -n "$mirror" ] || { apt-get update -q >/dev/null && mirror=$(deb_mirror); }
    [ -n "$mirror" ] || die "apt has no Debian mirror configured"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$d/sources.list"
    apt-get "${APT[@]}" update >"$d/update.log" 2>&1 || {
      tail -5 "$d/update.log" >&2
      die "apt-get update of $suite"
    }
    touch "$d/updated"
  fi
}

# deb_fetch SUITE STATUSFILE PKG... downloads PKG and what it depends on beyond STATUSFILE, and prints the files' paths.
deb_fetch() {
  local suite=$1 status=$2 tmp f missing=
  shift 2
  apt_opts "$suite" "$status"
  tmp=$(mktemp -d)
  # asked with an empty archive folder: apt leaves out of the list what it has downloaded already
  apt-get "${APT[@]}" -o Dir::Cache::archives="$LAB_CACHE/apt/$suite/none" --print-uris install "$@" 2>"$tmp/err" |
    sed -n "s/^'[^']*' \([^ ]*\) .*/\1/p" >"$tmp/list" || true
  [ -s "$tmp/list" ] || {
    cat "$tmp/err" >&2
    die "cannot resolve $* in $suite"
  }
  while read -r f; do [ -e "$LAB_CACHE/debs/$suite/$f" ] || missing=1; done <"$tmp/list"
  [ -z "$missing" ] || apt-get "${APT[@]}" --download-only install "$@" >"$tmp/log" 2>&1 || {
    tail -5 "$tmp/log" >&2
    die "cannot download $* from $suite"
  }
  sed "s|^|$LAB_CACHE/debs/$suite/|" "$tmp/list"
  rm -rf "$tmp"
}

# deb_unpack DIR DEB... unpacks into DIR over merged-/usr links, without documentation, and notes each package in DIR's
# dpkg status. The packages named in $DROP are noted but not unpacked, so that apt stays content.
deb_unpack() {
  local dir=$1 link deb name x skip=()
  shift
  for x in doc man info locale lintian bug gtk-doc bash-completion; do skip+=(--exclude="./usr/share/$x/*"); done
  mkdir -p "$dir/var/lib/dpkg"
  for link in bin sbin lib lib64; do
    [ -e "$dir/$link" ] || { mkdir -p "$dir/usr/$link" && ln -s "usr/$link" "$dir/$link"; }
  done
  for deb; do
    name=$(basename "$deb")
    name=${name%%_*}
    case " ${DROP:-} " in *[[:space:]]"$name"[[:space:]]*) ;; *)
      dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir" --keep-directory-symlink --warning=none "${skip[@]}" \
        --exclude='./lib/systemd/*' --exclude='./usr/lib/systemd/system/*' ;;
    esac
    dpkg-deb -f "$deb" | sed '/^Package:/a Status: install ok installed' >>"$dir/var/lib/dpkg/status"
    echo >>"$dir/var/lib/dpkg/status"
  done
}
