# shellcheck shell=sh
# Subcommands of cargo's: cargo-deny, which checks the dependencies' licences and sources, and what measures the tests,
# cargo-llvm-cov with LLVM's own tools and cargo-mutants. Each compiles for some minutes, once, where it is asked for.

DENY_WANTED=0.18
DENY_PINNED=0.20.2
LLVM_COV_PINNED=0.9.1
MUTANTS_PINNED=27.1.0

# ensure_cargo_tool NAME VERSION [WANTED]: a subcommand of cargo's, of that version or a newer one; or of the version
# WANTED, where an older one does.
ensure_cargo_tool() {
  PATH=$TOOLS/bin:$PATH
  export PATH
  have "cargo-$1" && at_least "$(cargo "$1" --version | sed 's/.* //')" "${3:-$2}" && return
  say "Installing cargo-$1 $2 into .tools (compiles for some minutes)"
  cargo install --quiet --locked --root "$TOOLS" --target-dir "$TOOLS/$1-build" "cargo-$1@$2"
  rm -rf "$TOOLS/$1-build"
}

ensure_deny() { ensure_cargo_tool deny "$DENY_PINNED" "$DENY_WANTED"; }

ensure_coverage() {
  ensure_cargo_tool llvm-cov "$LLVM_COV_PINNED"
  # LLVM's tools must be those of the compiler, which rustup has; elsewhere LLVM_COV and LLVM_PROFDATA can name them.
  [ -n "${LLVM_COV:-}" ] && [ -n "${LLVM_PROFDATA:-}" ] && return
  [ -n "$(find "$(rustc --print sysroot)/lib/rustlib" -name llvm-cov)" ] && return
  have rustup && rustup component add llvm-tools && return
  die "LLVM's tools for this Rust are missing.
Name them with LLVM_COV and LLVM_PROFDATA, of the version that \`rustc --version --verbose\` tells, then try again."
}

ensure_mutants() { ensure_cargo_tool mutants "$MUTANTS_PINNED"; }
