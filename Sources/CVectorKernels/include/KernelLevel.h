#ifndef KERNEL_LEVEL_H
#define KERNEL_LEVEL_H

#include <stdbool.h>

// The instruction set that the kernels use: the best that the processor has, or the one that the
// environment variable VDB_KERNELS names, so that every version can be tested on one machine.

/// Levels. Those of x86-64 include the ones before them.
enum {
    /// The baseline of the architecture. On ARM the compiler still uses NEON for the transformer's
    /// kernels.
    KERNELS_PORTABLE = 0,
    /// x86-64-v3: AVX2, FMA, F16C.
    KERNELS_AVX2 = 1,
    /// x86-64-v4: x86-64-v4: AVX-512 F, BW, CD, DQ, VL, and VNNI if the processor has it.
    KERNELS_AVX512 = 2,
    /// AVX-512 with bfloat16.
    KERNELS_AVX512_BF16 = 3,
    KERNELS_NEON = 4,
};

/// The level in use.
int kernel_level(void);

/// Whether the processor supports a level.
bool kernel_level_supported(int level);

/// How VDB_KERNELS was interpreted.
enum kernel_request {
    KERNELS_NOT_REQUESTED,
    KERNELS_REQUESTED,
    /// It does not name a level, or names one that this processor does not support; it is ignored.
    KERNELS_UNKNOWN,
    KERNELS_UNSUPPORTED,
};
enum kernel_request kernel_request(void);

/// "portable", "avx2", "avx512", "avx512bf16", "neon"; null for anything else.
const char *kernel_level_name(int level);

/// Whether int8 dot products (AVX-512 VNNI) may be used at the level.
bool kernel_level_has_vnni(int level);

#endif
