# shellcheck shell=sh
# Rust, at least as new as the workspace's `rust-version`. A toolchain that is new enough is used as it is, whoever
# installed it; nothing is fetched then.

rust_wanted() { sed -n 's/^rust-version *= *"\(.*\)".*/\1/p' Cargo.toml | head -n 1; }

rust_is_enough() {
  have cargo && have rustc || return 1
  # `rustc 1.95.0 (abc 2026-03-21)`; a nightly says `1.97.0-nightly`.
  at_least "$(rustc --version | cut -d ' ' -f 2 | cut -d - -f 1)" "$(rust_wanted)"
}

# Installs exactly the workspace's version, so that clippy and rustfmt judge the code as they did for its authors. A
# rustup that is there keeps its default toolchain, and nobody's shell files are edited.
install_rust() {
  wanted=$(rust_wanted)
  if have rustup; then
    rustup run "$wanted" rustc --version >/dev/null 2>&1 ||
      rustup toolchain install "$wanted" --profile minimal --component clippy --component rustfmt || return
    export RUSTUP_TOOLCHAIN="$wanted"
  else
    say "Installing Rust $wanted"
    installer=$TOOLS/rustup-init.sh
    mkdir -p "$TOOLS"
    curl --proto '=https' --tlsv1.2 -sSf https://static.rust-lang.org/rustup/rustup-init.sh -o "$installer" &&
      RUSTUP_INIT_SKIP_PATH_CHECK=yes sh "$installer" -y --no-modify-path --profile minimal \
        --default-toolchain "$wanted" --component clippy --component rustfmt || return
    echo "Rust is now in ${CARGO_HOME:-$HOME/.cargo}; put its bin folder on your PATH to use it yourself."
  fi
}

ensure_rust() {
  rust_is_enough && return
  # An installer's Rust beats an older one of the distribution, and is often not on the PATH of make or of an editor.
  PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
  export PATH
  rust_is_enough && return
  if install_rust && rust_is_enough; then return; fi
  die "Rust $(rust_wanted) or newer is needed and could not be installed here.
Get it from https://rustup.rs, then try again."
}

# clippy and rustfmt come with rustup's default profile, but are packages of their own in a distribution.
ensure_rust_checks() {
  cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 && return
  have rustup && rustup component add clippy rustfmt && return
  die "cargo's clippy and fmt are missing.
Install them as your Rust was installed (Debian: rust-clippy rustfmt), then try again."
}

# get_rust_target TARGET: true if the standard library for another kind of machine is there, or could be fetched.
get_rust_target() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] || { have rustup && rustup target add "$1"; }
}

# ensure_rust_target TARGET: the same, or the end.
ensure_rust_target() {
  get_rust_target "$1" && return
  die "the standard library of Rust for $1 is missing.
Install it as your Rust was installed (with rustup: rustup target add $1), then try again."
}
