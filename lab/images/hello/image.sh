# shellcheck shell=bash
# The lab's small application: lab/hello:1, :2 (another version), :bad (dies at its start), :slow (10 s until it listens).
BASE=scratch TAGS="lab/hello:latest" VARIANTS="2 bad slow 1" SOURCES=apps/gohello
finish() { go_build "$1/hello" apps/gohello "-X main.version=${VARIANT:-1}"; }
