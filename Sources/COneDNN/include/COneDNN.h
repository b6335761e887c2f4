#ifndef CONEDNN_H
#define CONEDNN_H

#include <stdbool.h>
#include <stdint.h>

/// Whether oneDNN was present at compile time and can be loaded now, on a processor that multiplies
/// bfloat16. The first call loads the library.
bool onednn_available(void);

/// A matrix inside a larger one: element (r, c) is at r * row_stride + c * column_stride. One of
/// the two strides must be 1.
struct onednn_matrix {
    const uint16_t *values;
    int64_t row_stride, column_stride;
};

/// c `[m, n]`, float32 with row stride c_stride, = a `[m, k]` b `[k, n]`, both bfloat16, summed in
/// float32; added to c if `accumulate`. Runs on the calling thread.
///
/// Returns false if the library is missing or rejects the product; c is then unchanged.
bool onednn_multiply(
    struct onednn_matrix a, struct onednn_matrix b, float *c, int64_t c_stride, int64_t m,
    int64_t n, int64_t k, bool accumulate);

#endif
