// Stored weights to panels: 16 x 16 blocks of 32-bit words are transposed in registers, converted
// on the way where the stored type is another.

#include "transformer_tile.h"

// Interleaves halves: four rounds transpose sixteen rows of sixteen.
#define LOWER(A, B) \
    __builtin_shufflevector(A, B, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define UPPER(A, B) \
    __builtin_shufflevector(A, B, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

INLINE void transpose(u32x16 rows[16]) {
    UNROLL for (int round = 0; round < 4; round++) {
        u32x16 next[16];
        UNROLL for (int i = 0; i < 8; i++) {
            next[2 * i] = LOWER(rows[i], rows[i + 8]);
            next[2 * i + 1] = UPPER(rows[i], rows[i + 8]);
        }
        UNROLL for (int i = 0; i < 16; i++) rows[i] = next[i];
    }
}

// The float32 bits of sixteen float16s: a subnormal's fraction scales like a normal number's.
INLINE u32x16 half_bits(u32x16 h) {
    f32x16 magnitude = (f32x16)((h & 0x7FFF) << 13) * 0x1p112f;
    u32x16 bits = (u32x16)magnitude;
    u32x16 special = (u32x16)((h & 0x7C00) == 0x7C00);
    bits = (special & (0x7F800000 | (h & 0x3FF) << 13)) | (~special & bits);
    return bits | (h & 0x8000) << 16;
}

INLINE u32x16 float_bits(const void *row, int type, size_t index) {
    if (type == TRANSFORMER_FLOAT32) return *(const u32x16 *)((const uint8_t *)row + 4 * index);
    u16x16 halves = *(const u16x16 *)((const uint8_t *)row + 2 * index);
    u32x16 wide = __builtin_convertvector(halves, u32x16);
    return type == TRANSFORMER_BFLOAT16 ? wide << 16 : half_bits(wide);
}

// All ones where a float32 is infinite or NaN.
INLINE u32x16 unusual(u32x16 bits) {
    return (u32x16)((bits & 0x7F800000) == 0x7F800000);
}

INLINE u32x16 rounded(u32x16 bits) { return (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16; }

#define EVEN(A, B) \
    __builtin_shufflevector(A, B, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(A, B) \
    __builtin_shufflevector(A, B, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)

// Sixteen words of a panel from one row: sixteen float32s, or thirty-two values as pairs.
INLINE u32x16 words(const void *row, int type, bool pairs, size_t word, u32x16 *bad) {
    if (!pairs) {
        u32x16 bits = float_bits(row, type, word);
        *bad |= unusual(bits);
        return bits;
    }
    if (type == TRANSFORMER_BFLOAT16) {
        u32x16 both = *(const u32x16 *)((const uint8_t *)row + 4 * word);
        *bad |= unusual(both) | unusual(both << 16);
        return both;
    }
    u32x16 first = float_bits(row, type, 2 * word);
    u32x16 second = float_bits(row, type, 2 * word + 16);
    *bad |= unusual(first) | unusual(second);
    first = rounded(first);
    second = rounded(second);
    return EVEN(first, second) | ODD(first, second) << 16;
}

INLINE bool pack(
    const void *values, int type, bool pairs, size_t k, size_t first, size_t rows,
    uint32_t *panel) {
    size_t size = type == TRANSFORMER_FLOAT32 ? 4 : 2;
    size_t count = pairs ? k / 2 : k;  // whole words in a row
    u32x16 bad = 0;
    for (size_t half = 0; half < 2; half++) {
        const uint8_t *base = (const uint8_t *)values + (first + half * 16) * k * size;
        size_t have = rows > half * 16 ? rows - half * 16 : 0;
        if (have > 16) have = 16;
        uint32_t *to = panel + half * 16;
        size_t word = 0;
        for (; word + 16 <= count; word += 16) {
            u32x16 block[16];
            if (have == 16) {
                UNROLL for (int r = 0; r < 16; r++)
                    block[r] = words(base + (size_t)r * k * size, type, pairs, word, &bad);
            } else {
                for (size_t r = 0; r < 16; r++)
                    block[r] = r < have ? words(base + r * k * size, type, pairs, word, &bad)
                                        : (u32x16)0;
            }
            transpose(block);
            UNROLL for (int i = 0; i < 16; i++)
                *(u32x16 *)(to + (word + (size_t)i) * PANEL) = block[i];
        }
        // The last words: copied to a padded row first, so that nothing is read past the weights.
        size_t left = k - (pairs ? 2 * word : word);
        if (left == 0) continue;
        size_t most = pairs ? (left + 1) / 2 : left;
        for (size_t r = 0; r < 16; r++) {
            uint8_t padded[4 * 32] = {0};
            u32x16 row = 0;
            if (r < have) {
                memcpy(padded, base + (r * k + (k - left)) * size, left * size);
                row = words(padded, type, pairs, 0, &bad);
            }
            for (size_t i = 0; i < most; i++) to[(word + i) * PANEL + r] = row[i];
        }
    }
    uint32_t any = 0;
    for (int i = 0; i < 16; i++) any |= bad[i];
    return any == 0;
}

KERNEL static bool pack_float32(
    const struct transformer_weight *w, size_t first, size_t rows, float *panel) {
    switch (w->type) {
    case TRANSFORMER_FLOAT32:
        return pack(w->values, TRANSFORMER_FLOAT32, false, w->k, first, rows, (uint32_t *)panel);
    case TRANSFORMER_BFLOAT16:
        return pack(w->values, TRANSFORMER_BFLOAT16, false, w->k, first, rows, (uint32_t *)panel);
    default:
        return pack(w->values, TRANSFORMER_FLOAT16, false, w->k, first, rows, (uint32_t *)panel);
    }
}

KERNEL static bool pack_bfloat16(
    const struct transformer_weight *w, size_t first, size_t rows, uint32_t *panel) {
    switch (w->type) {
    case TRANSFORMER_FLOAT32:
        return pack(w->values, TRANSFORMER_FLOAT32, true, w->k, first, rows, panel);
    case TRANSFORMER_BFLOAT16:
        return pack(w->values, TRANSFORMER_BFLOAT16, true, w->k, first, rows, panel);
    default: return pack(w->values, TRANSFORMER_FLOAT16, true, w->k, first, rows, panel);
    }
}

bool transformer_pack_float32(
    const struct transformer_weight *weight, size_t first, size_t rows, bool check,
    float *panel) {
    return pack_float32(weight, first, rows, panel) || !check;
}

bool transformer_pack_bfloat16(
    const struct transformer_weight *weight, size_t first, size_t rows, bool check,
    uint32_t *panel) {
    return pack_bfloat16(weight, first, rows, panel) || !check;
}

INLINE void widen(const uint8_t *from, int type, size_t count, float *y) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) *(u32x16 *)(y + i) = float_bits(from, type, i);
    if (i == count) return;
    uint8_t padded[2 * 16] = {0};
    memcpy(padded, from + 2 * i, (count - i) * 2);
    u32x16 last = float_bits(padded, type, 0);
    memcpy(y + i, &last, (count - i) * 4);
}

KERNEL void transformer_widen(const void *values, int type, size_t count, float *y) {
    switch (type) {
    case TRANSFORMER_FLOAT32: memcpy(y, values, count * 4); break;
    case TRANSFORMER_BFLOAT16: widen(values, TRANSFORMER_BFLOAT16, count, y); break;
    default: widen(values, TRANSFORMER_FLOAT16, count, y); break;
    }
}
