// Products of a few rows with one unpacked panel, for each instruction set.
//
// A tile of sums stays in registers: integers are summed over a group of inputs, then scaled and
// added to the float32 sums.

#include "quantized_tile.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

static void portable(
    struct quantized_operand a, size_t m, const struct quantized_panel *panel, float *c,
    size_t c_stride, bool accumulate) {
    size_t k = panel->k, group = (size_t)panel->group, groups = k / group;
    for (size_t r = 0; r < m; r++) {
        struct quantized_operand row = operand_from(a, r, panel);
        float sums[PANEL] = {0};
        for (size_t g = 0; g < groups; g++) {
            int32_t whole[PANEL];
            for (size_t j = 0; j < PANEL; j++) whole[j] = row.starts[g];
            for (size_t i = g * group; i < (g + 1) * group; i += 4) {
                const uint8_t *q = panel->q + i * PANEL;
                for (size_t j = 0; j < PANEL; j++)
                    whole[j] += q[4 * j] * row.values[i] + q[4 * j + 1] * row.values[i + 1] +
                                q[4 * j + 2] * row.values[i + 2] +
                                q[4 * j + 3] * row.values[i + 3];
            }
            float scale = row.scales[g * group / 32];
            for (size_t j = 0; j < PANEL; j++) {
                sums[j] += (float)whole[j] * (panel->scales[g * PANEL + j] * scale);
                if (panel->affine) sums[j] += panel->offsets[g * PANEL + j] * row.minima[g];
            }
        }
        for (size_t j = 0; j < PANEL; j++)
            c[r * c_stride + j] = accumulate ? c[r * c_stride + j] + sums[j] : sums[j];
    }
}

#if defined(__x86_64__)

#define VNNI __attribute__((target("arch=x86-64-v4,avx512vnni")))
#define AVX2 __attribute__((target("arch=x86-64-v3")))

INLINE int32_t four(const int8_t *values) {
    int32_t word;
    memcpy(&word, values, 4);
    return word;
}

VNNI INLINE void tile_vnni(
    int rows, int group, bool affine, struct quantized_operand a,
    const struct quantized_panel *panel, float *c, size_t c_stride, bool accumulate) {
    size_t k = panel->k, blocks = k / 32, groups = k / (size_t)group;
    __m512 sums[2 * 8];
    UNROLL for (int i = 0; i < 2 * rows; i++) sums[i] = _mm512_setzero_ps();
    const uint8_t *q = panel->q;
    for (size_t g = 0; g < groups; g++) {
        __m512i whole[2 * 8];
        UNROLL for (int r = 0; r < rows; r++)
            whole[2 * r] = whole[2 * r + 1] =
                affine ? _mm512_setzero_si512()
                       : _mm512_set1_epi32(a.starts[(size_t)r * groups + g]);
        UNROLL for (int s = 0; s < group; s += 4) {
            __m512i q0 = _mm512_loadu_si512(q), q1 = _mm512_loadu_si512(q + 64);
            q += 4 * PANEL;
            UNROLL for (int r = 0; r < rows; r++) {
                __m512i x = _mm512_set1_epi32(
                    four(a.values + (size_t)r * k + g * (size_t)group + (size_t)s));
                whole[2 * r] = _mm512_dpbusd_epi32(whole[2 * r], q0, x);
                whole[2 * r + 1] = _mm512_dpbusd_epi32(whole[2 * r + 1], q1, x);
            }
        }
        __m512 d0 = _mm512_loadu_ps(panel->scales + g * PANEL);
        __m512 d1 = _mm512_loadu_ps(panel->scales + g * PANEL + 16);
        UNROLL for (int r = 0; r < rows; r++) {
            __m512 x = _mm512_set1_ps(a.scales[(size_t)r * blocks + g * (size_t)group / 32]);
            sums[2 * r] = _mm512_fmadd_ps(
                _mm512_cvtepi32_ps(whole[2 * r]), _mm512_mul_ps(d0, x), sums[2 * r]);
            sums[2 * r + 1] = _mm512_fmadd_ps(
                _mm512_cvtepi32_ps(whole[2 * r + 1]), _mm512_mul_ps(d1, x), sums[2 * r + 1]);
        }
        if (!affine) continue;
        d0 = _mm512_loadu_ps(panel->offsets + g * PANEL);
        d1 = _mm512_loadu_ps(panel->offsets + g * PANEL + 16);
        UNROLL for (int r = 0; r < rows; r++) {
            __m512 x = _mm512_set1_ps(a.minima[(size_t)r * groups + g]);
            sums[2 * r] = _mm512_fmadd_ps(d0, x, sums[2 * r]);
            sums[2 * r + 1] = _mm512_fmadd_ps(d1, x, sums[2 * r + 1]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < 2; v++) {
            float *place = c + (size_t)r * c_stride + (size_t)v * 16;
            __m512 sum = sums[2 * r + v];
            if (accumulate) sum = _mm512_add_ps(sum, _mm512_loadu_ps(place));
            _mm512_storeu_ps(place, sum);
        }
}

// Two vectors of eight outputs. With few bits, 16-bit sums can hold several products: for 4 bits
// eight pairs, 15 * 127 * 2 * 8 < 2^15. For 8 bits, even and odd bytes are multiplied as 16 bits.
AVX2 INLINE void tile_avx2(
    int rows, int group, bool affine, int bits, size_t column, struct quantized_operand a,
    const struct quantized_panel *panel, float *c, size_t c_stride, bool accumulate) {
    size_t k = panel->k, blocks = k / 32, groups = k / (size_t)group;
    const int together = bits <= 4 ? 8 : bits == 5 ? 4 : 2;
    const __m256i ones = _mm256_set1_epi16(1), low = _mm256_set1_epi16(0xFF);
    __m256 sums[2 * 4];
    UNROLL for (int i = 0; i < 2 * rows; i++) sums[i] = _mm256_setzero_ps();
    const uint8_t *q = panel->q + 4 * column;
    for (size_t g = 0; g < groups; g++) {
        __m256i whole[2 * 4], part[2 * 4];
        UNROLL for (int r = 0; r < rows; r++)
            whole[2 * r] = whole[2 * r + 1] =
                affine ? _mm256_setzero_si256()
                       : _mm256_set1_epi32(a.starts[(size_t)r * groups + g]);
        UNROLL for (int s = 0; s < group / 4; s++) {
            __m256i q0 = _mm256_loadu_si256((const __m256i *)q);
            __m256i q1 = _mm256_loadu_si256((const __m256i *)(q + 32));
            q += 4 * PANEL;
            const int8_t *values = a.values + g * (size_t)group + 4 * (size_t)s;
            if (bits == 8) {
                __m256i even0 = _mm256_and_si256(q0, low), odd0 = _mm256_srli_epi16(q0, 8);
                __m256i even1 = _mm256_and_si256(q1, low), odd1 = _mm256_srli_epi16(q1, 8);
                UNROLL for (int r = 0; r < rows; r++) {
                    __m256i x = _mm256_set1_epi32(four(values + (size_t)r * k));
                    __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8);
                    __m256i odd = _mm256_srai_epi16(x, 8);
                    whole[2 * r] = _mm256_add_epi32(
                        whole[2 * r], _mm256_add_epi32(
                                          _mm256_madd_epi16(even0, even),
                                          _mm256_madd_epi16(odd0, odd)));
                    whole[2 * r + 1] = _mm256_add_epi32(
                        whole[2 * r + 1], _mm256_add_epi32(
                                              _mm256_madd_epi16(even1, even),
                                              _mm256_madd_epi16(odd1, odd)));
                }
                continue;
            }
            UNROLL for (int r = 0; r < rows; r++) {
                __m256i x = _mm256_set1_epi32(four(values + (size_t)r * k));
                __m256i p0 = _mm256_maddubs_epi16(q0, x), p1 = _mm256_maddubs_epi16(q1, x);
                bool begins = s % together == 0;
                part[2 * r] = begins ? p0 : _mm256_add_epi16(part[2 * r], p0);
                part[2 * r + 1] = begins ? p1 : _mm256_add_epi16(part[2 * r + 1], p1);
            }
            if ((s + 1) % together && s + 1 < group / 4) continue;
            UNROLL for (int i = 0; i < 2 * rows; i++)
                whole[i] = _mm256_add_epi32(whole[i], _mm256_madd_epi16(part[i], ones));
        }
        __m256 d0 = _mm256_loadu_ps(panel->scales + g * PANEL + column);
        __m256 d1 = _mm256_loadu_ps(panel->scales + g * PANEL + column + 8);
        UNROLL for (int r = 0; r < rows; r++) {
            __m256 x = _mm256_set1_ps(a.scales[(size_t)r * blocks + g * (size_t)group / 32]);
            sums[2 * r] = _mm256_fmadd_ps(
                _mm256_cvtepi32_ps(whole[2 * r]), _mm256_mul_ps(d0, x), sums[2 * r]);
            sums[2 * r + 1] = _mm256_fmadd_ps(
                _mm256_cvtepi32_ps(whole[2 * r + 1]), _mm256_mul_ps(d1, x), sums[2 * r + 1]);
        }
        if (!affine) continue;
        d0 = _mm256_loadu_ps(panel->offsets + g * PANEL + column);
        d1 = _mm256_loadu_ps(panel->offsets + g * PANEL + column + 8);
        UNROLL for (int r = 0; r < rows; r++) {
            __m256 x = _mm256_set1_ps(a.minima[(size_t)r * groups + g]);
            sums[2 * r] = _mm256_fmadd_ps(d0, x, sums[2 * r]);
            sums[2 * r + 1] = _mm256_fmadd_ps(d1, x, sums[2 * r + 1]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < 2; v++) {
            float *place = c + (size_t)r * c_stride + column + (size_t)v * 8;
            __m256 sum = sums[2 * r + v];
            if (accumulate) sum = _mm256_add_ps(sum, _mm256_loadu_ps(place));
            _mm256_storeu_ps(place, sum);
        }
}

#ifndef VNNI_ROWS
#define VNNI_ROWS 6
#endif

#define PRODUCT_VNNI(NAME, GROUP, AFFINE)                                                      \
    VNNI static void NAME(                                                                     \
        struct quantized_operand a, size_t m, const struct quantized_panel *panel, float *c,   \
        size_t c_stride, bool accumulate) {                                                    \
        size_t r = 0;                                                                          \
        for (; r + VNNI_ROWS <= m; r += VNNI_ROWS)                                             \
            tile_vnni(                                                                         \
                VNNI_ROWS, GROUP, AFFINE, operand_from(a, r, panel), panel, c + r * c_stride,  \
                c_stride, accumulate);                                                         \
        a = operand_from(a, r, panel);                                                         \
        c += r * c_stride;                                                                     \
        switch (m - r) {                                                                       \
        case 1: tile_vnni(1, GROUP, AFFINE, a, panel, c, c_stride, accumulate); break;         \
        case 2: tile_vnni(2, GROUP, AFFINE, a, panel, c, c_stride, accumulate); break;         \
        case 3: tile_vnni(3, GROUP, AFFINE, a, panel, c, c_stride, accumulate); break;         \
        case 4: tile_vnni(4, GROUP, AFFINE, a, panel, c, c_stride, accumulate); break;         \
        case 5: tile_vnni(5, GROUP, AFFINE, a, panel, c, c_stride, accumulate); break;         \
        }                                                                                      \
    }

PRODUCT_VNNI(vnni_16, 16, false)
PRODUCT_VNNI(vnni_16_affine, 16, true)
PRODUCT_VNNI(vnni_32, 32, false)
PRODUCT_VNNI(vnni_32_affine, 32, true)

#define PRODUCT_AVX2(NAME, GROUP, AFFINE, BITS)                                                \
    AVX2 static void NAME(                                                                     \
        struct quantized_operand a, size_t m, const struct quantized_panel *panel, float *c,   \
        size_t c_stride, bool accumulate) {                                                    \
        for (size_t column = 0; column < PANEL; column += 16) {                                \
            size_t r = 0;                                                                      \
            for (; r + 3 <= m; r += 3)                                                         \
                tile_avx2(                                                                     \
                    3, GROUP, AFFINE, BITS, column, operand_from(a, r, panel), panel,          \
                    c + r * c_stride, c_stride, accumulate);                                   \
            for (; r < m; r++)                                                                 \
                tile_avx2(                                                                     \
                    1, GROUP, AFFINE, BITS, column, operand_from(a, r, panel), panel,          \
                    c + r * c_stride, c_stride, accumulate);                                   \
        }                                                                                      \
    }

PRODUCT_AVX2(avx2_32_4, 32, false, 4)
PRODUCT_AVX2(avx2_32_4_affine, 32, true, 4)
PRODUCT_AVX2(avx2_32_5, 32, false, 5)
PRODUCT_AVX2(avx2_32_5_affine, 32, true, 5)
PRODUCT_AVX2(avx2_32_8, 32, false, 8)
PRODUCT_AVX2(avx2_16_4, 16, false, 4)
PRODUCT_AVX2(avx2_16_4_affine, 16, true, 4)
PRODUCT_AVX2(avx2_16_6, 16, false, 6)

static quantized_product *avx2(const struct quantized_panel *panel) {
    if (panel->group == 16) {
        if (panel->affine) return avx2_16_4_affine;
        return panel->bits <= 4 ? avx2_16_4 : avx2_16_6;
    }
    if (panel->affine) return panel->bits == 4 ? avx2_32_4_affine : avx2_32_5_affine;
    return panel->bits == 4 ? avx2_32_4 : panel->bits == 5 ? avx2_32_5 : avx2_32_8;
}

static quantized_product *vnni(const struct quantized_panel *panel) {
    if (panel->group == 16) return panel->affine ? vnni_16_affine : vnni_16;
    return panel->affine ? vnni_32_affine : vnni_32;
}

#elif defined(__aarch64__)

// Signed by signed: 128 is subtracted from the bytes, which `starts` compensate. Two rows, four
// outputs at a time.
INLINE void tile_neon(
    int rows, struct quantized_operand a, const struct quantized_panel *panel, float *c,
    size_t c_stride, bool accumulate) {
    size_t k = panel->k, group = (size_t)panel->group, groups = k / group, blocks = k / 32;
    const uint8x16_t middle = vdupq_n_u8(128);
    for (size_t column = 0; column < PANEL; column += 4) {
        float32x4_t sums[2];
        UNROLL for (int r = 0; r < rows; r++) sums[r] = vdupq_n_f32(0);
        for (size_t g = 0; g < groups; g++) {
            // The pairs of a row of four products are added at the end of the group.
            int32x4_t low[2], high[2];
            UNROLL for (int r = 0; r < rows; r++) low[r] = high[r] = vdupq_n_s32(0);
            for (size_t i = g * group; i < (g + 1) * group; i += 4) {
                int8x16_t q = vreinterpretq_s8_u8(
                    veorq_u8(vld1q_u8(panel->q + i * PANEL + 4 * column), middle));
                UNROLL for (int r = 0; r < rows; r++) {
                    int32_t word;
                    memcpy(&word, a.values + (size_t)r * k + i, 4);
                    int8x8_t x = vreinterpret_s8_s32(vdup_n_s32(word));
                    low[r] = vpadalq_s16(low[r], vmull_s8(vget_low_s8(q), x));
                    high[r] = vpadalq_s16(high[r], vmull_s8(vget_high_s8(q), x));
                }
            }
            float32x4_t d = vld1q_f32(panel->scales + g * PANEL + column);
            UNROLL for (int r = 0; r < rows; r++) {
                int32x4_t whole = vaddq_s32(
                    vpaddq_s32(low[r], high[r]),
                    vdupq_n_s32(a.starts[(size_t)r * groups + g]));
                float x = a.scales[(size_t)r * blocks + g * group / 32];
                sums[r] = vfmaq_f32(sums[r], vcvtq_f32_s32(whole), vmulq_n_f32(d, x));
                if (panel->affine)
                    sums[r] = vfmaq_n_f32(
                        sums[r], vld1q_f32(panel->offsets + g * PANEL + column),
                        a.minima[(size_t)r * groups + g]);
            }
        }
        UNROLL for (int r = 0; r < rows; r++) {
            float *place = c + (size_t)r * c_stride + column;
            vst1q_f32(place, accumulate ? vaddq_f32(sums[r], vld1q_f32(place)) : sums[r]);
        }
    }
}

static void neon(
    struct quantized_operand a, size_t m, const struct quantized_panel *panel, float *c,
    size_t c_stride, bool accumulate) {
    size_t r = 0;
    for (; r + 2 <= m; r += 2)
        tile_neon(2, operand_from(a, r, panel), panel, c + r * c_stride, c_stride, accumulate);
    if (r < m)
        tile_neon(1, operand_from(a, r, panel), panel, c + r * c_stride, c_stride, accumulate);
}

#endif

struct quantized_tiles quantized_tiles_of(int level, const struct quantized_panel *panel) {
    (void)panel;
#if defined(__x86_64__)
    if (kernel_level_has_vnni(level)) return (struct quantized_tiles){vnni(panel), 0};
    if (level >= KERNELS_AVX2) return (struct quantized_tiles){avx2(panel), 0};
#elif defined(__aarch64__)
    if (level == KERNELS_NEON) return (struct quantized_tiles){neon, 128};
#endif
    (void)level;
    return (struct quantized_tiles){portable, 0};
}
