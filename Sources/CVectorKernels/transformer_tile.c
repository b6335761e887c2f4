// Products of a few rows with one panel, for each instruction set.
//
// A tile of c stays in registers during the loop over k: 14 x 32 sums with AVX-512's 32 registers,
// 6 x 16 with AVX2's 16. The bodies are vector C; AVX-512's instruction for pairs of bfloat16 is
// used if available, otherwise they are widened.

#include "transformer_tile.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

INLINE void store(
    f32x16 *sums, int rows, int vectors, float *c, size_t c_stride, bool accumulate) {
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) {
            f32x16 *place = (f32x16 *)(c + (size_t)r * c_stride + (size_t)v * 16);
            *place = accumulate ? *place + sums[r * 2 + v] : sums[r * 2 + v];
        }
}

// c[rows x 16 vectors] from k inputs; `panel` may begin at its second half.
INLINE void tile_float32(
    int rows, int vectors, const float *a, size_t a_stride, const float *panel, size_t k,
    float *c, size_t c_stride, bool accumulate) {
    f32x16 sums[2 * MOST_ROWS];
    UNROLL for (int i = 0; i < 2 * rows; i++) sums[i] = 0;
    for (size_t i = 0; i < k; i++) {
        f32x16 w[2];
        UNROLL for (int v = 0; v < vectors; v++)
            w[v] = *(const f32x16 *)(panel + i * PANEL + (size_t)v * 16);
        UNROLL for (int r = 0; r < rows; r++) {
            f32x16 x = (f32x16)(a[(size_t)r * a_stride + i]);
            UNROLL for (int v = 0; v < vectors; v++) sums[r * 2 + v] += x * w[v];
        }
    }
    store(sums, rows, vectors, c, c_stride, accumulate);
}

INLINE void tile_bfloat16(
    int rows, int vectors, const uint16_t *a, size_t a_stride, const uint32_t *panel, size_t k,
    float *c, size_t c_stride, bool accumulate) {
    f32x16 sums[2 * MOST_ROWS];
    UNROLL for (int i = 0; i < 2 * rows; i++) sums[i] = 0;
    for (size_t i = 0; i < (k + 1) / 2; i++) {
        f32x16 even[2], odd[2];
        UNROLL for (int v = 0; v < vectors; v++) {
            u32x16 w = *(const u32x16 *)(panel + i * PANEL + (size_t)v * 16);
            even[v] = (f32x16)(w << 16);
            odd[v] = (f32x16)(w & 0xFFFF0000u);
        }
        UNROLL for (int r = 0; r < rows; r++) {
            f32x16 x = (f32x16)(widened(a[(size_t)r * a_stride + 2 * i]));
            f32x16 y = (f32x16)(widened(a[(size_t)r * a_stride + 2 * i + 1]));
            UNROLL for (int v = 0; v < vectors; v++) {
                sums[r * 2 + v] += x * even[v];
                sums[r * 2 + v] += y * odd[v];
            }
        }
    }
    store(sums, rows, vectors, c, c_stride, accumulate);
}

// Multiplies all m rows by one panel: full tiles, then one tile for the remaining rows.
#define PRODUCT(NAME, TARGET, TILE, A, W, MOST, VECTORS)                                       \
    TARGET static void NAME(                                                                   \
        const A *a, size_t a_stride, size_t m, const W *panel, size_t k, float *c,             \
        size_t c_stride, bool accumulate) {                                                    \
        for (size_t half = 0; half < 2; half += VECTORS) {                                     \
            const W *p = panel + half * 16;                                                    \
            float *d = c + half * 16;                                                          \
            size_t r = 0;                                                                      \
            for (; r + MOST <= m; r += MOST)                                                   \
                TILE(MOST, VECTORS, a + r * a_stride, a_stride, p, k, d + r * c_stride,        \
                     c_stride, accumulate);                                                    \
            const A *x = a + r * a_stride;                                                     \
            float *y = d + r * c_stride;                                                       \
            switch (m - r) {                                                                   \
                REST(TILE, VECTORS)                                                            \
            }                                                                                  \
        }                                                                                      \
    }

#define CASE(TILE, VECTORS, ROWS)                                                              \
    case ROWS:                                                                                 \
        TILE(ROWS, VECTORS, x, a_stride, p, k, y, c_stride, accumulate);                       \
        break;

#define REST(TILE, VECTORS)                                                                    \
    CASE(TILE, VECTORS, 1)                                                                     \
    CASE(TILE, VECTORS, 2) CASE(TILE, VECTORS, 3) CASE(TILE, VECTORS, 4) CASE(TILE, VECTORS, 5)

PRODUCT(portable_float32, , tile_float32, float, float, 6, 1)
PRODUCT(portable_bfloat16, , tile_bfloat16, uint16_t, uint32_t, 6, 1)

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#define AVX512_BF16 \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma")))

PRODUCT(avx2_float32, AVX2, tile_float32, float, float, 6, 1)
PRODUCT(avx2_bfloat16, AVX2, tile_bfloat16, uint16_t, uint32_t, 4, 1)

#undef REST
#define REST(TILE, VECTORS)                                                                    \
    CASE(TILE, VECTORS, 1)                                                                     \
    CASE(TILE, VECTORS, 2) CASE(TILE, VECTORS, 3) CASE(TILE, VECTORS, 4)                       \
    CASE(TILE, VECTORS, 5) CASE(TILE, VECTORS, 6) CASE(TILE, VECTORS, 7)                       \
    CASE(TILE, VECTORS, 8) CASE(TILE, VECTORS, 9) CASE(TILE, VECTORS, 10)                      \
    CASE(TILE, VECTORS, 11) CASE(TILE, VECTORS, 12) CASE(TILE, VECTORS, 13)

PRODUCT(avx512_float32, AVX512, tile_float32, float, float, 14, 2)
PRODUCT(avx512_bfloat16, AVX512, tile_bfloat16, uint16_t, uint32_t, 8, 2)

AVX512_BF16 INLINE void tile_pairs(
    int rows, int vectors, const uint16_t *a, size_t a_stride, const uint32_t *panel, size_t k,
    float *c, size_t c_stride, bool accumulate) {
    (void)vectors;
    __m512 sums[2 * MOST_ROWS];
    UNROLL for (int i = 0; i < 2 * rows; i++) sums[i] = _mm512_setzero_ps();
    size_t pairs = (k + 1) / 2;
    for (size_t i = 0; i < pairs; i++) {
        __m512bh w0 = (__m512bh)_mm512_loadu_si512(panel + i * PANEL);
        __m512bh w1 = (__m512bh)_mm512_loadu_si512(panel + i * PANEL + 16);
        UNROLL for (int r = 0; r < rows; r++) {
            int pair;
            __builtin_memcpy(&pair, a + (size_t)r * a_stride + 2 * i, 4);
            __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
            sums[2 * r] = _mm512_dpbf16_ps(sums[2 * r], x, w0);
            sums[2 * r + 1] = _mm512_dpbf16_ps(sums[2 * r + 1], x, w1);
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

PRODUCT(avx512_pairs, AVX512_BF16, tile_pairs, uint16_t, uint32_t, 14, 2)

#endif

struct transformer_tiles transformer_tiles_of(int level) {
#if defined(__x86_64__)
    switch (level) {
    case KERNELS_AVX2: return (struct transformer_tiles){avx2_float32, avx2_bfloat16};
    case KERNELS_AVX512: return (struct transformer_tiles){avx512_float32, avx512_bfloat16};
    case KERNELS_AVX512_BF16:
        return (struct transformer_tiles){avx512_float32, avx512_pairs};
    }
#endif
    return (struct transformer_tiles){portable_float32, portable_bfloat16};
}
