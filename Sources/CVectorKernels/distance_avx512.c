// AVX-512 with VNNI (Ice Lake and Zen 4 onwards): 16 floats or 64 bytes at a time, tails by mask.

#include "distance_tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define INLINE AVX512 static inline __attribute__((always_inline))

INLINE __mmask16 tail_mask(size_t n) { return (__mmask16)((1u << n) - 1); }

INLINE __m512 load_f32(const float *p) { return _mm512_loadu_ps(p); }
INLINE __m512 load_tail_f32(const float *p, size_t n) {
    return _mm512_maskz_loadu_ps(tail_mask(n), p);
}
INLINE __m512 load_f16(const uint16_t *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
INLINE __m512 load_tail_f16(const uint16_t *p, size_t n) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(tail_mask(n), p));
}
INLINE __m512 widen_bf16(__m256i bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
INLINE __m512 load_bf16(const uint16_t *p) {
    return widen_bf16(_mm256_loadu_si256((const __m256i *)p));
}
INLINE __m512 load_tail_bf16(const uint16_t *p, size_t n) {
    return widen_bf16(_mm256_maskz_loadu_epi16(tail_mask(n), p));
}

INLINE __m512 add_product(__m512 a, __m512 b, __m512 sum) { return _mm512_fmadd_ps(a, b, sum); }
INLINE __m512 add_square(__m512 a, __m512 b, __m512 sum) {
    __m512 difference = _mm512_sub_ps(a, b);
    return _mm512_fmadd_ps(difference, difference, sum);
}

#define ONE(NAME, ELEMENT, LOAD, STEP)                                                          \
    AVX512 static float NAME(const float *a, const ELEMENT *b, size_t n) {                      \
        __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;                             \
        size_t i = 0;                                                                           \
        for (; i + 64 <= n; i += 64) {                                                          \
            s0 = STEP(load_f32(a + i), load_##LOAD(b + i), s0);                                 \
            s1 = STEP(load_f32(a + i + 16), load_##LOAD(b + i + 16), s1);                       \
            s2 = STEP(load_f32(a + i + 32), load_##LOAD(b + i + 32), s2);                       \
            s3 = STEP(load_f32(a + i + 48), load_##LOAD(b + i + 48), s3);                       \
        }                                                                                       \
        for (; i + 16 <= n; i += 16) s0 = STEP(load_f32(a + i), load_##LOAD(b + i), s0);        \
        if (i < n) s1 = STEP(load_tail_f32(a + i, n - i), load_tail_##LOAD(b + i, n - i), s1);  \
        return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3))); \
    }

ONE(dot_f32, float, f32, add_product)
ONE(dot_f16, uint16_t, f16, add_product)
ONE(dot_bf16, uint16_t, bf16, add_product)
ONE(l2_f32, float, f32, add_square)
ONE(l2_f16, uint16_t, f16, add_square)
ONE(l2_bf16, uint16_t, bf16, add_square)

VK_ROWS(AVX512, dot_f32_rows, float, dot_f32)
VK_ROWS(AVX512, l2_f32_rows, float, l2_f32)
VK_ROWS(AVX512, dot_f16_rows, uint16_t, dot_f16)
VK_ROWS(AVX512, l2_f16_rows, uint16_t, l2_f16)
VK_ROWS(AVX512, dot_bf16_rows, uint16_t, dot_bf16)
VK_ROWS(AVX512, l2_bf16_rows, uint16_t, l2_bf16)

// Four rows share each load of the query.
AVX512 static void dot_i8_rows(const int8_t *query, int32_t query_sum, const uint8_t *rows,
                               size_t stride, size_t n, const uint32_t *ids, size_t count,
                               int32_t *out) {
    int32_t bias = 128 * query_sum;
    if (ids)
        for (size_t i = 0; i < 2 * VK_ROWS_AHEAD && i < count; i++)
            vk_prefetch_bytes(rows + ids[i] * stride, n);
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        if (ids)
            for (size_t j = i + 2 * VK_ROWS_AHEAD; j < i + 2 * VK_ROWS_AHEAD + 4 && j < count; j++)
                vk_prefetch_bytes(rows + ids[j] * stride, n);
        const uint8_t *r0 = rows + vk_row(ids, i) * stride;
        const uint8_t *r1 = rows + vk_row(ids, i + 1) * stride;
        const uint8_t *r2 = rows + vk_row(ids, i + 2) * stride;
        const uint8_t *r3 = rows + vk_row(ids, i + 3) * stride;
        __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t j = 0; j < n; j += 64) {
            __m512i q = _mm512_loadu_si512(query + j);
            s0 = _mm512_dpbusd_epi32(s0, _mm512_loadu_si512(r0 + j), q);
            s1 = _mm512_dpbusd_epi32(s1, _mm512_loadu_si512(r1 + j), q);
            s2 = _mm512_dpbusd_epi32(s2, _mm512_loadu_si512(r2 + j), q);
            s3 = _mm512_dpbusd_epi32(s3, _mm512_loadu_si512(r3 + j), q);
        }
        // Transpose and add: four sums in one vector of four.
        __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(s0, s1), _mm512_unpackhi_epi32(s0, s1));
        __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(s2, s3), _mm512_unpackhi_epi32(s2, s3));
        __m512i c = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
        __m256i d = _mm256_add_epi32(_mm512_castsi512_si256(c), _mm512_extracti64x4_epi64(c, 1));
        __m128i e = _mm_add_epi32(_mm256_castsi256_si128(d), _mm256_extracti128_si256(d, 1));
        _mm_storeu_si128((__m128i *)(out + i), _mm_sub_epi32(e, _mm_set1_epi32(bias)));
    }
    for (; i < count; i++) {
        const uint8_t *row = rows + vk_row(ids, i) * stride;
        __m512i sum = _mm512_setzero_si512();
        for (size_t j = 0; j < n; j += 64)
            sum = _mm512_dpbusd_epi32(
                sum, _mm512_loadu_si512(row + j), _mm512_loadu_si512(query + j));
        out[i] = _mm512_reduce_add_epi32(sum) - bias;
    }
}

AVX512 static void quantize_i8(const float *a, float inverse_scale, size_t n, uint8_t *out) {
    __m512 scale = _mm512_set1_ps(inverse_scale);
    __m512 high = _mm512_set1_ps(127), low = _mm512_set1_ps(-127);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 mask = n - i < 16 ? tail_mask(n - i) : 0xffff;
        __m512 scaled = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, a + i), scale);
        scaled = _mm512_max_ps(_mm512_min_ps(scaled, high), low);
        __m512i whole = _mm512_add_epi32(_mm512_cvtps_epi32(scaled), _mm512_set1_epi32(128));
        _mm_mask_storeu_epi8(out + i, mask, _mm512_cvtepi32_epi8(whole));
    }
}

AVX512 static void signed_codes(const uint8_t *codes, size_t n, int8_t *out, int32_t *sum,
                                int32_t *squares) {
    __m512i ones = _mm512_set1_epi8(1), flip = _mm512_set1_epi8((char)128);
    __m512i total = _mm512_setzero_si512(), square = total;
    for (size_t i = 0; i < n; i += 64) {
        __m512i code = _mm512_xor_si512(_mm512_loadu_si512(codes + i), flip);
        __m512i magnitude = _mm512_abs_epi8(code);
        total = _mm512_dpbusd_epi32(total, ones, code);
        square = _mm512_dpbusd_epi32(square, magnitude, magnitude);
        _mm512_storeu_si512(out + i, code);
    }
    *sum = _mm512_reduce_add_epi32(total);
    *squares = _mm512_reduce_add_epi32(square);
}

AVX512 static float max_magnitude(const float *a, size_t n) {
    __m512i largest = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 mask = n - i < 16 ? tail_mask(n - i) : 0xffff;
        __m512i word = _mm512_and_si512(
            _mm512_castps_si512(_mm512_maskz_loadu_ps(mask, a + i)), _mm512_set1_epi32(0x7fffffff));
        largest = _mm512_max_epu32(largest, word);
    }
    uint32_t word = _mm512_reduce_max_epu32(largest);
    float value;
    memcpy(&value, &word, 4);
    return value;
}

AVX512 static void f32_to_f16(const float *a, size_t n, uint16_t *out) {
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 mask = n - i < 16 ? tail_mask(n - i) : 0xffff;
        __m256i half = _mm512_cvtps_ph(_mm512_maskz_loadu_ps(mask, a + i), _MM_FROUND_TO_NEAREST_INT);
        _mm256_mask_storeu_epi16(out + i, mask, half);
    }
}

AVX512 static void f16_to_f32(const uint16_t *a, size_t n, float *out) {
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 mask = n - i < 16 ? tail_mask(n - i) : 0xffff;
        _mm512_mask_storeu_ps(
            out + i, mask, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, a + i)));
    }
}

AVX512 static void f32_to_bf16(const float *a, size_t n, uint16_t *out) {
    vk_portable_kernels.f32_to_bf16(a, n, out);
}

AVX512 static void bf16_to_f32(const uint16_t *a, size_t n, float *out) {
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 mask = n - i < 16 ? tail_mask(n - i) : 0xffff;
        _mm512_mask_storeu_ps(out + i, mask, widen_bf16(_mm256_maskz_loadu_epi16(mask, a + i)));
    }
}

const vk_kernels vk_avx512_kernels = {
    "avx512",     dot_f32,       l2_f32,        dot_f32_rows, l2_f32_rows,
    dot_f16_rows, l2_f16_rows,   dot_bf16_rows, l2_bf16_rows, dot_i8_rows,
    quantize_i8,  signed_codes,  max_magnitude, f32_to_f16,   f16_to_f32,
    f32_to_bf16,  bf16_to_f32,  vk_rotate_avx2, vk_encode_neighbor_avx2,
    vk_neighbor_estimates_avx512,
};
#endif
