#ifndef TRAINING_COMMON_H
#define TRAINING_COMMON_H

#include "KernelLevel.h"

#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

// KERNEL(result, name, (parameters), (arguments)) { body } defines a function that is compiled for
// each level of x86-64; a call runs the version for `kernel_level()`.
#if defined(__x86_64__)
#define KERNEL(RESULT, NAME, PARAMETERS, ARGUMENTS)                                            \
    RESULT NAME PARAMETERS;                                                                    \
    INLINE RESULT NAME##_body PARAMETERS;                                                      \
    __attribute__((target("arch=x86-64-v4"))) static RESULT NAME##_avx512 PARAMETERS {         \
        return NAME##_body ARGUMENTS;                                                          \
    }                                                                                          \
    __attribute__((target("arch=x86-64-v3"))) static RESULT NAME##_avx2 PARAMETERS {           \
        return NAME##_body ARGUMENTS;                                                          \
    }                                                                                          \
    static RESULT NAME##_portable PARAMETERS { return NAME##_body ARGUMENTS; }                 \
    RESULT NAME PARAMETERS {                                                                   \
        int level = kernel_level();                                                            \
        return level >= KERNELS_AVX512 ? NAME##_avx512 ARGUMENTS                               \
               : level == KERNELS_AVX2 ? NAME##_avx2 ARGUMENTS                                 \
                                       : NAME##_portable ARGUMENTS;                            \
    }                                                                                          \
    INLINE RESULT NAME##_body PARAMETERS
#else
#define KERNEL(RESULT, NAME, PARAMETERS, ARGUMENTS) RESULT NAME PARAMETERS
#endif

// Lets sums be split into lanes. The order is fixed by the compiled code: the same input gives the
// same sum on every run.
#define SUM_IN_LANES _Pragma("clang fp reassociate(on)")

/// e^x within 2 units in the last place, without branches, so that loops over it vectorize. Below
/// -87.3 it returns about 1e-38.
INLINE float exponential(float x) {
    x = x < -87.3f ? -87.3f : x;
    x = x > 88.3f ? 88.3f : x;
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
    float n = (x * 1.44269504088896f + 12582912.0f) - 12582912.0f;
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    int32_t bits = ((int32_t)n + 127) << 23;
    float scale;
    memcpy(&scale, &bits, 4);
    return p * scale;
}

INLINE float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

/// The maximum of the row, in sixteen lanes.
INLINE float greatest(const float *row, size_t count) {
    float lanes[16], top = -INFINITY;
    for (size_t l = 0; l < 16; l++) lanes[l] = -INFINITY;
    size_t j = 0;
    for (; j + 16 <= count; j += 16)
        for (size_t l = 0; l < 16; l++) lanes[l] = row[j + l] > lanes[l] ? row[j + l] : lanes[l];
    for (; j < count; j++) top = row[j] > top ? row[j] : top;
    for (size_t l = 0; l < 16; l++) top = lanes[l] > top ? lanes[l] : top;
    return top;
}

/// Converts bfloat16 to float32.
INLINE float widened(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/// The nearest bfloat16, ties to even; NaN stays NaN.
INLINE uint16_t narrowed(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return value != value ? (uint16_t)((bits >> 16) | 0x40u) : (uint16_t)rounded;
}

#endif
