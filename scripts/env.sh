# shellcheck shell=sh
# Sourced by every script, in the project's folder: where things are, and how they are said.
# Plain POSIX sh, because a fresh machine has dash (Debian) or bash 3.2 (macOS) and nothing newer.

ROOT=$(pwd -P)
TOOLS=$ROOT/.tools
# shellcheck disable=SC2034 # read by the scripts that source this
VENV=$ROOT/.venv
# shellcheck disable=SC2034 # read by the scripts that source this
VENV_OTHERS=$ROOT/.venv-others
# shellcheck disable=SC2034 # read by the scripts that source this
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}

# Written by the installers, read by no program: the checksum of what each one last installed from.
STAMPS=$TOOLS/stamps

say() { printf '\n==> %s\n' "$*"; }

# die MESSAGE: every line of the message goes to stderr, and the script ends.
die() {
  printf '\nerror: %s\n' "$1" >&2
  exit 1
}

# What is measured, or handed on to others, is worth a longer build.
optimise_as_a_whole() {
  export CARGO_PROFILE_RELEASE_LTO=thin
  export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
}

# No proxy is to come between programs and the loopback interface.
no_proxy_for_loopback() {
  export NO_PROXY="127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}"
  export no_proxy="$NO_PROXY"
}

have() { command -v "$1" >/dev/null 2>&1; }

# at_least HAVE WANT: compares dotted versions number by number; `sort -V` is missing on older systems.
at_least() {
  awk -v have="$1" -v want="$2" 'BEGIN {
    split(have, h, "."); n = split(want, w, ".")
    for (i = 1; i <= n; i++) if (h[i] + 0 != w[i] + 0) exit (h[i] + 0 < w[i] + 0)
  }'
}

# fresh NAME FILE...: true if NAME was installed from exactly these files. Contents count: a checkout changes times.
fresh() {
  fresh_name=$1
  shift
  [ "$(cat "$STAMPS/$fresh_name" 2>/dev/null)" = "$(cat "$@" | cksum)" ]
}

# stamp NAME FILE...: remembers that NAME is now installed from these files.
stamp() {
  stamp_name=$1
  shift
  mkdir -p "$STAMPS"
  cat "$@" | cksum >"$STAMPS/$stamp_name"
}
