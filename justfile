# Short names for what is done every day. Without `just`: the commands stand here and run as they are.

# The main job, played through on a local AWS.
demo *arguments:
    cargo run --quiet -- demo {{ arguments }}

# Every test. Nothing else has to be installed or running.
test *arguments:
    cargo test {{ arguments }}

# Formatting, lints, and the build without the local AWS.
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo clippy --no-default-features -- -D warnings

# What has to hold before a change is merged.
ci:
    .ci/run

# Time and calls against the floor, with a round-trip time injected.
bench:
    cargo bench

# Write the schemas of the config and of blueprints anew.
schema:
    cargo run --quiet -- config schema > config/schema.json.new && mv config/schema.json.new config/schema.json
    cargo run --quiet -- config schema --blueprint > config/blueprint.schema.json.new && mv config/blueprint.schema.json.new config/blueprint.schema.json

# Write the list of modules in ARCHITECTURE.md anew.
docs:
    GENKAN_WRITE_DOCS=1 cargo test --quiet --test it docs::every_module

# The documentation of the code; a broken link is an error.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# Licences, sources and unwanted crates of the whole tree (needs `cargo install --locked cargo-deny`).
deny:
    cargo deny check licenses bans sources
