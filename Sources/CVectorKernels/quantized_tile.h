#ifndef QUANTIZED_TILE_H
#define QUANTIZED_TILE_H

#include "QuantizedKernels.h"
#include "transformer_tile.h"

/// 32 rows of a weight, unpacked: the 32 outputs of an input are adjacent, in groups of four
/// inputs, the layout that dot-product instructions require.
struct quantized_panel {
    uint8_t *q;      // [k / 4][32][4]
    float *scales;   // [k / group][32]
    float *offsets;  // likewise, for affine types
    size_t k;
    int group;       // 16 or 32
    int bits;        // of the largest q
    bool affine;
};

/// Rows of activations, with values for each row and group that products with one matrix need.
struct quantized_operand {
    const int8_t *values;   // [rows, k]
    const float *scales;    // [rows, k / 32]
    const int32_t *starts;  // [rows, k / group]: initial values of the sums of q a
    const float *minima;    // [rows, k / group]: scale * sum a, for affine types
};

/// Multiplies m rows by a panel: c `[m, 32]`, or c += ….
typedef void quantized_product(
    struct quantized_operand a, size_t m, const struct quantized_panel *panel, float *c,
    size_t c_stride, bool accumulate);

struct quantized_tiles {
    quantized_product *product;
    /// Subtracted from each q by the product, and compensated by `starts`.
    int bias;
};

/// The best tile for the level and the panel's type.
struct quantized_tiles quantized_tiles_of(int level, const struct quantized_panel *panel);

/// Unpacks rows [first, first + rows) of a weight; further rows are zero. Returns whether all
/// scales are finite.
bool quantized_pack(
    const struct quantized_weight *weight, size_t first, size_t rows,
    struct quantized_panel *panel);

/// The operand that starts at row r.
INLINE struct quantized_operand operand_from(
    struct quantized_operand a, size_t r, const struct quantized_panel *panel) {
    size_t groups = panel->k / (size_t)panel->group;
    a.values += r * panel->k;
    a.scales += r * (panel->k / 32);
    a.starts += r * groups;
    a.minima += r * groups;
    return a;
}

#endif
