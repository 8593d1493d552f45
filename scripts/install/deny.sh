# shellcheck shell=sh
# cargo-deny, which checks the dependencies' licences and sources. Compiling it takes three to four minutes on two
# cores, once.

DENY_WANTED=0.18
DENY_PINNED=0.20.2

deny_is_enough() { have cargo-deny && at_least "$(cargo-deny --version | cut -d ' ' -f 2)" "$DENY_WANTED"; }

ensure_deny() {
  deny_is_enough && return
  PATH=$TOOLS/bin:$PATH
  export PATH
  deny_is_enough && return
  say "Installing cargo-deny $DENY_PINNED into .tools (compiles for some minutes)"
  cargo install --quiet --locked --root "$TOOLS" --target-dir "$TOOLS/deny-build" "cargo-deny@$DENY_PINNED"
  rm -rf "$TOOLS/deny-build"
}
