# shellcheck shell=bash
BASE=none
TAGS="busybox:latest busybox:1.37 alpine:latest alpine:3 alpine:3.20 debian:trixie-slim debian:stable-slim"
DROP="debconf libdebconfclient0 mawk debianutils openssl openssl-provider-legacy gcc-14-base"
