#ifndef QUANTIZED_KERNELS_H
#define QUANTIZED_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Weights in quantised blocks, as GGUF stores them: a row is a whole number of blocks, and a block
// holds 32 or 256 weights in a few bits each, with the scales of its groups.

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

/// Bytes of a block and weights in it; 0 for a type that is not in the list.
size_t quantized_block_bytes(int type);
size_t quantized_block_weights(int type);

/// Writes `count` weights as float32, whole blocks.
void quantized_dequantize(int type, const void *blocks, size_t count, float *y);

#endif
