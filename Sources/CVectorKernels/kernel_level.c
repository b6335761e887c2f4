// Selects the instruction set of the kernels: those that this processor can run, and the one in
// use.

#include "KernelLevel.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"portable", "avx2", "avx512", "avx512bf16", "neon"};

enum { LEVELS = sizeof names / sizeof *names };

const char *kernel_level_name(int level) {
    return level >= 0 && level < LEVELS ? names[level] : NULL;
}

bool kernel_level_supported(int level) {
    if (level == KERNELS_PORTABLE) return true;
#if defined(__x86_64__)
    __builtin_cpu_init();
    switch (level) {
    case KERNELS_AVX512_BF16:
        return __builtin_cpu_supports("avx512bf16") && kernel_level_supported(KERNELS_AVX512);
    case KERNELS_AVX512: return __builtin_cpu_supports("x86-64-v4");
    case KERNELS_AVX2: return __builtin_cpu_supports("x86-64-v3");
    }
#elif defined(__aarch64__)
    return level == KERNELS_NEON;
#endif
    return false;
}

bool kernel_level_has_vnni(int level) {
#if defined(__x86_64__)
    return (level == KERNELS_AVX512 || level == KERNELS_AVX512_BF16) &&
           __builtin_cpu_supports("avx512vnni");
#else
    (void)level;
    return false;
#endif
}

static int chosen = -1;
static enum kernel_request request;

static int choose(void) {
    int best = LEVELS - 1;
    while (!kernel_level_supported(best)) best--;
    const char *name = getenv("VDB_KERNELS");
    if (name && *name) {
        request = KERNELS_UNKNOWN;
        for (int level = 0; level < LEVELS; level++)
            if (!strcmp(name, names[level])) {
                bool has = kernel_level_supported(level);
                request = has ? KERNELS_REQUESTED : KERNELS_UNSUPPORTED;
                if (has) best = level;
            }
    }
    return chosen = best;
}

// Runs before main, while there is one thread; other constructors may already have called it.
__attribute__((constructor)) static void at_start(void) { kernel_level(); }

int kernel_level(void) { return chosen >= 0 ? chosen : choose(); }

enum kernel_request kernel_request(void) {
    kernel_level();
    return request;
}
