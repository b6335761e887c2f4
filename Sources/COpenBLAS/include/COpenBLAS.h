#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <stdbool.h>

/// Whether OpenBLAS can be opened on this machine. The first call opens it.
bool openblas_available(void);

/// The processor that its kernels are for ("SkylakeX", "Haswell"), or null.
const char *openblas_core(void);

/// Who chose them.
enum openblas_choice {
    /// The library.
    OPENBLAS_OWN,
    /// We, by what the processor has: the library would have taken slower ones.
    OPENBLAS_CHOSEN,
    /// The user, by the environment variable OPENBLAS_CORETYPE.
    OPENBLAS_FORCED,
};
enum openblas_choice openblas_kernel_choice(void);

/// Whether they leave vector instructions unused that the processor has.
bool openblas_is_slow(void);

/// c[m x n] = factor op(a) op(b) + keep c, row-major; op transposes where the flag says so: a is
/// stored [m x k] or [k x m], b [k x n] or [n x k], and strides count elements from row to row.
/// On the calling thread. Without OpenBLAS the same by plain loops.
void openblas_multiply(
    bool a_transposed, bool b_transposed, int m, int n, int k, float factor, const float *a,
    int a_stride, const float *b, int b_stride, float keep, float *c, int c_stride);

#endif
