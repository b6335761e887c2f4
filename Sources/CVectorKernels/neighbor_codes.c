// One-bit codes of a node's neighbors (RaBitQ; Gao and Long 2024), 32 neighbors at a time: rotating
// vectors, encoding, and sums for all 32 by table look-ups in registers (FastScan; André, Kermarrec and
// Le Scouarnec 2015). DistanceKernels.h documents the layout.
//
// Rotation and encoding give the same bits with every instruction set: they use neither fused
// multiplications nor another order of additions.

#include "distance_tables.h"

#define ALWAYS static inline __attribute__((always_inline))

// One step of the transform of 64 components, along the lowest bit of their index, which becomes the
// highest. So each step has the same shape, and the compiler can use vectors for it.
ALWAYS void step64(const float *x, float *out) {
    for (size_t i = 0; i < 32; i++) {
        float a = x[2 * i], b = x[2 * i + 1];
        out[i] = a + b;
        out[i + 32] = a - b;
    }
}

// The Walsh-Hadamard transform of `n` components, a power of two that is at least 64.
ALWAYS void hadamard(float *x, size_t n) {
    for (size_t start = 0; start < n; start += 64) {
        float other[64];
        for (int step = 0; step < 6; step += 2) {
            step64(x + start, other);
            step64(other, x + start);
        }
    }
    for (size_t half = 64; half < n; half *= 2)
        for (size_t start = 0; start < n; start += 2 * half)
            for (size_t i = start; i < start + half; i++) {
                float a = x[i], b = x[i + half];
                x[i] = a + b;
                x[i + half] = a - b;
            }
}

// Random signs, a Walsh-Hadamard transform, and a mixture of both halves, several times over.
ALWAYS void rotate_body(float *x, size_t n, const float *signs) {
    size_t power = 64;
    float scale = 0.125f;
    for (; 2 * power <= n; power *= 2) scale *= 0.70710678f;
    for (size_t round = 0; round < VK_ROTATION_ROUNDS; round++) {
        for (size_t i = 0; i < n; i++) x[i] *= signs[round * n + i];
        // The first and the last components in turn, where n is not a power of two.
        float *part = round % 2 ? x + (n - power) : x;
        hadamard(part, power);
        for (size_t i = 0; i < power; i++) part[i] *= scale;
        for (size_t i = 0; i < n / 2; i++) {
            float a = x[i], b = x[i + n / 2];
            x[i] = (a + b) * 0.70710678f;
            x[i + n / 2] = (a - b) * 0.70710678f;
        }
    }
}

ALWAYS void encode_body(const float *residual, const float *center, size_t n, size_t lane,
                        uint8_t *codes, float *sums) {
    float magnitude[16] = {0}, square[16] = {0}, along[16] = {0}, product[16] = {0};
    for (size_t i = 0; i < n; i += 16)
        for (size_t j = 0; j < 16; j++) {
            float r = residual[i + j], c = center[i + j];
            magnitude[j] += r > 0 ? r : -r;
            square[j] += r * r;
            along[j] += r > 0 ? c : -c;
            product[j] += c * r;
        }
    for (size_t half = 8; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++) {
            magnitude[j] += magnitude[j + half];
            square[j] += square[j + half];
            along[j] += along[j + half];
            product[j] += product[j + half];
        }
    sums[0] = magnitude[0];
    sums[1] = square[0];
    sums[2] = along[0];
    sums[3] = product[0];
    int shift = lane < 16 ? 0 : 4;
    codes += lane % 16;
    for (size_t i = 0; i < n; i += 4) {
        const float *r = residual + i;
        int bits = (r[0] > 0) | (r[1] > 0) << 1 | (r[2] > 0) << 2 | (r[3] > 0) << 3;
        codes[i / 4 * 16] = (uint8_t)((codes[i / 4 * 16] & ~(15 << shift)) | bits << shift);
    }
}

int32_t vk_neighbor_tables(const uint8_t *query, size_t n, uint8_t *tables, int32_t *total) {
    int32_t sum = 0, least = 0;
    for (size_t i = 0; i < n; i += 4) {
        int value[4], low = 0;
        for (int j = 0; j < 4; j++) {
            value[j] = query[i + j] - 128;
            low += value[j] < 0 ? value[j] : 0;
            sum += value[j];
        }
        least += low;
        uint8_t *table = tables + 4 * i;
        table[0] = (uint8_t)-low;
        for (int bit = 0; bit < 4; bit++)
            for (int j = 0; j < 1 << bit; j++)
                table[j | 1 << bit] = (uint8_t)(table[j] + value[bit]);
    }
    *total = sum;
    return least;
}

void vk_rotate_portable(float *x, size_t n, const float *signs) { rotate_body(x, n, signs); }

void vk_encode_neighbor_portable(const float *residual, const float *center, size_t n, size_t lane,
                                 uint8_t *codes, float *sums) {
    encode_body(residual, center, n, lane, codes, sums);
}

// Those of the good neighbors that have not been visited. Gathering their bits at once is slower.
ALWAYS uint32_t unvisited(const vk_neighbor_walk *walk, const uint32_t *links, uint32_t good) {
    for (uint32_t rest = good; rest; rest &= rest - 1) {
        int lane = __builtin_ctz(rest);
        uint32_t link = links[lane];
        good &= ~((uint32_t)(walk->visited[link / 64] >> link % 64 & 1) << lane);
    }
    return good;
}

// The estimates from the sums of table entries, and which of them are good.
ALWAYS uint32_t finish_body(const vk_neighbor_walk *walk, const uint8_t *group, float distance,
                            float bound, const int32_t *sums, float *out) {
#pragma STDC FP_CONTRACT OFF
    const uint32_t *links = (const uint32_t *)group;
    const float *slopes = (const float *)(group + 128), *offsets = (const float *)(group + 256);
    uint32_t good = 0;
    for (int lane = 0; lane < 32; lane++) {
        float product = slopes[lane] * (walk->base + walk->step * (float)sums[lane]);
        out[lane] = distance + (offsets[lane] + product);
    }
    for (int lane = 0; lane < 32; lane++)
        good |= (uint32_t)(out[lane] < bound && links[lane] < walk->count) << lane;
    return unvisited(walk, links, good);
}

uint32_t vk_neighbor_estimates_portable(const vk_neighbor_walk *walk, const uint8_t *group,
                                        float distance, float bound, float *out) {
    const uint8_t *codes = group + VK_NEIGHBOR_CODES, *tables = walk->tables;
    int32_t sums[32] = {0};
    for (size_t i = 0; i < 4 * walk->n; i += 16)
        for (int lane = 0; lane < 16; lane++) {
            sums[lane] += tables[i + (codes[i + lane] & 15)];
            sums[lane + 16] += tables[i + (codes[i + lane] >> 4)];
        }
    return finish_body(walk, group, distance, bound, sums, out);
}

#if defined(__x86_64__)
#include <immintrin.h>

// Components whose sums of table entries, at most 60, fit in 16 bits.
enum { WORD_COMPONENTS = 2048 };

#define AVX2 __attribute__((target("avx2")))

AVX2 void vk_rotate_avx2(float *x, size_t n, const float *signs) {
    rotate_body(x, n, signs);
}

AVX2 void vk_encode_neighbor_avx2(
    const float *residual, const float *center, size_t n, size_t lane, uint8_t *codes,
    float *sums) {
    encode_body(residual, center, n, lane, codes, sums);
}

// Sixteen sums of 16 bits, in order, from those of even and odd bytes in two halves.
AVX2 static inline __m256i in_order(__m256i even, __m256i odd) {
    __m128i e = _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
    __m128i o = _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
    return _mm256_set_m128i(_mm_unpackhi_epi16(e, o), _mm_unpacklo_epi16(e, o));
}

AVX2 static inline void add_words(__m256i words, int32_t *out) {
    __m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(words));
    __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(words, 1));
    __m256i *sums = (__m256i *)out;
    _mm256_storeu_si256(sums, _mm256_add_epi32(_mm256_loadu_si256(sums), low));
    _mm256_storeu_si256(sums + 1, _mm256_add_epi32(_mm256_loadu_si256(sums + 1), high));
}

AVX2 uint32_t vk_neighbor_estimates_avx2(const vk_neighbor_walk *walk, const uint8_t *group,
                                         float distance, float bound, float *out) {
    const uint8_t *codes = group + VK_NEIGHBOR_CODES, *tables = walk->tables;
    size_t n = walk->n;
    int32_t sums[32] = {0};
    const __m256i nibble = _mm256_set1_epi8(15), byte = _mm256_set1_epi16(255);
    for (size_t start = 0; start < n; start += WORD_COMPONENTS) {
        size_t end = n - start < WORD_COMPONENTS ? n : start + WORD_COMPONENTS;
        __m256i even = _mm256_setzero_si256(), odd = even, even2 = even, odd2 = even;
        for (size_t i = 4 * start; i < 4 * end; i += 64) {
            __m256i c0 = _mm256_loadu_si256((const __m256i *)(codes + i));
            __m256i c1 = _mm256_loadu_si256((const __m256i *)(codes + i + 32));
            __m256i t0 = _mm256_loadu_si256((const __m256i *)(tables + i));
            __m256i t1 = _mm256_loadu_si256((const __m256i *)(tables + i + 32));
            __m256i low = _mm256_add_epi8(
                _mm256_shuffle_epi8(t0, _mm256_and_si256(c0, nibble)),
                _mm256_shuffle_epi8(t1, _mm256_and_si256(c1, nibble)));
            __m256i high = _mm256_add_epi8(
                _mm256_shuffle_epi8(t0, _mm256_and_si256(_mm256_srli_epi16(c0, 4), nibble)),
                _mm256_shuffle_epi8(t1, _mm256_and_si256(_mm256_srli_epi16(c1, 4), nibble)));
            even = _mm256_add_epi16(even, _mm256_and_si256(low, byte));
            odd = _mm256_add_epi16(odd, _mm256_srli_epi16(low, 8));
            even2 = _mm256_add_epi16(even2, _mm256_and_si256(high, byte));
            odd2 = _mm256_add_epi16(odd2, _mm256_srli_epi16(high, 8));
        }
        add_words(in_order(even, odd), sums);
        add_words(in_order(even2, odd2), sums + 16);
    }
    return finish_body(walk, group, distance, bound, sums, out);
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2")))

// Keeps the compiler from fusing a product with a sum.
AVX512 static inline __m512 unfused(__m512 product) {
    __asm__("" : "+v"(product));
    return product;
}

// The estimates of 16 neighbors, and which of them are good.
AVX512 static inline uint32_t finish_half(const vk_neighbor_walk *walk, const uint8_t *group,
                                          size_t lane, float distance, float bound, __m512i sums,
                                          float *out) {
    __m512 slopes = _mm512_loadu_ps(group + 128 + 4 * lane);
    __m512 offsets = _mm512_loadu_ps(group + 256 + 4 * lane);
    __m512 product = unfused(_mm512_mul_ps(_mm512_set1_ps(walk->step), _mm512_cvtepi32_ps(sums)));
    product = unfused(_mm512_mul_ps(slopes, _mm512_add_ps(_mm512_set1_ps(walk->base), product)));
    __m512 estimates = _mm512_add_ps(_mm512_set1_ps(distance), _mm512_add_ps(offsets, product));
    _mm512_storeu_ps(out + lane, estimates);
    __m512i links = _mm512_loadu_si512(group + 4 * lane);
    __mmask16 good = _mm512_cmp_ps_mask(estimates, _mm512_set1_ps(bound), _CMP_LT_OQ);
    good = _mm512_mask_cmplt_epu32_mask(good, links, _mm512_set1_epi32((int)walk->count));
    return good;
}

AVX512 static inline __m512i sums_of(__m512i even, __m512i odd) {
    __m256i e = _mm256_add_epi16(_mm512_castsi512_si256(even), _mm512_extracti64x4_epi64(even, 1));
    __m256i o = _mm256_add_epi16(_mm512_castsi512_si256(odd), _mm512_extracti64x4_epi64(odd, 1));
    return _mm512_cvtepu16_epi32(in_order(e, o));
}

AVX512 uint32_t vk_neighbor_estimates_avx512(const vk_neighbor_walk *walk, const uint8_t *group,
                                             float distance, float bound, float *out) {
    const uint8_t *codes = group + VK_NEIGHBOR_CODES, *tables = walk->tables;
    size_t n = walk->n;
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i sums = _mm512_setzero_si512(), sums2 = sums;
    for (size_t start = 0; start < n; start += WORD_COMPONENTS) {
        size_t end = n - start < WORD_COMPONENTS ? n : start + WORD_COMPONENTS;
        // Sums of words, in which odd bytes count 256-fold, and of odd bytes alone.
        __m512i words = _mm512_setzero_si512(), odd = words, words2 = words, odd2 = words;
        for (size_t i = 4 * start; i < 4 * end; i += 256) {
            // Four entries of at most 60 fit in a byte.
            __m512i low = _mm512_setzero_si512(), high = low;
            for (size_t j = i; j < i + 256; j += 64) {
                __m512i code = _mm512_loadu_si512(codes + j), table = _mm512_loadu_si512(tables + j);
                low = _mm512_add_epi8(
                    low, _mm512_shuffle_epi8(table, _mm512_and_si512(code, nibble)));
                high = _mm512_add_epi8(
                    high, _mm512_shuffle_epi8(
                              table, _mm512_and_si512(_mm512_srli_epi16(code, 4), nibble)));
            }
            words = _mm512_add_epi16(words, low);
            odd = _mm512_add_epi16(odd, _mm512_srli_epi16(low, 8));
            words2 = _mm512_add_epi16(words2, high);
            odd2 = _mm512_add_epi16(odd2, _mm512_srli_epi16(high, 8));
        }
        __m512i even = _mm512_sub_epi16(words, _mm512_slli_epi16(odd, 8));
        __m512i even2 = _mm512_sub_epi16(words2, _mm512_slli_epi16(odd2, 8));
        sums = _mm512_add_epi32(sums, sums_of(even, odd));
        sums2 = _mm512_add_epi32(sums2, sums_of(even2, odd2));
    }
    uint32_t good = finish_half(walk, group, 0, distance, bound, sums, out)
        | finish_half(walk, group, 16, distance, bound, sums2, out) << 16;
    return unvisited(walk, (const uint32_t *)group, good);
}
#endif
