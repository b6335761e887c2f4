#ifndef CDECOMPRESSION_H
#define CDECOMPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// bzip2 and xz, each by its library, opened when the first such file is read.

enum decompression_format { DECOMPRESSION_BZIP2, DECOMPRESSION_XZ };

enum decompression_result {
    /// Call again, with more input if there is none left, or with more room.
    DECOMPRESSION_PROGRESS,
    /// The data ends here, and whole.
    DECOMPRESSION_END,
    DECOMPRESSION_DAMAGED,
    /// The data needs more memory than a decompressor may have.
    DECOMPRESSION_TOO_LARGE,
};

struct decompressor;

/// Whether the library is installed.
bool decompression_available(enum decompression_format format);

/// NULL if the library is missing or memory is short.
struct decompressor *decompressor_new(enum decompression_format format);

/// Consumes input and produces output, and moves the pointers and counts past both.
/// `is_last`: no more input follows. Then no progress means that the data is cut short.
enum decompression_result decompressor_step(
    struct decompressor *decompressor, const uint8_t **input, size_t *input_count, uint8_t **output,
    size_t *output_count, bool is_last);

void decompressor_free(struct decompressor *decompressor);

#endif
