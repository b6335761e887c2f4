// libbz2 and liblzma, opened when they are needed: most runs read no such file, and their development
// files need not be installed. The structures below are those of bzlib.h (unchanged since 1.0, 2000)
// and lzma/base.h (since 5.0, 2010), whose layouts are part of the libraries' binary interfaces.

#include "CDecompression.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct bzip2_stream {
    const char *next_in;
    unsigned avail_in, total_in_low, total_in_high;
    char *next_out;
    unsigned avail_out, total_out_low, total_out_high;
    void *state;
    void *(*allocate)(void *, int, int);
    void (*release)(void *, void *);
    void *opaque;
};

enum { BZIP2_OK = 0, BZIP2_STREAM_END = 4, BZIP2_MEMORY = -3 };

struct lzma_stream {
    const uint8_t *next_in;
    size_t avail_in;
    uint64_t total_in;
    uint8_t *next_out;
    size_t avail_out;
    uint64_t total_out;
    const void *allocator;
    void *internal;
    void *reserved_pointers[4];
    uint64_t reserved_integers[2];
    size_t reserved_sizes[2];
    int reserved_enums[2];
};

enum { LZMA_OK = 0, LZMA_STREAM_END = 1, LZMA_MEMORY = 5, LZMA_MEMORY_LIMIT = 6, LZMA_BUFFER = 10 };
enum { LZMA_RUN = 0, LZMA_FINISH = 3 };
enum { LZMA_CONCATENATED = 8 };

// Level 9 needs 65 MiB.
static const uint64_t memory_limit = 256ull << 20;

static int (*bzip2_init)(struct bzip2_stream *, int, int);
static int (*bzip2_decompress)(struct bzip2_stream *);
static int (*bzip2_end)(struct bzip2_stream *);
static int (*lzma_decoder)(struct lzma_stream *, uint64_t, uint32_t);
static int (*lzma_code)(struct lzma_stream *, int);
static void (*lzma_end)(struct lzma_stream *);

static pthread_once_t bzip2_once = PTHREAD_ONCE_INIT, lzma_once = PTHREAD_ONCE_INIT;
static bool has_bzip2, has_lzma;

static void *open_first(const char *const *names) {
    void *library = NULL;
    for (; *names && !library; names++) library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    return library;
}

static void open_bzip2(void) {
    static const char *const names[] = {"libbz2.so.1.0", "libbz2.so.1", "libbz2.dylib", NULL};
    void *library = open_first(names);
    if (!library) return;
    *(void **)&bzip2_init = dlsym(library, "BZ2_bzDecompressInit");
    *(void **)&bzip2_decompress = dlsym(library, "BZ2_bzDecompress");
    *(void **)&bzip2_end = dlsym(library, "BZ2_bzDecompressEnd");
    has_bzip2 = bzip2_init && bzip2_decompress && bzip2_end;
}

static void open_lzma(void) {
    static const char *const names[] = {"liblzma.so.5", "liblzma.so", "liblzma.5.dylib", NULL};
    void *library = open_first(names);
    if (!library) return;
    *(void **)&lzma_decoder = dlsym(library, "lzma_stream_decoder");
    *(void **)&lzma_code = dlsym(library, "lzma_code");
    *(void **)&lzma_end = dlsym(library, "lzma_end");
    has_lzma = lzma_decoder && lzma_code && lzma_end;
}

bool decompression_available(enum decompression_format format) {
    if (format == DECOMPRESSION_BZIP2) {
        pthread_once(&bzip2_once, open_bzip2);
        return has_bzip2;
    }
    pthread_once(&lzma_once, open_lzma);
    return has_lzma;
}

struct decompressor {
    enum decompression_format format;
    // bzip2: whether a stream has begun, or the last one has ended and another may follow.
    bool is_in_stream;
    struct bzip2_stream bzip2;
    struct lzma_stream lzma;
};

struct decompressor *decompressor_new(enum decompression_format format) {
    if (!decompression_available(format)) return NULL;
    struct decompressor *decompressor = calloc(1, sizeof *decompressor);
    if (!decompressor) return NULL;
    decompressor->format = format;
    bool started = format == DECOMPRESSION_BZIP2
        ? bzip2_init(&decompressor->bzip2, 0, 0) == BZIP2_OK
        : lzma_decoder(&decompressor->lzma, memory_limit, LZMA_CONCATENATED) == LZMA_OK;
    decompressor->is_in_stream = started;
    if (started) return decompressor;
    free(decompressor);
    return NULL;
}

void decompressor_free(struct decompressor *decompressor) {
    if (!decompressor) return;
    if (decompressor->format == DECOMPRESSION_XZ) lzma_end(&decompressor->lzma);
    else if (decompressor->is_in_stream) bzip2_end(&decompressor->bzip2);
    free(decompressor);
}

static enum decompression_result step_bzip2(
    struct decompressor *decompressor, const uint8_t **input, size_t *input_count, uint8_t **output,
    size_t *output_count, bool is_last) {
    struct bzip2_stream *stream = &decompressor->bzip2;
    if (!decompressor->is_in_stream) {
        if (*input_count == 0) return is_last ? DECOMPRESSION_END : DECOMPRESSION_PROGRESS;
        memset(stream, 0, sizeof *stream);
        if (bzip2_init(stream, 0, 0) != BZIP2_OK) return DECOMPRESSION_TOO_LARGE;
        decompressor->is_in_stream = true;
    }
    unsigned given = *input_count < INT_MAX ? (unsigned)*input_count : INT_MAX;
    unsigned room = *output_count < INT_MAX ? (unsigned)*output_count : INT_MAX;
    stream->next_in = (const char *)*input;
    stream->avail_in = given;
    stream->next_out = (char *)*output;
    stream->avail_out = room;
    int code = bzip2_decompress(stream);
    *input += given - stream->avail_in;
    *input_count -= given - stream->avail_in;
    *output += room - stream->avail_out;
    *output_count -= room - stream->avail_out;
    if (code == BZIP2_STREAM_END) {
        bzip2_end(stream);
        decompressor->is_in_stream = false;
        return DECOMPRESSION_PROGRESS;
    }
    if (code == BZIP2_MEMORY) return DECOMPRESSION_TOO_LARGE;
    return code == BZIP2_OK ? DECOMPRESSION_PROGRESS : DECOMPRESSION_DAMAGED;
}

static enum decompression_result step_xz(
    struct decompressor *decompressor, const uint8_t **input, size_t *input_count, uint8_t **output,
    size_t *output_count, bool is_last) {
    struct lzma_stream *stream = &decompressor->lzma;
    stream->next_in = *input;
    stream->avail_in = *input_count;
    stream->next_out = *output;
    stream->avail_out = *output_count;
    int code = lzma_code(stream, is_last ? LZMA_FINISH : LZMA_RUN);
    *input = stream->next_in;
    *input_count = stream->avail_in;
    *output = stream->next_out;
    *output_count = stream->avail_out;
    switch (code) {
    case LZMA_OK:
    case LZMA_BUFFER: return DECOMPRESSION_PROGRESS;
    case LZMA_STREAM_END: return DECOMPRESSION_END;
    case LZMA_MEMORY:
    case LZMA_MEMORY_LIMIT: return DECOMPRESSION_TOO_LARGE;
    default: return DECOMPRESSION_DAMAGED;
    }
}

enum decompression_result decompressor_step(
    struct decompressor *decompressor, const uint8_t **input, size_t *input_count, uint8_t **output,
    size_t *output_count, bool is_last) {
    return (decompressor->format == DECOMPRESSION_BZIP2 ? step_bzip2 : step_xz)(
        decompressor, input, input_count, output, output_count, is_last);
}
