#ifndef TRANSFORMERKERNELS_H
#define TRANSFORMERKERNELS_H

#include "KernelLevel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The inner loops of the language model's forward pass.
//
// Matrices are row-major; strides count elements. The weight W of a linear layer is `[n, k]`, so
// that y = x W^T. Products run over *panels*: 32 rows of W, transposed so that the 32 outputs of
// one input are adjacent. A panel is packed from the stored weights just before it is used, which
// costs little compared with the product and saves a second copy of the model.
//
//     float32 panel    float    [k][32]
//     bfloat16 panel   uint32_t [k/2][32], an even and an odd input's bfloat16 in one word
//
// Each output is one sum over k in order, whatever the number of rows, so a row's result does not
// depend on other rows.

/// The types of stored weights, by GGUF's numbers; for blocks see QuantizedKernels.h.
enum {
    TRANSFORMER_FLOAT32 = 0,
    TRANSFORMER_FLOAT16 = 1,
    TRANSFORMER_BFLOAT16 = 30,
};

/// A stored weight matrix.
struct transformer_weight {
    const void *values;  // [n, k], not necessarily aligned
    const float *bias;   // n, or null
    size_t n, k;
    int type;
};

/// The number of floats of scratch memory for a product with k inputs (two panels).
size_t transformer_panel_scratch(size_t k);

/// c `[m, n]` = a `[m, k]` W^T + bias, or c += … . Returns false if `check` is true and a weight is
/// not finite; c is then unspecified.
bool transformer_linear_float32(
    int level, const float *a, size_t a_stride, size_t m, const struct transformer_weight *weight,
    float *c, size_t c_stride, bool accumulate, bool check, float *scratch);

/// The same with a in bfloat16: a_stride must be even, and rows of odd length must be followed by a
/// zero.
bool transformer_linear_bfloat16(
    int level, const uint16_t *a, size_t a_stride, size_t m,
    const struct transformer_weight *weight, float *c, size_t c_stride, bool accumulate,
    bool check, float *scratch);

/// c `[m, k]` = a `[m, n]` B, or c += …, with B `[n, k]` stored like a weight (a bias is ignored).
/// Needs no transposed copy.
void transformer_product_float32(
    int level, const float *a, size_t a_stride, size_t m, const struct transformer_weight *b,
    float *c, size_t c_stride, bool accumulate, float *scratch);

/// c `[m, n]` = silu(a G^T) * (a U^T), elementwise. `scratch` needs 64 m more floats.
bool transformer_gated_float32(
    int level, const float *a, size_t a_stride, size_t m, const struct transformer_weight *gate,
    const struct transformer_weight *up, float *c, size_t c_stride, bool check, float *scratch);

/// The same with a and c in bfloat16.
bool transformer_gated_bfloat16(
    int level, const uint16_t *a, size_t a_stride, size_t m,
    const struct transformer_weight *gate, const struct transformer_weight *up, uint16_t *c,
    size_t c_stride, bool check, float *scratch);

/// What follows the first product of an encoder's feed-forward layer.
enum {
    TRANSFORMER_GELU = 0,       // x Phi(x)
    TRANSFORMER_GELU_TANH = 1,  // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
    TRANSFORMER_RELU = 2,
};

/// c[m x n] = activation(a W^T + bias). `scratch` additionally holds 32 m floats.
bool transformer_activated_float32(
    int level, const float *a, size_t a_stride, size_t m, const struct transformer_weight *weight,
    int activation, float *c, size_t c_stride, bool check, float *scratch);

/// The same in and to bfloat16.
bool transformer_activated_bfloat16(
    int level, const uint16_t *a, size_t a_stride, size_t m,
    const struct transformer_weight *weight, int activation, uint16_t *c, size_t c_stride,
    bool check, float *scratch);

/// y[r] = (x[r] - mean(x[r])) / sqrt(variance(x[r]) + epsilon) * weight + bias. y may be x.
void transformer_layer_norm(
    const float *x, size_t x_stride, size_t rows, size_t width, const float *weight,
    const float *bias, float epsilon, float *y, size_t y_stride);

/// y[r] = x[r] / sqrt(mean(x[r]^2) + epsilon) * weight. y may be x.
void transformer_norm_float32(
    const float *x, size_t x_stride, size_t rows, size_t width, const float *weight,
    float epsilon, float *y, size_t y_stride);
void transformer_norm_bfloat16(
    const float *x, size_t x_stride, size_t rows, size_t width, const float *weight,
    float epsilon, uint16_t *y, size_t y_stride);

/// Rotates each head's pairs (x_i, x_{i + dimension/2}) of row r by the angles whose cosines and
/// sines are row positions[r] of the tables `[positions, dimension / 2]`.
void transformer_rotate(
    float *x, size_t stride, size_t rows, size_t heads, size_t dimension,
    const int32_t *positions, const float *cosines, const float *sines);

/// Rounds to the nearest bfloat16, ties to even; writes a zero after a row of odd length.
void transformer_narrow(
    const float *x, size_t x_stride, size_t rows, size_t width, uint16_t *y, size_t y_stride);

/// Whether all elements are finite.
bool transformer_is_finite(const float *x, size_t count);

/// The greatest element's index, the lowest if several are equal; NaN is never greater.
/// Needs at least one element.
size_t transformer_greatest(const float *x, size_t count);

/// The sum of e^(x - m), with m the greatest element, which is written to `greatest`.
double transformer_sum_exponentials(const float *x, size_t count, float *greatest);

/// Converts `count` stored values to float32; quantized values must be whole blocks.
void transformer_widen(const void *values, int type, size_t count, float *y);

/// The number of floats of scratch memory for `transformer_attention`.
size_t transformer_attention_scratch(size_t keys, size_t dimension);

/// Causal attention of one key/value head and the `group` query heads that it serves, which are
/// adjacent in q and out. Query r is at position first_query + r and attends to the keys up to its
/// own position, at most `window` of them if window is not 0.
void transformer_attention(
    int level, const float *q, size_t q_stride, size_t first_query, size_t queries,
    const float *k, const float *v, size_t kv_stride, size_t keys, size_t dimension,
    size_t group, size_t window, float *out, size_t out_stride, float *scratch);

/// Packs keys and values `[rows, dimension]` of one head, at positions from `first` on, as
/// transformer_packed_attention reads them: the keys' panels `[capacity / 32][dimension][32]`, the
/// values' `[dimension / 32, rounded up][capacity][32]`. `capacity` is a multiple of 32.
void transformer_pack_attention(
    const float *k, const float *v, size_t kv_stride, size_t first, size_t rows, size_t dimension,
    size_t capacity, float *key_panels, float *value_panels);

/// The same as transformer_attention, bit for bit, with the keys and values up to the last query
/// packed. A key's panel may have any numbers after the last key.
void transformer_packed_attention(
    int level, const float *q, size_t q_stride, size_t first_query, size_t queries,
    const float *key_panels, const float *value_panels, size_t capacity, size_t dimension,
    size_t group, size_t window, float *out, size_t out_stride, float *scratch);

/// The same of one head in which every query sees every key.
void transformer_full_attention(
    int level, const float *q, size_t q_stride, size_t queries, const float *k, const float *v,
    size_t kv_stride, size_t keys, size_t dimension, float *out, size_t out_stride,
    float *scratch);

#endif
