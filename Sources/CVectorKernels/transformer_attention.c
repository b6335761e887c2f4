// Attention of one key/value head: blocks of queries against the keys that they attend to, either those up
// to their own position or all.
//
//     S = Q K^T,   P = softmax(S / sqrt(d)) over the visible keys,   O = P V
//
// Keys are packed to panels like the rows of a weight; values are already `[keys, dimension]` and
// only gathered into panels of 32 columns. Keys and values that are kept for later queries are kept
// packed, so that each is packed once.
//
//     key panels     float [capacity / 32][dimension][32]
//     value panels   float [dimension / 32, rounded up][capacity][32]

#include "TransformerKernels.h"
#include "TrainingKernels.h"
#include "transformer_tile.h"

enum { QUERIES = 56 };

INLINE size_t rounded_up(size_t n) { return (n + PANEL - 1) / PANEL * PANEL; }
INLINE size_t least(size_t a, size_t b) { return a < b ? a : b; }

size_t transformer_attention_scratch(size_t keys, size_t dimension) {
    size_t k = rounded_up(keys), d = rounded_up(dimension);
    return k * dimension + k * d + QUERIES * k + QUERIES * PANEL + PANEL * dimension;
}

INLINE void pack_values(
    const float *v, size_t kv_stride, size_t first, size_t rows, size_t dimension,
    size_t capacity, float *value_panels) {
    for (size_t column = 0; column < dimension; column += PANEL) {
        size_t columns = least(PANEL, dimension - column);
        float *panel = value_panels + column * capacity;
        for (size_t i = 0; i < rows; i++) {
            float *row = panel + (first + i) * PANEL;
            memcpy(row, v + i * kv_stride + column, columns * 4);
            if (columns < PANEL) memset(row + columns, 0, (PANEL - columns) * 4);
        }
    }
}

void transformer_pack_attention(
    const float *k, const float *v, size_t kv_stride, size_t first, size_t rows, size_t dimension,
    size_t capacity, float *key_panels, float *value_panels) {
    for (size_t i = 0; i < rows; i++) {
        size_t position = first + i;
        float *to = key_panels + position / PANEL * PANEL * dimension + position % PANEL;
        for (size_t d = 0; d < dimension; d++) to[d * PANEL] = k[i * kv_stride + d];
    }
    pack_values(v, kv_stride, first, rows, dimension, capacity, value_panels);
}

// `keys` is the number of keys if attention is not causal. `scores` has room for a block's.
INLINE void attend_packed(
    int level, const float *q, size_t q_stride, size_t first_query, size_t queries,
    const float *key_panels, const float *value_panels, size_t capacity, size_t keys,
    size_t dimension, size_t group, size_t window, bool causal, float *out, size_t out_stride,
    float *scores) {
    struct transformer_tiles tiles = transformer_tiles_of(level);
    size_t width = rounded_up(keys);
    float *tile = scores + QUERIES * width;
    float scale = 1.0f / sqrtf((float)dimension);
    // The heads of a single query are the rows of one product.
    bool single = queries == 1 && group <= QUERIES;
    size_t q_rows = single ? dimension : q_stride, out_rows = single ? dimension : out_stride;
    for (size_t block = 0; block < queries; block += QUERIES) {
        size_t count = least(QUERIES, queries - block);
        size_t rows = single ? group : count;
        // A query beyond the last key sees all keys.
        size_t position = causal ? first_query + block : keys;
        size_t end = causal ? position + count : keys;
        size_t begin = window && position + 1 > window ? position + 1 - window : 0;
        begin = begin / PANEL * PANEL;
        for (size_t g = 0; g < (single ? 1 : group); g++) {
            const float *heads = q + block * q_stride + g * dimension;
            for (size_t first = begin; first < end; first += PANEL)
                tiles.float32(
                    heads, q_rows, rows, key_panels + first * dimension, dimension,
                    scores + (first - begin), width, false);
            if (single)
                for (size_t r = 0; r < rows; r++)
                    training_attention_softmax(
                        scores + r * width, 1, end - begin, width, position, begin, window, scale);
            else
                training_attention_softmax(
                    scores, rows, end - begin, width, position, begin, window, scale);
            for (size_t column = 0; column < dimension; column += PANEL) {
                size_t columns = least(PANEL, dimension - column);
                float *to = out + block * out_stride + g * dimension + column;
                const float *panel = value_panels + column * capacity + begin * PANEL;
                if (columns == PANEL) {
                    tiles.float32(scores, width, rows, panel, end - begin, to, out_rows, false);
                    continue;
                }
                tiles.float32(scores, width, rows, panel, end - begin, tile, PANEL, false);
                for (size_t r = 0; r < rows; r++)
                    memcpy(to + r * out_rows, tile + r * PANEL, columns * 4);
            }
        }
    }
}

INLINE void attend(
    int level, const float *q, size_t q_stride, size_t first_query, size_t queries,
    const float *k, const float *v, size_t kv_stride, size_t keys, size_t dimension,
    size_t group, size_t window, bool causal, float *out, size_t out_stride, float *scratch) {
    size_t width = rounded_up(keys);
    float *key_panels = scratch;
    float *value_panels = key_panels + width * dimension;
    float *scores = value_panels + width * rounded_up(dimension);
    float *key_rows = scores + QUERIES * width + QUERIES * PANEL;

    // Keys before the first query's window do not matter.
    size_t oldest = window && first_query + 1 > window ? first_query + 1 - window : 0;
    oldest = oldest / PANEL * PANEL;
    for (size_t first = oldest; first < keys; first += PANEL) {
        size_t rows = least(PANEL, keys - first);
        for (size_t r = 0; r < rows; r++)
            memcpy(key_rows + r * dimension, k + (first + r) * kv_stride, dimension * 4);
        struct transformer_weight part = {key_rows, 0, rows, dimension, TRANSFORMER_FLOAT32};
        transformer_pack_float32(&part, 0, rows, false, key_panels + first * dimension);
    }
    if (oldest < keys)
        pack_values(
            v + oldest * kv_stride, kv_stride, oldest, keys - oldest, dimension, width,
            value_panels);
    attend_packed(
        level, q, q_stride, first_query, queries, key_panels, value_panels, width, keys, dimension,
        group, window, causal, out, out_stride, scores);
}

void transformer_attention(
    int level, const float *q, size_t q_stride, size_t first_query, size_t queries,
    const float *k, const float *v, size_t kv_stride, size_t keys, size_t dimension,
    size_t group, size_t window, float *out, size_t out_stride, float *scratch) {
    attend(
        level, q, q_stride, first_query, queries, k, v, kv_stride, keys, dimension, group, window,
        true, out, out_stride, scratch);
}

void transformer_packed_attention(
    int level, const float *q, size_t q_stride, size_t first_query, size_t queries,
    const float *key_panels, const float *value_panels, size_t capacity, size_t dimension,
    size_t group, size_t window, float *out, size_t out_stride, float *scratch) {
    attend_packed(
        level, q, q_stride, first_query, queries, key_panels, value_panels, capacity,
        first_query + queries, dimension, group, window, true, out, out_stride, scratch);
}

void transformer_full_attention(
    int level, const float *q, size_t q_stride, size_t queries, const float *k, const float *v,
    size_t kv_stride, size_t keys, size_t dimension, float *out, size_t out_stride,
    float *scratch) {
    attend(
        level, q, q_stride, 0, queries, k, v, kv_stride, keys, dimension, 1, 0, false, out,
        out_stride, scratch);
}
