# shellcheck shell=bash
# Builds the images of images/*/ and puts them into the registry under their public names. An image is one uncompressed
# layer of unpacked Debian packages, which src/labimg writes straight into the registry: no Docker takes part.
. "$(dirname "${BASH_SOURCE[0]}")/debs.sh"

# What an image.sh may set, with the defaults. BASE: none (a whole system), scratch, or another image.
image_vars() {
  SUITE=$LAB_SUITE BASE=base PKGS='' DROP='' TAGS='' USERS='' NEEDS='' SOURCES='' VARIANTS=''
  BASE_PKGS="base-files base-passwd libc6 libc-bin busybox-static bash gosu ca-certificates netbase libssl3t64 libstdc++6
    zlib1g libzstd1 liblz4-1 tzdata"
  finish() { :; }
}

# image_key NAME changes when what the image is made of changes, and once a month for newer packages.
image_key() {
  (
    image_vars
    cd "$LAB/images"
    . "./$1/image.sh"
    cat lib-entry.sh ../lib/images.sh ../lib/debs.sh
    contents "$1"
    for n in $NEEDS $BASE; do case $n in none | scratch) ;; *) image_key "$n" ;; esac; done
    [ -z "$SOURCES" ] || (cd "$LAB" && contents $SOURCES)
    echo "$LAB_SUITE $(date +%Y-%m)"
  ) | sha256sum | cut -c1-16
}

contents() { find "$@" -type f -print0 | sort -z | xargs -0 cat; }

# go_build OUTPUT FOLDER [LDFLAGS]
go_build() { (cd "$LAB/$2" && GOWORK=off GOFLAGS=-buildvcs=false CGO_ENABLED=0 go build -trimpath -ldflags "-s -w ${3:-}" -o "$1" .) 9>&-; }

# program NAME builds src/NAME unless this very version is there, and prints where it is.
program() {
  local out
  out=$LAB_CACHE/bin/$1-$(sha256sum <"$LAB/src/$1/main.go" | cut -c1-16)
  [ -x "$out" ] || go_build "$out" "src/$1" >&2
  echo "$out"
}
labimg() { "$LABIMG" -registry "$LAB_REGISTRY" "$@"; }

# image NAME builds images/NAME unless this very version is in the registry.
image() {
  local name=$1 dir=$LAB/images/$1 r=$LAB_CACHE/layers/$1 stamp=$LAB_CACHE/registry/.built-$1 key t v from= debs tags
  local SUITE BASE PKGS DROP TAGS USERS NEEDS SOURCES VARIANTS BASE_PKGS BASE_DIR
  key=$(image_key "$name")
  [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && return
  image_vars
  . "$dir/image.sh"
  BASE_DIR=$LAB_CACHE/layers/$BASE
  rm -rf "$r"
  mkdir -p "$r"
  case $BASE in
  none)
    BASE_DIR=$r
    system "$r" $BASE_PKGS $PKGS
    ;;
  scratch) ;;
  *)
    from=lab/$BASE:latest
    if [ -n "$PKGS" ]; then
      debs=$(deb_fetch "$SUITE" "$BASE_DIR/var/lib/dpkg/status" $PKGS)
      mkdir -p "$r/var/lib/dpkg"
      cp "$BASE_DIR/var/lib/dpkg/status" "$r/var/lib/dpkg/status"
      deb_unpack "$r" $debs
    fi
    ;;
  esac
  [ -z "$USERS" ] || add_users "$r" $USERS
  if [ -e "$dir/docker-entrypoint.sh" ]; then
    install -D -m 755 "$dir/docker-entrypoint.sh" "$r/usr/local/bin/docker-entrypoint.sh"
    install -D -m 644 "$LAB/images/lib-entry.sh" "$r/usr/local/lib/lab-entry.sh"
  fi
  [ ! -e "$dir/root" ] || cp -a --no-preserve=ownership "$dir/root/." "$r/"
  for v in $VARIANTS; do
    VARIANT=$v finish "$r"
    labimg -base "$from" -layer "$r" -config "$dir/config" -tag "lab/$name:$v"
  done
  finish "$r"
  tags=(-tag "lab/$name:latest")
  for t in $TAGS; do case $t in */*) tags+=(-tag "$t") ;; *) tags+=(-tag "library/$t") ;; esac; done
  labimg -base "$from" -layer "$r" -config "$dir/config" "${tags[@]}"
  echo "$key" >"$stamp"
}

# system DIR PKG... makes a small system: libc, bash, every busybox applet, gosu, CA certificates, OpenSSL.
system() {
  local r=$1 debs a
  shift
  debs=$(deb_fetch "$SUITE" /dev/null "$@")
  deb_unpack "$r" $debs
  cp "$r/usr/share/base-passwd/passwd.master" "$r/etc/passwd"
  cp "$r/usr/share/base-passwd/group.master" "$r/etc/group"
  for a in $("$r/bin/busybox" --list); do [ -e "$r/usr/bin/$a" ] || [ -e "$r/usr/sbin/$a" ] || ln -s busybox "$r/usr/bin/$a"; done
  ln -sf bash "$r/usr/bin/sh"
  find "$r/usr/share/ca-certificates" -name '*.crt' -exec cat {} + >"$r/etc/ssl/certs/ca-certificates.crt"
  mkdir -p "$r"/{proc,sys,dev,tmp,run,root,var/tmp}
  rm -rf "$r/var/run"
  ln -s /run "$r/var/run"
  chmod 1777 "$r/tmp" "$r/var/tmp"
  ldconfig -r "$r"
}

# add_users ROOT NAME:UID:GID:HOME... adds to ROOT's passwd and group, taken from the base if ROOT is a layer.
add_users() {
  local r=$1 u f name uid gid home
  shift
  mkdir -p "$r/etc"
  for f in passwd group; do [ -e "$r/etc/$f" ] || cp "$BASE_DIR/etc/$f" "$r/etc/$f"; done
  for u; do
    IFS=: read -r name uid gid home <<<"$u"
    grep -q "^$name:" "$r/etc/passwd" || echo "$name:x:$uid:$gid::$home:/bin/sh" >>"$r/etc/passwd"
    grep -q "^$name:" "$r/etc/group" || echo "$name:x:$gid:" >>"$r/etc/group"
  done
}

# images NAME... builds the bases first and then the rest, two at a time.
images() {
  local n b
  LABIMG=$(program labimg)
  export LABIMG
  for n; do
    for b in $(image_vars && . "$LAB/images/$n/image.sh" && echo "$NEEDS $BASE"); do
      case $b in none | scratch) ;; *) timed "image $b" image "$b" ;; esac
    done
  done
  printf '%s\n' "$@" | xargs -P 2 -I{} bash -c '. "$LAB/lib/images.sh"; timed "image {}" image {}' 9>&-
}
