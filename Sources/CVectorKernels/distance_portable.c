// Plain C: the reference for every kernel, and the fallback for unknown instruction sets.

#include "distance_tables.h"

static float f16_value(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
    uint32_t exponent = (bits >> 10) & 31, fraction = bits & 1023, word;
    if (exponent == 31) {
        word = sign | 0x7f800000 | (fraction << 13);
    } else if (exponent != 0) {
        word = sign | ((exponent + 112) << 23) | (fraction << 13);
    } else {
        // Subnormal: fraction x 2^-24, exact in float32.
        float magnitude = (float)fraction * 0x1p-24f;
        memcpy(&word, &magnitude, 4);
        word |= sign;
    }
    float value;
    memcpy(&value, &word, 4);
    return value;
}

static uint16_t f16_bits(float value) {
    uint32_t word;
    memcpy(&word, &value, 4);
    uint16_t sign = (word >> 16) & 0x8000;
    uint32_t magnitude = word & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00;                // NaN
    if (magnitude >= 0x477ff000) return sign | 0x7c00;               // rounds to infinity
    if (magnitude < 0x38800000) {                                    // subnormal or zero
        // Adding one half aligns a subnormal's lowest bit (2^-24) with float32's last bit, so that
        // the addition itself rounds to nearest even.
        float aligned;
        memcpy(&aligned, &magnitude, 4);
        aligned += 0.5f;
        uint32_t rounded;
        memcpy(&rounded, &aligned, 4);
        return sign | (uint16_t)(rounded - 0x3f000000);
    }
    uint32_t odd = (magnitude >> 13) & 1;
    return sign | (uint16_t)((magnitude - 0x38000000 + 0xfff + odd) >> 13);
}

static float bf16_value(uint16_t bits) {
    uint32_t word = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &word, 4);
    return value;
}

static uint16_t bf16_bits(float value) {
    uint32_t word;
    memcpy(&word, &value, 4);
    if ((word & 0x7fffffff) > 0x7f800000) return (uint16_t)(word >> 16) | 0x40;  // NaN
    return (uint16_t)((word + 0x7fff + ((word >> 16) & 1)) >> 16);
}

static float same(float value) { return value; }

// Eight sums, so that the compiler can use vectors without reordering additions.
#define DOT(NAME, ELEMENT, VALUE)                                                  \
    static float NAME(const float *a, const ELEMENT *b, size_t n) {                \
        float sum[8] = {0};                                                        \
        size_t i = 0;                                                              \
        for (; i + 8 <= n; i += 8)                                                 \
            for (int j = 0; j < 8; j++) sum[j] += a[i + j] * VALUE(b[i + j]);      \
        for (int j = 0; i < n; i++, j++) sum[j] += a[i] * VALUE(b[i]);             \
        return ((sum[0] + sum[4]) + (sum[1] + sum[5])) +                           \
               ((sum[2] + sum[6]) + (sum[3] + sum[7]));                            \
    }
#define L2(NAME, ELEMENT, VALUE)                                                   \
    static float NAME(const float *a, const ELEMENT *b, size_t n) {                \
        float sum[8] = {0};                                                        \
        size_t i = 0;                                                              \
        for (; i + 8 <= n; i += 8)                                                 \
            for (int j = 0; j < 8; j++) {                                          \
                float difference = a[i + j] - VALUE(b[i + j]);                     \
                sum[j] += difference * difference;                                 \
            }                                                                      \
        for (int j = 0; i < n; i++, j++) {                                         \
            float difference = a[i] - VALUE(b[i]);                                 \
            sum[j] += difference * difference;                                     \
        }                                                                          \
        return ((sum[0] + sum[4]) + (sum[1] + sum[5])) +                           \
               ((sum[2] + sum[6]) + (sum[3] + sum[7]));                            \
    }

DOT(dot_f32, float, same)
DOT(dot_f16, uint16_t, f16_value)
DOT(dot_bf16, uint16_t, bf16_value)
L2(l2_f32, float, same)
L2(l2_f16, uint16_t, f16_value)
L2(l2_bf16, uint16_t, bf16_value)

VK_ROWS(, dot_f32_rows, float, dot_f32)
VK_ROWS(, l2_f32_rows, float, l2_f32)
VK_ROWS(, dot_f16_rows, uint16_t, dot_f16)
VK_ROWS(, l2_f16_rows, uint16_t, l2_f16)
VK_ROWS(, dot_bf16_rows, uint16_t, dot_bf16)
VK_ROWS(, l2_bf16_rows, uint16_t, l2_bf16)

static void dot_i8_rows(const int8_t *query, int32_t query_sum, const uint8_t *rows, size_t stride,
                        size_t n, const uint32_t *ids, size_t count, int32_t *out) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = rows + vk_row(ids, i) * stride;
        int32_t sum = 0;
        for (size_t j = 0; j < n; j++) sum += query[j] * row[j];
        out[i] = sum - 128 * query_sum;
    }
}

static void quantize_i8(const float *a, float inverse_scale, size_t n, uint8_t *out) {
    for (size_t i = 0; i < n; i++) {
        float scaled = a[i] * inverse_scale;
        scaled = scaled > 127 ? 127 : scaled < -127 ? -127 : scaled;
        // The last place of 1.5 x 2^23 is 1, so adding it rounds to nearest even.
        float shifted = scaled + 0x1.8p23f;
        int32_t word;
        memcpy(&word, &shifted, 4);
        out[i] = (uint8_t)(word - 0x4b400000 + 128);
    }
}

static float max_magnitude(const float *a, size_t n) {
    // As integers, magnitudes have the same order, with NaN above infinity.
    uint32_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t word;
        memcpy(&word, &a[i], 4);
        word &= 0x7fffffff;
        largest = word > largest ? word : largest;
    }
    float value;
    memcpy(&value, &largest, 4);
    return value;
}

static void f32_to_f16(const float *a, size_t n, uint16_t *out) {
    for (size_t i = 0; i < n; i++) out[i] = f16_bits(a[i]);
}
static void f16_to_f32(const uint16_t *a, size_t n, float *out) {
    for (size_t i = 0; i < n; i++) out[i] = f16_value(a[i]);
}
static void f32_to_bf16(const float *a, size_t n, uint16_t *out) {
    for (size_t i = 0; i < n; i++) out[i] = bf16_bits(a[i]);
}
static void bf16_to_f32(const uint16_t *a, size_t n, float *out) {
    for (size_t i = 0; i < n; i++) out[i] = bf16_value(a[i]);
}

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

const vk_kernels vk_portable_kernels = {
    "portable",   dot_f32,       l2_f32,        dot_f32_rows, l2_f32_rows,
    dot_f16_rows, l2_f16_rows,   dot_bf16_rows, l2_bf16_rows, dot_i8_rows,
    quantize_i8,  signed_codes,  max_magnitude, f32_to_f16,   f16_to_f32,
    f32_to_bf16,  bf16_to_f32,  vk_rotate_portable, vk_encode_neighbor_portable,
    vk_neighbor_estimates_portable,
};
