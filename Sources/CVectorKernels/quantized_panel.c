// Converts quantized blocks to panels. For sixteen rows at a time, words of four bytes are
// transposed first and unpacked afterwards, for all rows at once.

#include "quantized_tile.h"
#include "quantized_unpack.h"
#include "transformer_transpose.h"

typedef uint32_t u32x4 __attribute__((ext_vector_type(4), aligned(1)));

// The addresses of sixteen rows; missing rows repeat the last one, and their scales are set to 0.
struct rows {
    const uint8_t *at[16];
    size_t count;
};

// Four words of each of sixteen rows: line[j] has the rows' words j, from byte `start` on.
INLINE void lines_at(const struct rows *rows, size_t start, u32x16 line[4]) {
    u32x16 v[4];
    UNROLL for (int i = 0; i < 4; i++) {
        u32x4 part[4];
        UNROLL for (int r = 0; r < 4; r++) part[r] = *(const u32x4 *)(rows->at[4 * r + i] + start);
        v[i] = JOIN8(JOIN4(part[0], part[1]), JOIN4(part[2], part[3]));
    }
    u32x16 a = LOW1(v[0], v[1]), b = LOW1(v[2], v[3]);
    u32x16 c = HIGH1(v[0], v[1]), d = HIGH1(v[2], v[3]);
    line[0] = LOW2(a, b);
    line[1] = HIGH2(a, b);
    line[2] = LOW2(c, d);
    line[3] = HIGH2(c, d);
}

INLINE u32x16 words_at(const struct rows *rows, size_t start) {
    u32x16 words;
    UNROLL for (int r = 0; r < 16; r++) {
        uint32_t word;
        memcpy(&word, rows->at[r] + start, 4);
        words[r] = word;
    }
    return words;
}

#define LINE(TO, I) (*(u32x16 *)((TO) + (size_t)(I) * PANEL))

enum { ONES = 0x01010101, NIBBLES = 0x0F0F0F0F, PAIRS = 0x03030303, MIDDLE = 0x80808080 };

INLINE void nibble_lines(const struct rows *rows, size_t start, uint32_t *to) {
    u32x16 line[4];
    lines_at(rows, start, line);
    UNROLL for (int j = 0; j < 4; j++) {
        LINE(to, j) = line[j] & NIBBLES;
        LINE(to, j + 4) = line[j] >> 4 & NIBBLES;
    }
}

// Thirty-two fifth bits and as many nibbles.
INLINE void five_bit_lines(const struct rows *rows, size_t start, uint32_t *to) {
    u32x16 line[4], bits = words_at(rows, start);
    lines_at(rows, start + 4, line);
    UNROLL for (int j = 0; j < 8; j++) {
        u32x16 low = (j < 4 ? line[j] : line[j - 4] >> 4) & NIBBLES;
        // Moves four bits to bit 4 of four bytes: the copies made by the factor do not overlap.
        u32x16 four = bits >> (uint32_t)(4 * j) & 15;
        LINE(to, j) = low | (four * 0x00204081 & ONES) << 4;
    }
}

INLINE void table_lines(const struct rows *rows, size_t start, uint32_t *to) {
    uint8_t q[32], low[16 * 4 * 8];
    for (int r = 0; r < 16; r++) {
        nibbles(rows->at[r] + start, q);
        for (int i = 0; i < 32; i++) low[i / 4 * 64 + r * 4 + i % 4] = iq4_nl_values[q[i]];
    }
    for (int j = 0; j < 8; j++) LINE(to, j) = *(const u32x16 *)(low + 64 * j);
}

// 32-byte parts: the lower halves of the bytes are 32 weights, the upper halves the next 32.
INLINE void wide_lines(
    const struct rows *rows, size_t low, size_t high, bool five, uint32_t *to) {
    UNROLL for (int half = 0; half < 2; half++) {
        u32x16 fifth[4];
        if (five) lines_at(rows, high + 16 * (size_t)half, fifth);
        UNROLL for (int pair = 0; pair < 4; pair++) {
            u32x16 line[4];
            lines_at(rows, low + 32 * (size_t)pair + 16 * (size_t)half, line);
            UNROLL for (int j = 0; j < 4; j++) {
                u32x16 first = line[j] & NIBBLES, second = line[j] >> 4 & NIBBLES;
                if (five) {
                    first |= (fifth[j] >> (uint32_t)(2 * pair) & ONES) << 4;
                    second |= (fifth[j] >> (uint32_t)(2 * pair + 1) & ONES) << 4;
                }
                LINE(to, 16 * pair + 4 * half + j) = first;
                LINE(to, 16 * pair + 8 + 4 * half + j) = second;
            }
        }
    }
}

// 64 bytes of pairs of bits: each 32 bytes have 128 weights. With third bits, bit i of byte j
// belongs to weight 32 i + j.
INLINE void pair_lines(
    const struct rows *rows, size_t pairs, size_t thirds, bool three, uint32_t *to) {
    UNROLL for (int part = 0; part < 2; part++) {
        u32x16 third[4];
        if (three) lines_at(rows, thirds + 16 * (size_t)part, third);
        UNROLL for (int half = 0; half < 2; half++) {
            u32x16 line[4];
            lines_at(rows, pairs + 32 * (size_t)half + 16 * (size_t)part, line);
            UNROLL for (int pair = 0; pair < 4; pair++)
                UNROLL for (int j = 0; j < 4; j++) {
                    u32x16 q = line[j] >> (uint32_t)(2 * pair) & PAIRS;
                    if (three) q |= (third[j] >> (uint32_t)(4 * half + pair) & ONES) << 2;
                    LINE(to, 32 * half + 8 * pair + 4 * part + j) = q;
                }
        }
    }
}

// Q6_K: of 128 weights, 64 bytes of nibbles and 32 of pairs.
INLINE void six_bit_lines(const struct rows *rows, size_t start, uint32_t *to) {
    UNROLL for (int half = 0; half < 2; half++)
        UNROLL for (int part = 0; part < 2; part++) {
            u32x16 first[4], second[4], pairs[4];
            size_t low = start + 64 * (size_t)half + 16 * (size_t)part;
            lines_at(rows, low, first);
            lines_at(rows, low + 32, second);
            lines_at(rows, start + 128 + 32 * (size_t)half + 16 * (size_t)part, pairs);
            uint32_t *at = to + (size_t)(32 * half + 4 * part) * PANEL;
            UNROLL for (int j = 0; j < 4; j++) {
                LINE(at, j) = (first[j] & NIBBLES) | (pairs[j] & PAIRS) << 4;
                LINE(at, j + 8) = (second[j] & NIBBLES) | (pairs[j] >> 2 & PAIRS) << 4;
                LINE(at, j + 16) = (first[j] >> 4 & NIBBLES) | (pairs[j] >> 4 & PAIRS) << 4;
                LINE(at, j + 24) = (second[j] >> 4 & NIBBLES) | (pairs[j] >> 6 & PAIRS) << 4;
            }
        }
}

// Sixteen rows of the block at byte `start`.
INLINE void quant_lines(int type, const struct rows *rows, size_t start, uint32_t *to) {
    switch (type) {
    case BLOCK_Q4_0: nibble_lines(rows, start + 2, to); break;
    case BLOCK_Q4_1: nibble_lines(rows, start + 4, to); break;
    case BLOCK_Q5_0: five_bit_lines(rows, start + 2, to); break;
    case BLOCK_Q5_1: five_bit_lines(rows, start + 4, to); break;
    case BLOCK_Q8_0:
        UNROLL for (int half = 0; half < 2; half++) {
            u32x16 line[4];
            lines_at(rows, start + 2 + 16 * (size_t)half, line);
            UNROLL for (int j = 0; j < 4; j++) LINE(to, 4 * half + j) = line[j] ^ MIDDLE;
        }
        break;
    case BLOCK_Q2_K: pair_lines(rows, start + 16, 0, false, to); break;
    case BLOCK_Q3_K: pair_lines(rows, start + 32, start, true, to); break;
    case BLOCK_Q4_K: wide_lines(rows, start + 16, 0, false, to); break;
    case BLOCK_Q5_K: wide_lines(rows, start + 48, start + 16, true, to); break;
    case BLOCK_Q6_K: six_bit_lines(rows, start, to); break;
    case BLOCK_IQ4_NL: table_lines(rows, start + 2, to); break;
    }
}

INLINE f32x16 widen_halves(u32x16 h) {
    // The fraction of a subnormal scales like that of a normal number.
    u32x16 bits = (u32x16)((f32x16)((h & 0x7FFF) << 13) * 0x1p112f);
    u32x16 special = (u32x16)((h & 0x7C00) == 0x7C00);
    bits = (special & (0x7F800000 | (h & 0x3FF) << 13)) | (~special & bits);
    return (f32x16)(bits | (h & 0x8000) << 16);
}

// Scales and offsets of all blocks of sixteen rows.
INLINE void scale_lines(
    int type, const struct block_layout layout, const struct rows *rows, size_t blocks,
    float *scales, float *offsets) {
    size_t groups = layout.weights / layout.group;
    if (groups == 1) {
        for (size_t b = 0; b < blocks; b++) {
            u32x16 words = words_at(rows, b * layout.bytes);
            LINE(scales, b) = (u32x16)widen_halves(words & 0xFFFF);
            if (layout.affine) LINE(offsets, b) = (u32x16)widen_halves(words >> 16);
        }
        return;
    }
    for (size_t b = 0; b < blocks; b++) {
        float scale[16][16], offset[16][16];
        struct rows s, o;
        for (int r = 0; r < 16; r++) {
            block_scales(type, rows->at[r] + b * layout.bytes, scale[r], offset[r]);
            s.at[r] = (const uint8_t *)scale[r];
            o.at[r] = (const uint8_t *)offset[r];
        }
        for (size_t g = 0; g < groups; g += 4) {
            u32x16 line[4];
            lines_at(&s, 4 * g, line);
            for (size_t j = 0; j < 4; j++) LINE(scales, b * groups + g + j) = line[j];
            if (!layout.affine) continue;
            lines_at(&o, 4 * g, line);
            for (size_t j = 0; j < 4; j++) LINE(offsets, b * groups + g + j) = line[j];
        }
    }
}

// The greatest magnitude as bits: infinity and NaN are greater than every finite number.
INLINE uint32_t greatest_bits(const float *values, size_t count) {
    u32x16 top = 0;
    for (size_t i = 0; i < count; i += 16)
        top = __builtin_elementwise_max(top, *(const u32x16 *)(values + i) & 0x7FFFFFFF);
    return __builtin_reduce_max(top);
}

INLINE bool pack(
    int type, const struct quantized_weight *weight, size_t first, size_t count,
    struct quantized_panel *panel) {
    const struct block_layout layout = block_layout_of(type);
    size_t blocks = weight->k / layout.weights, in_row = blocks * layout.bytes;
    size_t groups = weight->k / layout.group;
    for (size_t half = 0; half < 2; half++) {
        size_t have = count > half * 16 ? count - half * 16 : 0;
        if (have > 16) have = 16;
        uint32_t *to = (uint32_t *)panel->q + half * 16;
        float *scales = panel->scales + half * 16, *offsets = panel->offsets + half * 16;
        if (have == 0) {
            for (size_t i = 0; i < weight->k / 4; i++) LINE(to, i) = 0;
        } else {
            struct rows rows;
            const uint8_t *base = (const uint8_t *)weight->blocks + (first + half * 16) * in_row;
            for (size_t r = 0; r < 16; r++)
                rows.at[r] = base + (r < have ? r : have - 1) * in_row;
            for (size_t b = 0; b < blocks; b++) {
                // The next panel's rows follow these: prefetch them.
                for (size_t r = 0; r < 16; r++)
                    __builtin_prefetch(rows.at[r] + PANEL * in_row + b * layout.bytes, 0, 2);
                quant_lines(
                    type, &rows, b * layout.bytes, to + b * (layout.weights / 4) * PANEL);
            }
            scale_lines(type, layout, &rows, blocks, scales, offsets);
        }
        for (size_t g = 0; have < 16 && g < groups; g++)
            for (size_t r = have; r < 16; r++) {
                scales[g * PANEL + r] = 0;
                if (layout.affine) offsets[g * PANEL + r] = 0;
            }
    }
    uint32_t top = greatest_bits(panel->scales, groups * PANEL);
    if (layout.affine) {
        uint32_t other = greatest_bits(panel->offsets, groups * PANEL);
        top = other > top ? other : top;
    }
    return top < 0x7F800000;
}

KERNEL(
    bool, quantized_pack,
    (const struct quantized_weight *weight, size_t first, size_t rows,
    struct quantized_panel *panel),
    (weight, first, rows, panel)) {
    switch (weight->type) {
#define CASE(TYPE) \
    case TYPE: return pack(TYPE, weight, first, rows, panel);
        EACH_BLOCK_TYPE(CASE)
#undef CASE
    }
    return false;
}
