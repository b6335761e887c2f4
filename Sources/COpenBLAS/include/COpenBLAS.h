#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <stdbool.h>

/// Whether OpenBLAS can be opened on this machine. The first call opens it.
bool openblas_available(void);

/// The processor that its kernels are for ("SkylakeX", "Haswell"), or null. The environment
/// variable OPENBLAS_CORETYPE may force a slower one.
const char *openblas_core(void);

/// c[m x n] = factor op(a) op(b) + keep c, row-major; op transposes where the flag says so: a is
/// stored [m x k] or [k x m], b [k x n] or [n x k], and strides count elements from row to row.
/// On the calling thread. Without OpenBLAS the same by plain loops.
void openblas_multiply(
    bool a_transposed, bool b_transposed, int m, int n, int k, float factor, const float *a,
    int a_stride, const float *b, int b_stride, float keep, float *c, int c_stride);

#endif
