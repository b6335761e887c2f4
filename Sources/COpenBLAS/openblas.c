// OpenBLAS, loaded at the first product. Loading it starts threads and takes about 2 ms, which a
// program that only answers a query need not spend. Without it everything works, but products of
// large matrices are slow.

#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

// The constants of cblas.h.
enum { ROW_MAJOR = 101, AS_STORED = 111, TRANSPOSED = 112 };

static void (*sgemm)(
    int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *,
    int);
static char *(*core_name)(void);
static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum openblas_choice choice;
static bool is_slow;

#define VARIABLE "OPENBLAS_CORETYPE"

// The instruction sets of the kernels, in ascending order. The library knows processors by name and
// uses its oldest kernels for newer ones: 0.3.21 runs SSE3 ("Prescott") on a Xeon of 2023. The
// choice here depends on the processor's features.
enum { SSE = 0, AVX = 1, AVX2 = 2, AVX512 = 3, UNKNOWN = 4 };

static const struct {
    const char *core;
    int set;
} kernels[] = {
    {"Prescott", SSE},      {"Core2", SSE},        {"Atom", SSE},
    {"Penryn", SSE},        {"Dunnington", SSE},   {"Nehalem", SSE},
    {"Opteron", SSE},       {"Opteron_SSE3", SSE}, {"Barcelona", SSE},
    {"Bobcat", SSE},        {"Nano", SSE},         {"Sandybridge", AVX},
    {"Bulldozer", AVX},     {"Piledriver", AVX},   {"Steamroller", AVX},
    {"Excavator", AVX2},    {"Haswell", AVX2},     {"Zen", AVX2},
    {"SkylakeX", AVX512},   {"Cooperlake", AVX512}, {"Sapphirerapids", AVX512},
};

static int set_of(const char *core) {
    for (size_t i = 0; core && i < sizeof kernels / sizeof *kernels; i++)
        if (!strcasecmp(core, kernels[i].core)) return kernels[i].set;
    return UNKNOWN;
}

/// The best set that this processor supports, with the name of its kernels.
static int best_set(const char **core) {
    *core = NULL;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return *core = "SkylakeX", AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return *core = "Haswell", AVX2;
    if (__builtin_cpu_supports("avx")) return *core = "Sandybridge", AVX;
#endif
    return SSE;
}

static void *open_named(void) {
    static const char *const names[] = {
        "libopenblas.so.0", "libopenblas.so", "libopenblas.dylib",
    };
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (library) *(void **)&core_name = dlsym(library, "openblas_get_corename");
    return library;
}

// The library reads the variable only when it is loaded. Setting it changes the environment while
// other threads may read it, so it is set only if the library has chosen badly, and unset again,
// since child processes must not inherit it.
static void *open_for(void *library, const char *core) {
    if (dlclose(library) || setenv(VARIABLE, core, 1)) return open_named();
    library = open_named();
    unsetenv(VARIABLE);
    return library;
}

static void open_library(void) {
    const char *forced = getenv(VARIABLE), *better;
    choice = forced && *forced ? OPENBLAS_FORCED : OPENBLAS_OWN;
    void *library = open_named();
    int best = best_set(&better);
    if (library && core_name && choice == OPENBLAS_OWN && set_of(core_name()) < best) {
        library = open_for(library, better);
        // If another part of the process has loaded the library, it stays loaded as it is.
        if (library && core_name && set_of(core_name()) >= best) choice = OPENBLAS_CHOSEN;
    }
    if (!library) return;
    is_slow = core_name && set_of(core_name()) < best;
    void (*set_threads)(int) = NULL;
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    // Use one thread: the library's threads would compete with ours for the cores.
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

enum openblas_choice openblas_kernel_choice(void) {
    (void)openblas_available();
    return choice;
}

bool openblas_is_slow(void) { return openblas_available() && is_slow; }

static void multiply_plainly(
    bool a_transposed, bool b_transposed, int m, int n, int k, float factor, const float *a,
    int a_stride, const float *b, int b_stride, float keep, float *c, int c_stride) {
    for (long i = 0; i < m; i++) {
        float *row = c + i * c_stride;
        // As in BLAS: if `keep` is 0, the values in c, even NaN, are ignored.
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
