# shellcheck shell=bash
# Debian's Miniflux, which is the program of the official image. Only that package: it is one static binary.
PKGS="miniflux"
DROP="postgresql-client postgresql-client-17 postgresql-client-common libpq5 perl perl-base perl-modules-5.40 libperl5.40 libdb5.3t64 libgdbm6t64 libgdbm-compat4t64
 adduser passwd dbconfig-common dbconfig-pgsql ucf debconf init-system-helpers sysvinit-utils"
TAGS="miniflux/miniflux:2.2.5 miniflux/miniflux:latest"
