// Quantizes activations to signed bytes, four groups of 32 at a time.

#include "QuantizedKernels.h"
#include "transformer_tile.h"

typedef int32_t i32x16 __attribute__((ext_vector_type(16), aligned(4)));
typedef int8_t i8x16 __attribute__((ext_vector_type(16), aligned(1)));
typedef int16_t i16x8 __attribute__((ext_vector_type(8), aligned(2)));

// Interleaves the halves of two vectors, the quarters of halves, …: the steps of trees of maxima
// and sums. After all steps on four vectors, each quarter of the result belongs to one of them.
#define LOWER_HALVES(A, B) \
    __builtin_shufflevector(A, B, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define UPPER_HALVES(A, B) \
    __builtin_shufflevector(A, B, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#define LOWER_QUARTERS(A, B) \
    __builtin_shufflevector(A, B, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define UPPER_QUARTERS(A, B) \
    __builtin_shufflevector(A, B, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
#define SWAP_PAIRS(A) \
    __builtin_shufflevector(A, A, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define SWAP_WORDS(A) \
    __builtin_shufflevector(A, A, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)
#define QUARTER(A, I) \
    __builtin_shufflevector(A, A, I, I, I, I, I, I, I, I, I, I, I, I, I, I, I, I)

INLINE u32x16 greatest_of(const u32x16 v[4]) {
    u32x16 a = __builtin_elementwise_max(LOWER_HALVES(v[0], v[1]), UPPER_HALVES(v[0], v[1]));
    u32x16 b = __builtin_elementwise_max(LOWER_HALVES(v[2], v[3]), UPPER_HALVES(v[2], v[3]));
    u32x16 c = __builtin_elementwise_max(LOWER_QUARTERS(a, b), UPPER_QUARTERS(a, b));
    c = __builtin_elementwise_max(c, SWAP_PAIRS(c));
    return __builtin_elementwise_max(c, SWAP_WORDS(c));
}

INLINE i32x16 sums_of(const i32x16 v[4]) {
    i32x16 a = LOWER_HALVES(v[0], v[1]) + UPPER_HALVES(v[0], v[1]);
    i32x16 b = LOWER_HALVES(v[2], v[3]) + UPPER_HALVES(v[2], v[3]);
    i32x16 c = LOWER_QUARTERS(a, b) + UPPER_QUARTERS(a, b);
    c += SWAP_PAIRS(c);
    return c + SWAP_WORDS(c);
}

// 128 numbers.
INLINE void quantize(const float *x, int8_t *values, float scales[4], int16_t sums[8]) {
    const u32x16 *bits = (const u32x16 *)x;
    u32x16 magnitudes[4];
    // As bits, infinity and NaN are greater than every finite magnitude.
    UNROLL for (int g = 0; g < 4; g++)
        magnitudes[g] = __builtin_elementwise_max(
            bits[2 * g] & 0x7FFFFFFF, bits[2 * g + 1] & 0x7FFFFFFF);
    u32x16 top = greatest_of(magnitudes);
    u32x16 finite = (u32x16)(top < 0x7F800000);
    f32x16 step = (f32x16)top / 127.0f;
    // Groups whose scale would not be a normal number count as zero.
    u32x16 counts = (u32x16)(step >= 0x1p-126f) & finite;
    f32x16 inverse = (f32x16)((u32x16)(1.0f / step) & counts);
    f32x16 scale = (f32x16)(((u32x16)step & counts) | (~finite & 0x7FC00000));
    scales[0] = scale[0];
    scales[1] = scale[4];
    scales[2] = scale[8];
    scales[3] = scale[12];

    i32x16 whole[8];
#define GROUP(G)                                                                               \
    UNROLL for (int half = 0; half < 2; half++) {                                              \
        u32x16 kept = bits[2 * G + half] & QUARTER(counts, 4 * G);                             \
        f32x16 v = (f32x16)kept * QUARTER(inverse, 4 * G);                                     \
        whole[2 * G + half] =                                                                  \
            __builtin_convertvector(__builtin_elementwise_roundeven(v), i32x16);               \
        *(i8x16 *)(values + 32 * G + 16 * half) =                                              \
            __builtin_convertvector(whole[2 * G + half], i8x16);                               \
    }
    GROUP(0) GROUP(1) GROUP(2) GROUP(3)
#undef GROUP
    i32x16 first = sums_of(whole), second = sums_of(whole + 4);
    *(i16x8 *)sums = __builtin_convertvector(
        __builtin_shufflevector(first, second, 0, 4, 8, 12, 16, 20, 24, 28),
        i16x8);
}

KERNEL(
    void, quantized_rows_from_float32,
    (const float *x, size_t x_stride, size_t first, size_t count, const struct quantized_rows *y),
    (x, x_stride, first, count, y)) {
    size_t width = y->width, whole = width / 128 * 128;
    for (size_t r = first; r < first + count; r++) {
        const float *row = x + r * x_stride;
        int8_t *values = y->values + r * width;
        float *scales = y->scales + r * width / 32;
        int16_t *sums = y->sums + r * width / 16;
        for (size_t i = 0; i < whole; i += 128)
            quantize(row + i, values + i, scales + i / 32, sums + i / 16);
        if (whole == width) continue;
        // Up to three more groups, through padded copies.
        size_t left = width - whole;
        float padded[128] = {0};
        int8_t more_values[128];
        float more_scales[4];
        int16_t more_sums[8];
        memcpy(padded, row + whole, left * 4);
        quantize(padded, more_values, more_scales, more_sums);
        memcpy(values + whole, more_values, left);
        memcpy(scales + whole / 32, more_scales, left / 32 * 4);
        memcpy(sums + whole / 16, more_sums, left / 16 * 2);
    }
}
