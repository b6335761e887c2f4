#ifndef KERNEL_LEVEL_H
#define KERNEL_LEVEL_H

#include <stdbool.h>

// Which instruction sets the kernels use: the best that the processor has, or what the environment
// variable VDB_KERNELS names, so that every version can be tested on one machine.

/// Levels of x86-64 include those before them.
enum {
    /// What every processor of the architecture has; on ARM the transformer's are vectors of NEON all
    /// the same, by the compiler.
    KERNELS_PORTABLE = 0,
    /// x86-64-v3: AVX2, FMA, F16C.
    KERNELS_AVX2 = 1,
    /// x86-64-v4: AVX-512 F, BW, CD, DQ, VL; with VNNI, if the processor has it.
    KERNELS_AVX512 = 2,
    /// AVX-512 with bfloat16.
    KERNELS_AVX512_BF16 = 3,
    KERNELS_NEON = 4,
};

/// What kernels run at.
int kernel_level(void);

/// Whether the processor has what a level needs.
bool kernel_level_supported(int level);

/// How VDB_KERNELS was taken.
enum kernel_request {
    KERNELS_NOT_REQUESTED,
    KERNELS_REQUESTED,
    /// It names no level, or one that this processor lacks; it is then ignored.
    KERNELS_UNKNOWN,
    KERNELS_UNSUPPORTED,
};
enum kernel_request kernel_request(void);

/// "portable", "avx2", "avx512", "avx512bf16", "neon"; null for anything else.
const char *kernel_level_name(int level);

/// Whether int8 dot products (AVX-512 VNNI) may be used at the level.
bool kernel_level_has_vnni(int level);

#endif
