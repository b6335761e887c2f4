// AVX2 with FMA and F16C (Haswell and Zen onwards): 8 floats or 32 bytes at a time.

#include "distance_tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma,f16c")))
#define INLINE AVX2 static inline __attribute__((always_inline))

INLINE __m256 load_f32(const float *p) { return _mm256_loadu_ps(p); }
INLINE __m256 load_f16(const uint16_t *p) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
INLINE __m256 load_bf16(const uint16_t *p) {
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

INLINE __m256 add_product(__m256 a, __m256 b, __m256 sum) { return _mm256_fmadd_ps(a, b, sum); }
INLINE __m256 add_square(__m256 a, __m256 b, __m256 sum) {
    __m256 difference = _mm256_sub_ps(a, b);
    return _mm256_fmadd_ps(difference, difference, sum);
}

INLINE float total(__m256 sum) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

// The last n % 8 components are copied to a zero-padded block of eight.
#define ONE(NAME, ELEMENT, LOAD, STEP)                                                      \
    AVX2 static float NAME(const float *a, const ELEMENT *b, size_t n) {                    \
        __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;                         \
        size_t i = 0;                                                                       \
        for (; i + 32 <= n; i += 32) {                                                      \
            s0 = STEP(load_f32(a + i), load_##LOAD(b + i), s0);                             \
            s1 = STEP(load_f32(a + i + 8), load_##LOAD(b + i + 8), s1);                     \
            s2 = STEP(load_f32(a + i + 16), load_##LOAD(b + i + 16), s2);                   \
            s3 = STEP(load_f32(a + i + 24), load_##LOAD(b + i + 24), s3);                   \
        }                                                                                   \
        for (; i + 8 <= n; i += 8) s0 = STEP(load_f32(a + i), load_##LOAD(b + i), s0);      \
        if (i < n) {                                                                        \
            float left[8] = {0};                                                            \
            ELEMENT right[8] = {0};                                                         \
            memcpy(left, a + i, (n - i) * sizeof *a);                                       \
            memcpy(right, b + i, (n - i) * sizeof *b);                                      \
            s1 = STEP(load_f32(left), load_##LOAD(right), s1);                              \
        }                                                                                   \
        return total(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));          \
    }

ONE(dot_f32, float, f32, add_product)
ONE(dot_f16, uint16_t, f16, add_product)
ONE(dot_bf16, uint16_t, bf16, add_product)
ONE(l2_f32, float, f32, add_square)
ONE(l2_f16, uint16_t, f16, add_square)
ONE(l2_bf16, uint16_t, bf16, add_square)

VK_ROWS(AVX2, dot_f32_rows, float, dot_f32)
VK_ROWS(AVX2, l2_f32_rows, float, l2_f32)
VK_ROWS(AVX2, dot_f16_rows, uint16_t, dot_f16)
VK_ROWS(AVX2, l2_f16_rows, uint16_t, l2_f16)
VK_ROWS(AVX2, dot_bf16_rows, uint16_t, dot_bf16)
VK_ROWS(AVX2, l2_bf16_rows, uint16_t, l2_bf16)

// Bytes are widened to 16 bits first: the byte product of this instruction set saturates.
AVX2 static void dot_i8_rows(const int8_t *query, int32_t query_sum, const uint8_t *rows,
                             size_t stride, size_t n, const uint32_t *ids, size_t count,
                             int32_t *out) {
    int32_t bias = 128 * query_sum;
    for (size_t i = 0; i < count; i++) {
        if (ids && i + VK_ROWS_AHEAD < count)
            vk_prefetch_bytes(rows + ids[i + VK_ROWS_AHEAD] * stride, n);
        const uint8_t *row = rows + vk_row(ids, i) * stride;
        __m256i s0 = _mm256_setzero_si256(), s1 = s0;
        for (size_t j = 0; j < n; j += 32) {
            __m256i q0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query + j)));
            __m256i q1 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query + j + 16)));
            __m256i r0 = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(row + j)));
            __m256i r1 = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(row + j + 16)));
            s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(q0, r0));
            s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(q1, r1));
        }
        __m256i sum = _mm256_add_epi32(s0, s1);
        __m128i half = _mm_add_epi32(
            _mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
        half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
        out[i] = _mm_cvtsi128_si32(half) - bias;
    }
}

AVX2 static void f32_to_f16(const float *a, size_t n, uint16_t *out) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128(
            (__m128i *)(out + i),
            _mm256_cvtps_ph(_mm256_loadu_ps(a + i), _MM_FROUND_TO_NEAREST_INT));
    vk_portable_kernels.f32_to_f16(a + i, n - i, out + i);
}

AVX2 static void f16_to_f32(const uint16_t *a, size_t n, float *out) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(out + i, load_f16(a + i));
    vk_portable_kernels.f16_to_f32(a + i, n - i, out + i);
}

// The compiler vectorizes this function well.
AVX2 static void signed_codes(const uint8_t *codes, size_t n, int8_t *out, int32_t *sum,
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

// For the rest, plain C compiled for baseline instructions is fast enough.
static void quantize_i8(const float *a, float inverse_scale, size_t n, uint8_t *out) {
    vk_portable_kernels.quantize_i8(a, inverse_scale, n, out);
}
static float max_magnitude(const float *a, size_t n) {
    return vk_portable_kernels.max_magnitude(a, n);
}
static void f32_to_bf16(const float *a, size_t n, uint16_t *out) {
    vk_portable_kernels.f32_to_bf16(a, n, out);
}
static void bf16_to_f32(const uint16_t *a, size_t n, float *out) {
    vk_portable_kernels.bf16_to_f32(a, n, out);
}

const vk_kernels vk_avx2_kernels = {
    "avx2",       dot_f32,       l2_f32,        dot_f32_rows, l2_f32_rows,
    dot_f16_rows, l2_f16_rows,   dot_bf16_rows, l2_bf16_rows, dot_i8_rows,
    quantize_i8,  signed_codes,  max_magnitude, f32_to_f16,   f16_to_f32,
    f32_to_bf16,  bf16_to_f32,  vk_rotate_avx2, vk_encode_neighbor_avx2,
    vk_neighbor_estimates_avx2,
};
#endif
