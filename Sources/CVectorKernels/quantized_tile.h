#ifndef QUANTIZED_TILE_H
#define QUANTIZED_TILE_H

#include "QuantizedKernels.h"
#include "transformer_tile.h"

/// 32 rows of a weight, unpacked: the 32 outputs of one input lie side by side, four inputs at a time,
/// as dot-product instructions take them.
struct quantized_panel {
    uint8_t *q;      // [k / 4][32][4]
    float *scales;   // [k / group][32]
    float *offsets;  // the same, of affine types
    size_t k;
    int group;       // 16 or 32
    int bits;        // of the largest q
    bool affine;
};

/// Rows of activations, with what products by one matrix need of each row and group.
struct quantized_operand {
    const int8_t *values;   // [rows, k]
    const float *scales;    // [rows, k / 32]
    const int32_t *starts;  // [rows, k / group]: what sums of q a begin with
    const float *minima;    // [rows, k / group]: scale * sum a, of affine types
};

/// m rows by a panel: c[m x 32], or c += ….
typedef void quantized_product(
    struct quantized_operand a, size_t m, const struct quantized_panel *panel, float *c,
    size_t c_stride, bool accumulate);

struct quantized_tiles {
    quantized_product *product;
    /// What the product takes from each q: starts make up for it.
    int bias;
};

/// The best for the level and the panel's type.
struct quantized_tiles quantized_tiles_of(int level, const struct quantized_panel *panel);

/// Rows [first, first + rows) of a weight; further ones are zero. Returns whether all scales are
/// finite.
bool quantized_pack(
    const struct quantized_weight *weight, size_t first, size_t rows,
    struct quantized_panel *panel);

/// Row r of an operand as the first.
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
