// NEON, which every arm64 CPU has: 4 floats or 16 bytes at a time. It compiles, but has not been
// run on such a machine yet.

#include "distance_tables.h"

#if defined(__aarch64__)
#include <arm_neon.h>

static inline float32x4_t load_f32(const float *p) { return vld1q_f32(p); }
static inline float32x4_t load_f16(const uint16_t *p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline float32x4_t load_bf16(const uint16_t *p) {
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}

static inline float32x4_t add_product(float32x4_t a, float32x4_t b, float32x4_t sum) {
    return vfmaq_f32(sum, a, b);
}
static inline float32x4_t add_square(float32x4_t a, float32x4_t b, float32x4_t sum) {
    float32x4_t difference = vsubq_f32(a, b);
    return vfmaq_f32(sum, difference, difference);
}

// The last n % 4 components are copied to a zero-padded block of four.
#define ONE(NAME, ELEMENT, LOAD, STEP)                                                      \
    static float NAME(const float *a, const ELEMENT *b, size_t n) {                         \
        float32x4_t s0 = vdupq_n_f32(0), s1 = s0, s2 = s0, s3 = s0;                         \
        size_t i = 0;                                                                       \
        for (; i + 16 <= n; i += 16) {                                                      \
            s0 = STEP(load_f32(a + i), load_##LOAD(b + i), s0);                             \
            s1 = STEP(load_f32(a + i + 4), load_##LOAD(b + i + 4), s1);                     \
            s2 = STEP(load_f32(a + i + 8), load_##LOAD(b + i + 8), s2);                     \
            s3 = STEP(load_f32(a + i + 12), load_##LOAD(b + i + 12), s3);                   \
        }                                                                                   \
        for (; i + 4 <= n; i += 4) s0 = STEP(load_f32(a + i), load_##LOAD(b + i), s0);      \
        if (i < n) {                                                                        \
            float left[4] = {0};                                                            \
            ELEMENT right[4] = {0};                                                         \
            memcpy(left, a + i, (n - i) * sizeof *a);                                       \
            memcpy(right, b + i, (n - i) * sizeof *b);                                      \
            s1 = STEP(load_f32(left), load_##LOAD(right), s1);                              \
        }                                                                                   \
        return vaddvq_f32(vaddq_f32(vaddq_f32(s0, s1), vaddq_f32(s2, s3)));                 \
    }

ONE(dot_f32, float, f32, add_product)
ONE(dot_f16, uint16_t, f16, add_product)
ONE(dot_bf16, uint16_t, bf16, add_product)
ONE(l2_f32, float, f32, add_square)
ONE(l2_f16, uint16_t, f16, add_square)
ONE(l2_bf16, uint16_t, bf16, add_square)

VK_ROWS(, dot_f32_rows, float, dot_f32)
VK_ROWS(, l2_f32_rows, float, l2_f32)
VK_ROWS(, dot_f16_rows, uint16_t, dot_f16)
VK_ROWS(, l2_f16_rows, uint16_t, l2_f16)
VK_ROWS(, dot_bf16_rows, uint16_t, dot_bf16)
VK_ROWS(, l2_bf16_rows, uint16_t, l2_bf16)

// Offset binary becomes two's complement by flipping the top bit; no bias is left to subtract.
static void dot_i8_rows(const int8_t *query, int32_t query_sum, const uint8_t *rows, size_t stride,
                        size_t n, const uint32_t *ids, size_t count, int32_t *out) {
    (void)query_sum;
    uint8x16_t flip = vdupq_n_u8(128);
    for (size_t i = 0; i < count; i++) {
        if (ids && i + VK_ROWS_AHEAD < count)
            vk_prefetch_bytes(rows + ids[i + VK_ROWS_AHEAD] * stride, n);
        const uint8_t *row = rows + vk_row(ids, i) * stride;
        int32x4_t sum = vdupq_n_s32(0);
        for (size_t j = 0; j < n; j += 16) {
            int8x16_t r = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(row + j), flip));
            int8x16_t q = vld1q_s8(query + j);
            sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(q), vget_low_s8(r)));
            sum = vpadalq_s16(sum, vmull_s8(vget_high_s8(q), vget_high_s8(r)));
        }
        out[i] = vaddvq_s32(sum);
    }
}

// The compiler vectorizes this function well.
static void signed_codes(const uint8_t *codes, size_t n, int8_t *out, int32_t *sum,
                         int32_t *squares) {
    int32_t total = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        int8_t code = (int8_t)(codes[i] ^ 128);
        total += code;
        square += code * code;
        out[i] = code;
    }
    *sum = total;
    *squares = square;
}

// For the rest, plain C is fast enough.
static void quantize_i8(const float *a, float inverse_scale, size_t n, uint8_t *out) {
    vk_portable_kernels.quantize_i8(a, inverse_scale, n, out);
}
static float max_magnitude(const float *a, size_t n) {
    return vk_portable_kernels.max_magnitude(a, n);
}
static void f32_to_f16(const float *a, size_t n, uint16_t *out) {
    vk_portable_kernels.f32_to_f16(a, n, out);
}
static void f16_to_f32(const uint16_t *a, size_t n, float *out) {
    vk_portable_kernels.f16_to_f32(a, n, out);
}
static void f32_to_bf16(const float *a, size_t n, uint16_t *out) {
    vk_portable_kernels.f32_to_bf16(a, n, out);
}
static void bf16_to_f32(const uint16_t *a, size_t n, float *out) {
    vk_portable_kernels.bf16_to_f32(a, n, out);
}

const vk_kernels vk_neon_kernels = {
    "neon",       dot_f32,       l2_f32,        dot_f32_rows, l2_f32_rows,
    dot_f16_rows, l2_f16_rows,   dot_bf16_rows, l2_bf16_rows, dot_i8_rows,
    quantize_i8,  signed_codes,  max_magnitude, f32_to_f16,   f16_to_f32,
    f32_to_bf16,  bf16_to_f32,  vk_rotate_portable, vk_encode_neighbor_portable,
    vk_neighbor_estimates_portable,
};
#endif
