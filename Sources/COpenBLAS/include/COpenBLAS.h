#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <stdbool.h>

/// Whether OpenBLAS can be loaded on this machine. The first call loads it.
bool openblas_available(void);

/// The processor that its kernels are written for ("SkylakeX", "Haswell"), or null.
const char *openblas_core(void);

/// How the kernels were chosen.
enum openblas_choice {
    /// By the library.
    OPENBLAS_OWN,
    /// By this module, from the processor's features, because the library would have chosen slower
    /// ones.
    OPENBLAS_CHOSEN,
    /// By the user, with the environment variable OPENBLAS_CORETYPE.
    OPENBLAS_FORCED,
};
enum openblas_choice openblas_kernel_choice(void);

/// Whether the processor has vector instructions that the kernels do not use.
bool openblas_is_slow(void);

/// c `[m, n]` = factor op(a) op(b) + keep c, row-major; op transposes if its flag is set: a is
/// stored as `[m, k]` or `[k, m]`, b as `[k, n]` or `[n, k]`, and strides count elements from row
/// to row. Runs on the calling thread. Without OpenBLAS, plain loops compute the same.
void openblas_multiply(
    bool a_transposed, bool b_transposed, int m, int n, int k, float factor, const float *a,
    int a_stride, const float *b, int b_stride, float keep, float *c, int c_stride);

#endif
