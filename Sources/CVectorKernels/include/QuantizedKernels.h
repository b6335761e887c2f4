#ifndef QUANTIZED_KERNELS_H
#define QUANTIZED_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Weights in quantized blocks, as in GGUF: a row is a whole number of blocks, and a block has 32 or
// 256 weights of a few bits each, with the scales of its groups.

/// Types of blocks, by GGUF's own numbers.
enum {
    BLOCK_Q4_0 = 2,
    BLOCK_Q4_1 = 3,
    BLOCK_Q5_0 = 6,
    BLOCK_Q5_1 = 7,
    BLOCK_Q8_0 = 8,
    BLOCK_Q2_K = 10,
    BLOCK_Q3_K = 11,
    BLOCK_Q4_K = 12,
    BLOCK_Q5_K = 13,
    BLOCK_Q6_K = 14,
    BLOCK_IQ4_NL = 20,
};

/// The number of bytes and of weights in a block; 0 for an unknown type.
size_t quantized_block_bytes(int type);
size_t quantized_block_weights(int type);

/// Converts `count` weights, which are whole blocks, to float32.
void quantized_dequantize(int type, const void *blocks, size_t count, float *y);

// Products. Activations are quantized to signed bytes, with a scale for every 32 of a row:
//
//     x = scale a,   scale = max |x| / 127,   a in -127 ... 127
//
// and a weight is w = scale (q - zero) or scale q + offset with q an unsigned byte, so that a group of
// inputs contributes
//
//     scale_x scale_w (sum q a - zero sum a)        or
//     scale_x scale_w  sum q a + offset_w scale_x sum a.
//
// The sums over a group are exact integers; groups are added in float32, in order. A row's result
// therefore does not depend on other rows or on the number of threads.

/// Rows of activations, quantized.
struct quantized_rows {
    int8_t *values;  // [rows, width]
    float *scales;   // [rows, width / 32]
    int16_t *sums;   // [rows, width / 16]: sums of sixteen values
    size_t width;    // a multiple of 32
};

/// Quantizes rows [first, first + count) of x to the same rows of y. A number that is not finite
/// makes the scale of its group NaN.
void quantized_rows_from_float32(
    const float *x, size_t x_stride, size_t first, size_t count, const struct quantized_rows *y);

/// One weight matrix in blocks.
struct quantized_weight {
    const void *blocks;  // [n, k / weights of a block], not necessarily aligned
    const float *bias;   // n, or null
    size_t n, k;         // k is a whole number of blocks, and of 32
    int type;
};

/// The bytes of scratch memory, aligned to a cache line, for products of `rows` rows with k inputs.
size_t quantized_scratch(size_t rows, size_t k);

/// c `[m, count]` = a W^T + bias, or c += …, for outputs [first, first + count) only: c starts at
/// the first of them. Returns false if `check` is true and a scale is not finite; c is then
/// unspecified.
bool quantized_linear(
    int level, const struct quantized_rows *a, size_t m, const struct quantized_weight *weight,
    size_t first, size_t count, float *c, size_t c_stride, bool accumulate, bool check,
    void *scratch);

/// c `[m, count]` = silu(a G^T) * (a U^T), elementwise.
bool quantized_gated(
    int level, const struct quantized_rows *a, size_t m, const struct quantized_weight *gate,
    const struct quantized_weight *up, size_t first, size_t count, float *c, size_t c_stride,
    bool check, void *scratch);

#endif
