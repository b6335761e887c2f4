// Attention of one key/value head: blocks of queries against the keys that they attend to, either those up
// to their own position or all.
//
//     S = Q K^T,   P = softmax(S / sqrt(d)) over the visible keys,   O = P V
//
// Keys are packed to panels like the rows of a weight; values are already `[keys, dimension]` and
// only gathered into panels of 32 columns.

#include "TransformerKernels.h"
#include "TrainingKernels.h"
#include "transformer_tile.h"

enum { QUERIES = 56 };

INLINE size_t rounded_up(size_t n) { return (n + PANEL - 1) / PANEL * PANEL; }

size_t transformer_attention_scratch(size_t keys, size_t dimension) {
    size_t k = rounded_up(keys), d = rounded_up(dimension);
    return k * dimension + k * d + QUERIES * k + QUERIES * PANEL + PANEL * dimension;
}

INLINE void attend(
    int level, const float *q, size_t q_stride, size_t first_query, size_t queries,
    const float *k, const float *v, size_t kv_stride, size_t keys, size_t dimension,
    size_t group, size_t window, bool causal, float *out, size_t out_stride, float *scratch) {
    struct transformer_tiles tiles = transformer_tiles_of(level);
    size_t width = rounded_up(keys);
    float *key_panels = scratch;
    float *value_panels = key_panels + width * dimension;
    float *scores = value_panels + width * rounded_up(dimension);
    float *tile = scores + QUERIES * width;
    float *key_rows = tile + QUERIES * PANEL;

    // Keys before the first query's window do not matter.
    size_t oldest = window && first_query + 1 > window ? first_query + 1 - window : 0;
    oldest = oldest / PANEL * PANEL;
    for (size_t first = oldest; first < keys; first += PANEL) {
        size_t rows = keys - first < PANEL ? keys - first : PANEL;
        for (size_t r = 0; r < rows; r++)
            memcpy(key_rows + r * dimension, k + (first + r) * kv_stride, dimension * 4);
        struct transformer_weight part = {key_rows, 0, rows, dimension, TRANSFORMER_FLOAT32};
        transformer_pack_float32(&part, 0, rows, false, key_panels + first * dimension);
    }
    for (size_t column = 0; column < dimension; column += PANEL) {
        size_t columns = dimension - column < PANEL ? dimension - column : PANEL;
        float *panel = value_panels + column * width;
        for (size_t i = oldest; i < keys; i++) {
            float *row = panel + i * PANEL;
            memcpy(row, v + i * kv_stride + column, columns * 4);
            if (columns < PANEL) memset(row + columns, 0, (PANEL - columns) * 4);
        }
    }

    float scale = 1.0f / sqrtf((float)dimension);
    for (size_t block = 0; block < queries; block += QUERIES) {
        size_t rows = queries - block < QUERIES ? queries - block : QUERIES;
        // A query beyond the last key sees all keys.
        size_t position = causal ? first_query + block : keys;
        size_t end = causal ? position + rows : keys;
        size_t begin = window && position + 1 > window ? position + 1 - window : 0;
        begin = begin / PANEL * PANEL;
        for (size_t g = 0; g < group; g++) {
            const float *heads = q + block * q_stride + g * dimension;
            for (size_t first = begin; first < end; first += PANEL)
                tiles.float32(
                    heads, q_stride, rows, key_panels + first * dimension, dimension,
                    scores + (first - begin), width, false);
            training_attention_softmax(
                scores, rows, end - begin, width, position, begin, window, scale);
            for (size_t column = 0; column < dimension; column += PANEL) {
                size_t columns = dimension - column < PANEL ? dimension - column : PANEL;
                float *to = out + block * out_stride + g * dimension + column;
                const float *panel = value_panels + column * width + begin * PANEL;
                if (columns == PANEL) {
                    tiles.float32(
                        scores, width, rows, panel, end - begin, to, out_stride, false);
                    continue;
                }
                tiles.float32(scores, width, rows, panel, end - begin, tile, PANEL, false);
                for (size_t r = 0; r < rows; r++)
                    memcpy(to + r * out_stride, tile + r * PANEL, columns * 4);
            }
        }
    }
}

void transformer_attention(
    int level, const float *q, size_t q_stride, size_t first_query, size_t queries,
    const float *k, const float *v, size_t kv_stride, size_t keys, size_t dimension,
    size_t group, size_t window, float *out, size_t out_stride, float *scratch) {
    attend(
        level, q, q_stride, first_query, queries, k, v, kv_stride, keys, dimension, group, window,
        true, out, out_stride, scratch);
}

void transformer_full_attention(
    int level, const float *q, size_t q_stride, size_t queries, const float *k, const float *v,
    size_t kv_stride, size_t keys, size_t dimension, float *out, size_t out_stride,
    float *scratch) {
    attend(
        level, q, q_stride, 0, queries, k, v, kv_stride, keys, dimension, 1, 0, false, out,
        out_stride, scratch);
}
