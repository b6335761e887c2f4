// Moving, adding and converting rows.

#include "TrainingKernels.h"
#include "training_common.h"

KERNEL(
    void, training_add,
    (float *y, const float *x, float factor, size_t count),
    (y, x, factor, count)) {
    for (size_t i = 0; i < count; i++) y[i] += factor * x[i];
}

KERNEL(
    void, training_sum,
    (const float *a, const float *b, float *y, size_t count),
    (a, b, y, count)) {
    for (size_t i = 0; i < count; i++) y[i] = a[i] + b[i];
}

KERNEL(void, training_scale, (float *y, float factor, size_t count), (y, factor, count)) {
    for (size_t i = 0; i < count; i++) y[i] *= factor;
}

// y[r] = factors[r] x[r]
KERNEL(
    void, training_scale_rows,
    (const float *x, const float *factors, float *y, size_t rows, size_t columns),
    (x, factors, y, rows, columns)) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            y[r * columns + c] = factors[r] * x[r * columns + c];
}

// y[r] = x[indices[r]]
KERNEL(
    void, training_gather_rows,
    (const float *x, const int32_t *indices, float *y, size_t rows, size_t columns),
    (x, indices, y, rows, columns)) {
    for (size_t r = 0; r < rows; r++)
        memcpy(y + r * columns, x + (size_t)indices[r] * columns, columns * sizeof(float));
}

// dx[indices[r], from ..< to] += dy[r, from ..< to]: work is split by columns, so that rows with
// the same index are added in order, whatever the number of threads.
KERNEL(
    void, training_scatter_rows,
    (const float *dy, const int32_t *indices, float *dx, size_t rows, size_t columns, size_t from,
    size_t to),
    (dy, indices, dx, rows, columns, from, to)) {
    for (size_t r = 0; r < rows; r++) {
        const float *source = dy + r * columns;
        float *destination = dx + (size_t)indices[r] * columns;
        for (size_t c = from; c < to; c++) destination[c] += source[c];
    }
}

KERNEL(
    void, training_add_bias,
    (float *y, const float *bias, size_t rows, size_t columns),
    (y, bias, rows, columns)) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) y[r * columns + c] += bias[c];
}

// sums[c] += sum over rows of x[r, c]
KERNEL(
    void, training_sum_rows,
    (const float *x, float *sums, size_t rows, size_t columns),
    (x, sums, rows, columns)) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) sums[c] += x[r * columns + c];
}

KERNEL(void, training_narrow, (const float *x, uint16_t *y, size_t count), (x, y, count)) {
    for (size_t i = 0; i < count; i++) y[i] = narrowed(x[i]);
}

KERNEL(void, training_widen, (const uint16_t *x, float *y, size_t count), (x, y, count)) {
    for (size_t i = 0; i < count; i++) y[i] = widened(x[i]);
}

// Keeps a value with probability 1 - rate and divides it by that. The choice depends only on the
// seed and the value's index, so that the backward pass and a recomputed forward pass agree.
KERNEL(
    void, training_dropout,
    (const float *x, float *y, size_t first, size_t count, uint64_t seed, float rate),
    (x, y, first, count, seed, rate)) {
    float keep = 1.0f / (1.0f - rate);
    uint32_t threshold = (uint32_t)((double)rate * 4294967296.0);
    for (size_t i = 0; i < count; i++) {
        uint64_t z = seed + (first + i + 1) * 0x9e3779b97f4a7c15ull;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        uint32_t draw = (uint32_t)((z ^ (z >> 31)) >> 32);
        y[i] = draw < threshold ? 0.0f : x[i] * keep;
    }
}
