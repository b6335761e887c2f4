// The row-wise part of attention for one block of queries; the products around it are matrix
// multiplications. Row r of a block is the query at `first_query + r`; column j is the key at
// `first_key + j`. A query attends to the keys at or before it, and to at most `window` of them
// (including its own) if window is not 0.

#include "TrainingKernels.h"
#include "training_common.h"

INLINE void visible(
    size_t query, size_t first_key, size_t columns, size_t window, size_t *from, size_t *to) {
    size_t end = query + 1 - first_key;
    size_t begin = window && query + 1 > window + first_key ? query + 1 - window - first_key : 0;
    *from = begin;
    *to = end < columns ? end : columns;
}

// Converts scores to probabilities in place.
KERNEL(
    void, training_attention_softmax,
    (float *scores, size_t rows, size_t columns, size_t stride, size_t first_query,
    size_t first_key, size_t window, float scale),
    (scores, rows, columns, stride, first_query, first_key, window, scale)) {
    SUM_IN_LANES
    for (size_t r = 0; r < rows; r++) {
        float *row = scores + r * stride;
        size_t from, to;
        visible(first_query + r, first_key, columns, window, &from, &to);
        float top = greatest(row + from, to - from);
        float sum = 0;
        for (size_t j = 0; j < from; j++) row[j] = 0;
        for (size_t j = from; j < to; j++) {
            row[j] = exponential((row[j] - top) * scale);
            sum += row[j];
        }
        for (size_t j = to; j < columns; j++) row[j] = 0;
        float inverse = 1.0f / sum;
        for (size_t j = from; j < to; j++) row[j] *= inverse;
    }
}

// dscores = scale P (dP - sum_j P dP), a row with all keys that its query attends to. Replaces dP in
// `gradients` by dscores.
KERNEL(
    void, training_attention_backward,
    (const float *probabilities, float *gradients, size_t rows, size_t columns, size_t stride,
    float scale),
    (probabilities, gradients, rows, columns, stride, scale)) {
    SUM_IN_LANES
    for (size_t r = 0; r < rows; r++) {
        const float *p = probabilities + r * stride;
        float *g = gradients + r * stride;
        float d = 0;
        for (size_t j = 0; j < columns; j++) d += p[j] * g[j];
        for (size_t j = 0; j < columns; j++) g[j] = scale * p[j] * (g[j] - d);
    }
}
