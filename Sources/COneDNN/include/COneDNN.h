#ifndef CONEDNN_H
#define CONEDNN_H

#include <stdbool.h>
#include <stdint.h>

/// Whether oneDNN was present when this was compiled and can be opened now, on a processor that
/// multiplies bfloat16. The library is opened by the first call.
bool onednn_available(void);

/// A matrix inside a larger one: element (r, c) lies at r * row_stride + c * column_stride. One of
/// the two strides is 1.
struct onednn_matrix {
    const uint16_t *values;
    int64_t row_stride, column_stride;
};

/// c (m x n, float32, rows c_stride apart) = a (m x k) b (k x n), both bfloat16, summed in float32;
/// added to what c holds with `accumulate`. On the calling thread alone.
///
/// False where it cannot be done (the library is missing, or refuses): c is then unchanged.
bool onednn_multiply(
    struct onednn_matrix a, struct onednn_matrix b, float *c, int64_t c_stride, int64_t m,
    int64_t n, int64_t k, bool accumulate);

#endif
