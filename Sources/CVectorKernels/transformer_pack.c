// Packs stored weights to panels: blocks of 32-bit words are transposed in registers, and converted
// if the stored type differs.

#include "QuantizedKernels.h"
#include "transformer_tile.h"
#include "transformer_transpose.h"

typedef uint32_t u32x4 __attribute__((ext_vector_type(4), aligned(1)));
typedef uint32_t u32x8 __attribute__((ext_vector_type(8), aligned(1)));
typedef uint16_t u16x4 __attribute__((ext_vector_type(4), aligned(1)));
typedef uint16_t u16x8 __attribute__((ext_vector_type(8), aligned(1)));
typedef uint16_t u16x32 __attribute__((ext_vector_type(32), aligned(2)));

// The float32 bits of sixteen float16 values: the fraction of a subnormal scales like that of a
// normal number.
INLINE u32x16 half_bits(u32x16 h) {
    f32x16 magnitude = (f32x16)((h & 0x7FFF) << 13) * 0x1p112f;
    u32x16 bits = (u32x16)magnitude;
    u32x16 special = (u32x16)((h & 0x7C00) == 0x7C00);
    bits = (special & (0x7F800000 | (h & 0x3FF) << 13)) | (~special & bits);
    return bits | (h & 0x8000) << 16;
}

INLINE u32x16 wide_bits(u16x16 halves, int type) {
    u32x16 wide = __builtin_convertvector(halves, u32x16);
    return type == TRANSFORMER_BFLOAT16 ? wide << 16 : half_bits(wide);
}

// The greatest magnitudes so far, as bits: infinity and NaN are greater than every finite number.
struct magnitudes {
    u32x16 words;
    u16x32 halves;
};

INLINE void look(struct magnitudes *m, u32x16 bits) {
    m->words = __builtin_elementwise_max(m->words, bits & 0x7FFFFFFF);
}

INLINE bool are_finite(const struct magnitudes *m) {
    bool finite = true;
    for (int i = 0; i < 16; i++) finite &= m->words[i] < 0x7F800000;
    for (int i = 0; i < 32; i++) finite &= m->halves[i] < 0x7F80;
    return finite;
}

INLINE u32x16 rounded(u32x16 bits) { return (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16; }

#define EVEN(A, B) \
    __builtin_shufflevector(A, B, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(A, B) \
    __builtin_shufflevector(A, B, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)

// Four words of a panel from each of four rows, side by side. A word is a float32, or two bfloat16s.
INLINE u32x16 words(
    const uint8_t *const rows[4], int type, bool pairs, size_t word, struct magnitudes *seen) {
    if (type != TRANSFORMER_FLOAT32 && !pairs) {
        u16x4 part[4];
        UNROLL for (int r = 0; r < 4; r++) part[r] = *(const u16x4 *)(rows[r] + 2 * word);
        u16x16 halves = JOIN8(JOIN4(part[0], part[1]), JOIN4(part[2], part[3]));
        u32x16 bits = wide_bits(halves, type);
        look(seen, bits);
        return bits;
    }
    if (type == TRANSFORMER_FLOAT32 && pairs) {
        // Eight numbers of a row: rounded, then combined to four words.
        u32x8 part[4];
        UNROLL for (int r = 0; r < 4; r++) part[r] = *(const u32x8 *)(rows[r] + 8 * word);
        u32x16 first = JOIN8(part[0], part[1]), second = JOIN8(part[2], part[3]);
        look(seen, first);
        look(seen, second);
        first = rounded(first);
        second = rounded(second);
        return EVEN(first, second) | ODD(first, second) << 16;
    }
    if (type == TRANSFORMER_FLOAT16) {
        u16x8 part[4];
        UNROLL for (int r = 0; r < 4; r++) part[r] = *(const u16x8 *)(rows[r] + 4 * word);
        u32x16 first = wide_bits(JOIN8(part[0], part[1]), type);
        u32x16 second = wide_bits(JOIN8(part[2], part[3]), type);
        look(seen, first);
        look(seen, second);
        first = rounded(first);
        second = rounded(second);
        return EVEN(first, second) | ODD(first, second) << 16;
    }
    u32x4 part[4];
    UNROLL for (int r = 0; r < 4; r++) part[r] = *(const u32x4 *)(rows[r] + 4 * word);
    u32x16 bits = JOIN8(JOIN4(part[0], part[1]), JOIN4(part[2], part[3]));
    if (pairs)
        seen->halves = __builtin_elementwise_max(seen->halves, (u16x32)bits & 0x7FFF);
    else
        look(seen, bits);
    return bits;
}

// Transposes four words of sixteen rows to four lines of the panel.
INLINE void block(
    const uint8_t *const rows[16], int type, bool pairs, size_t word, uint32_t *to,
    struct magnitudes *seen) {
    u32x16 v[4];
    UNROLL for (int i = 0; i < 4; i++) {
        const uint8_t *const four[4] = {rows[i], rows[4 + i], rows[8 + i], rows[12 + i]};
        v[i] = words(four, type, pairs, word, seen);
    }
    transpose(v, to);
}

INLINE bool pack(
    const void *values, int type, bool pairs, size_t k, size_t first, size_t rows,
    uint32_t *panel) {
    size_t size = type == TRANSFORMER_FLOAT32 ? 4 : 2;
    size_t in_row = k * size;
    size_t whole = (pairs ? k / 2 : k) / 4 * 4;  // words in whole blocks
    size_t step = pairs ? 2 * size : size;       // bytes of a word as stored
    size_t left = k - (pairs ? 2 * whole : whole);
    struct magnitudes seen = {0, 0};
    for (size_t half = 0; half < 2; half++) {
        const uint8_t *base = (const uint8_t *)values + (first + half * 16) * in_row;
        size_t have = rows > half * 16 ? rows - half * 16 : 0;
        if (have > 16) have = 16;
        uint32_t *to = panel + half * 16;
        if (have == 0) {
            for (size_t word = 0; word < whole + (pairs ? (left + 1) / 2 : left); word++)
                *(u32x16 *)(to + word * PANEL) = 0;
            continue;
        }
        // Missing rows repeat the last one and are cleared afterwards.
        const uint8_t *row[16];
        for (size_t r = 0; r < 16; r++) row[r] = base + (r < have ? r : have - 1) * in_row;
        for (size_t word = 0; word < whole; word += 4) {
            // The next panel's rows follow these: prefetch them line by line.
            if (word * step % 64 < 4 * step)
                for (size_t r = 0; r < 16; r++)
                    __builtin_prefetch(row[r] + PANEL * in_row + word * step, 0, 2);
            block(row, type, pairs, word, to + word * PANEL, &seen);
        }
        // The last inputs, fewer than a block, are read from padded copies, so that nothing beyond
        // the weights is read.
        if (left) {
            uint8_t padded[16][4 * 8];
            const uint8_t *place[16];
            memset(padded, 0, sizeof padded);
            for (size_t r = 0; r < 16; r++) {
                memcpy(padded[r], row[r] + (k - left) * size, left * size);
                place[r] = padded[r];
            }
            uint32_t lines[4 * PANEL];
            block(place, type, pairs, 0, lines, &seen);
            for (size_t i = 0; i < (pairs ? (left + 1) / 2 : left); i++)
                *(u32x16 *)(to + (whole + i) * PANEL) = *(u32x16 *)(lines + i * PANEL);
        }
        for (size_t word = 0; have < 16 && word < whole + (pairs ? (left + 1) / 2 : left); word++)
            for (size_t r = have; r < 16; r++) to[word * PANEL + r] = 0;
    }
    return are_finite(&seen);
}

static KERNEL(
    bool, pack_float32,
    (const struct transformer_weight *w, size_t first, size_t rows, float *panel),
    (w, first, rows, panel)) {
    switch (w->type) {
    case TRANSFORMER_FLOAT32:
        return pack(w->values, TRANSFORMER_FLOAT32, false, w->k, first, rows, (uint32_t *)panel);
    case TRANSFORMER_BFLOAT16:
        return pack(w->values, TRANSFORMER_BFLOAT16, false, w->k, first, rows, (uint32_t *)panel);
    default:
        return pack(w->values, TRANSFORMER_FLOAT16, false, w->k, first, rows, (uint32_t *)panel);
    }
}

static KERNEL(
    bool, pack_bfloat16,
    (const struct transformer_weight *w, size_t first, size_t rows, uint32_t *panel),
    (w, first, rows, panel)) {
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
    for (; i + 16 <= count; i += 16) *(u32x16 *)(y + i) = wide_bits(*(const u16x16 *)(from + 2 * i), type);
    if (i == count) return;
    uint8_t padded[2 * 16] = {0};
    memcpy(padded, from + 2 * i, (count - i) * 2);
    u32x16 last = wide_bits(*(const u16x16 *)padded, type);
    memcpy(y + i, &last, (count - i) * 4);
}

KERNEL(
    void, transformer_widen,
    (const void *values, int type, size_t count, float *y),
    (values, type, count, y)) {
    switch (type) {
    case TRANSFORMER_FLOAT32: memcpy(y, values, count * 4); break;
    case TRANSFORMER_BFLOAT16: widen(values, TRANSFORMER_BFLOAT16, count, y); break;
    case TRANSFORMER_FLOAT16: widen(values, TRANSFORMER_FLOAT16, count, y); break;
    default: quantized_dequantize(type, values, count, y); break;
    }
}

// The rows of a panel are far apart in memory, so the next panel's are fetched ahead.
INLINE void columns_of(
    const uint8_t *from, int type, size_t stride, size_t lines, size_t columns, float *panel) {
    size_t size = type == TRANSFORMER_FLOAT32 ? 4 : 2;
    for (size_t line = 0; line < lines; line++, from += stride, panel += PANEL) {
        if (columns == PANEL) {
            u32x16 *to = (u32x16 *)panel;
            for (size_t byte = 0; byte < PANEL * size; byte += 64)
                __builtin_prefetch(from + PANEL * size + byte, 0, 2);
            UNROLL for (size_t half = 0; half < 2; half++) {
                const uint8_t *place = from + half * 16 * size;
                to[half] = type == TRANSFORMER_FLOAT32 ? *(const u32x16 *)place
                                                       : wide_bits(*(const u16x16 *)place, type);
            }
            continue;
        }
        if (type == TRANSFORMER_FLOAT32)
            memcpy(panel, from, columns * 4);
        else
            widen(from, type, columns, panel);
        for (size_t i = columns; i < PANEL; i++) panel[i] = 0;
    }
}

KERNEL(
    void, transformer_columns_float32,
    (const struct transformer_weight *matrix, size_t first, size_t columns, float *panel),
    (matrix, first, columns, panel)) {
    size_t size = matrix->type == TRANSFORMER_FLOAT32 ? 4 : 2, stride = matrix->k * size;
    const uint8_t *from = (const uint8_t *)matrix->values + first * size;
    switch (matrix->type) {
    case TRANSFORMER_FLOAT32:
        columns_of(from, TRANSFORMER_FLOAT32, stride, matrix->n, columns, panel);
        break;
    case TRANSFORMER_BFLOAT16:
        columns_of(from, TRANSFORMER_BFLOAT16, stride, matrix->n, columns, panel);
        break;
    default: columns_of(from, TRANSFORMER_FLOAT16, stride, matrix->n, columns, panel);
    }
}
