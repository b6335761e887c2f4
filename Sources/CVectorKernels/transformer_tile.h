#ifndef TRANSFORMER_TILE_H
#define TRANSFORMER_TILE_H

#include "TransformerKernels.h"
#include "training_common.h"

// Functions on vectors are inlined into callers with the registers, so their calling convention
// does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float f32x16 __attribute__((ext_vector_type(16), aligned(4)));
typedef uint32_t u32x16 __attribute__((ext_vector_type(16), aligned(1)));
typedef uint16_t u16x16 __attribute__((ext_vector_type(16), aligned(1)));

enum { PANEL = 32, MOST_ROWS = 14 };

#define UNROLL _Pragma("clang loop unroll(full)")

/// The function that multiplies rows by a panel; chosen once for each product.
struct transformer_tiles {
    void (*float32)(
        const float *a, size_t a_stride, size_t m, const float *panel, size_t k, float *c,
        size_t c_stride, bool accumulate);
    void (*bfloat16)(
        const uint16_t *a, size_t a_stride, size_t m, const uint32_t *panel, size_t k, float *c,
        size_t c_stride, bool accumulate);
};

struct transformer_tiles transformer_tiles_of(int level);

/// Packs rows [first, first + rows) of a weight to a panel; the remaining 32 - rows are zero.
/// Returns whether all weights are finite, or true if `check` is false.
bool transformer_pack_float32(
    const struct transformer_weight *weight, size_t first, size_t rows, bool check, float *panel);
bool transformer_pack_bfloat16(
    const struct transformer_weight *weight, size_t first, size_t rows, bool check,
    uint32_t *panel);

/// Packs columns [first, first + columns) of a matrix, whose rows are the panel's lines; the rest
/// of a line is zero.
void transformer_columns_float32(
    const struct transformer_weight *matrix, size_t first, size_t columns, float *panel);

#endif
