// OpenBLAS, opened when the first product is asked for. Loading it starts threads and takes some
// 2 ms, which a program that only answers a query need not spend; and without it everything works,
// slowly where matrices are large.

#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

// cblas.h's own numbers.
enum { ROW_MAJOR = 101, AS_STORED = 111, TRANSPOSED = 112 };

static void (*sgemm)(
    int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *,
    int);
static char *(*core_name)(void);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    static const char *const names[] = {
        "libopenblas.so.0", "libopenblas.so", "libopenblas.dylib",
    };
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    void (*set_threads)(int) = NULL;
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    *(void **)&core_name = dlsym(library, "openblas_get_corename");
    // The threads are ours: the library's own would fight them for the cores.
    if (!set_threads) return;
    set_threads(1);
    *(void **)&sgemm = dlsym(library, "cblas_sgemm");
}

bool openblas_available(void) {
    pthread_once(&once, open_library);
    return sgemm != NULL;
}

const char *openblas_core(void) {
    return openblas_available() && core_name ? core_name() : NULL;
}

static void multiply_plainly(
    bool a_transposed, bool b_transposed, int m, int n, int k, float factor, const float *a,
    int a_stride, const float *b, int b_stride, float keep, float *c, int c_stride) {
    for (long i = 0; i < m; i++) {
        float *row = c + i * c_stride;
        // As BLAS: with `keep` 0 what c holds, NaN perhaps, does not matter.
        for (long j = 0; j < n; j++) row[j] = keep == 0 ? 0 : keep * row[j];
        for (long l = 0; l < k; l++) {
            float x = factor * (a_transposed ? a[l * a_stride + i] : a[i * a_stride + l]);
            if (b_transposed)
                for (long j = 0; j < n; j++) row[j] += x * b[j * b_stride + l];
            else
                for (long j = 0; j < n; j++) row[j] += x * b[l * b_stride + j];
        }
    }
}

void openblas_multiply(
    bool a_transposed, bool b_transposed, int m, int n, int k, float factor, const float *a,
    int a_stride, const float *b, int b_stride, float keep, float *c, int c_stride) {
    if (openblas_available())
        sgemm(
            ROW_MAJOR, a_transposed ? TRANSPOSED : AS_STORED,
            b_transposed ? TRANSPOSED : AS_STORED, m, n, k, factor, a, a_stride, b, b_stride,
            keep, c, c_stride);
    else
        multiply_plainly(
            a_transposed, b_transposed, m, n, k, factor, a, a_stride, b, b_stride, keep, c,
            c_stride);
}
