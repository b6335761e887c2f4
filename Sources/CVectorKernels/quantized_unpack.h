#ifndef QUANTIZED_UNPACK_H
#define QUANTIZED_UNPACK_H

// Unpacks GGUF's blocks, with two functions for each type: one for the weights as unsigned bytes q,
// one for the scale and offset of each group, so that
//
//     w = scale (q - zero)           symmetric types
//     w = scale q + offset           types with a minimum
//
// The layouts are those of ggml's reference implementation (ggml-quants.c, dequantize_row_*).

#include "QuantizedKernels.h"
#include "training_common.h"

/// The properties of a type's blocks.
struct block_layout {
    uint16_t bytes;    // bytes of a block
    uint16_t weights;  // weights in a block
    uint8_t group;     // weights that share a scale: 16 or 32
    uint8_t zero;      // the byte that represents 0 in a symmetric type
    uint8_t bits;      // of the largest q
    bool affine;       // whether groups have offsets
};

INLINE struct block_layout block_layout_of(int type) {
    switch (type) {
    case BLOCK_Q4_0: return (struct block_layout){18, 32, 32, 8, 4, false};
    case BLOCK_Q4_1: return (struct block_layout){20, 32, 32, 0, 4, true};
    case BLOCK_Q5_0: return (struct block_layout){22, 32, 32, 16, 5, false};
    case BLOCK_Q5_1: return (struct block_layout){24, 32, 32, 0, 5, true};
    case BLOCK_Q8_0: return (struct block_layout){34, 32, 32, 128, 8, false};
    case BLOCK_Q2_K: return (struct block_layout){84, 256, 16, 0, 2, true};
    case BLOCK_Q3_K: return (struct block_layout){110, 256, 16, 4, 3, false};
    case BLOCK_Q4_K: return (struct block_layout){144, 256, 32, 0, 4, true};
    case BLOCK_Q5_K: return (struct block_layout){176, 256, 32, 0, 5, true};
    case BLOCK_Q6_K: return (struct block_layout){210, 256, 16, 32, 6, false};
    case BLOCK_IQ4_NL: return (struct block_layout){18, 32, 32, 128, 8, false};
    default: return (struct block_layout){0};
    }
}

INLINE float half_at(const uint8_t *bytes) {
    uint16_t half;
    memcpy(&half, bytes, 2);
    // The fraction of a subnormal scales like that of a normal number.
    uint32_t bits = (uint32_t)(half & 0x7FFF) << 13;
    float value;
    memcpy(&value, &bits, 4);
    value *= 0x1p112f;
    memcpy(&bits, &value, 4);
    if ((half & 0x7C00) == 0x7C00) bits = 0x7F800000 | (uint32_t)(half & 0x3FF) << 13;
    bits |= (uint32_t)(half & 0x8000) << 16;
    memcpy(&value, &bits, 4);
    return value;
}

INLINE void nibbles(const uint8_t *bytes, uint8_t *q) {
    for (int i = 0; i < 16; i++) {
        q[i] = bytes[i] & 15;
        q[i + 16] = bytes[i] >> 4;
    }
}

// Adds bit i of `bits` as 16 to q[i].
INLINE void fifth_bits(const uint8_t *bits, uint8_t *q) {
    for (int i = 0; i < 32; i++) q[i] |= (uint8_t)((bits[i / 8] >> (i % 8) & 1) << 4);
}

// Q4_0: d, 32 nibbles.                 Q4_1: d, m, 32 nibbles.
// Q5_0: d, 32 fifth bits, 32 nibbles.  Q5_1: d, m, 32 fifth bits, 32 nibbles.
// Q8_0: d, 32 signed bytes.            IQ4_NL: d, 32 nibbles that index a table of values.

/// IQ4_NL's values plus 128.
static const uint8_t iq4_nl_values[16] = {
    1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241,
};

INLINE void quants_q5(const uint8_t *bits, uint8_t *q) {
    nibbles(bits + 4, q);
    fifth_bits(bits, q);
}

INLINE void quants_q8_0(const uint8_t *b, uint8_t *q) {
    for (int i = 0; i < 32; i++) q[i] = b[2 + i] ^ 0x80;
}

INLINE void quants_iq4_nl(const uint8_t *b, uint8_t *q) {
    nibbles(b + 2, q);
    for (int i = 0; i < 32; i++) q[i] = iq4_nl_values[q[i]];
}

// Q2_K: 16 scales and minima of 4 bits, 256 pairs of bits, d, the minima's d
INLINE void scales_q2_k(const uint8_t *b, float *scale, float *offset) {
    float d = half_at(b + 80), least = half_at(b + 82);
    for (int i = 0; i < 16; i++) {
        scale[i] = d * (float)(b[i] & 15);
        offset[i] = -(least * (float)(b[i] >> 4));
    }
}

INLINE void quants_q2_k(const uint8_t *b, uint8_t *q) {
    for (int half = 0; half < 2; half++)
        for (int pair = 0; pair < 4; pair++)
            for (int i = 0; i < 32; i++)
                q[half * 128 + pair * 32 + i] = b[16 + half * 32 + i] >> (2 * pair) & 3;
}

// Q3_K: 256 third bits, 256 pairs of bits, 16 scales of 6 bits, d
INLINE void scales_q3_k(const uint8_t *b, float *scale) {
    float d = half_at(b + 108);
    const uint8_t *s = b + 96;
    for (int i = 0; i < 16; i++) {
        int low = i < 8 ? s[i] & 15 : s[i - 8] >> 4;
        int high = s[8 + i % 4] >> (2 * (i / 4)) & 3;
        scale[i] = d * (float)((low | high << 4) - 32);
    }
}

INLINE void quants_q3_k(const uint8_t *b, uint8_t *q) {
    for (int half = 0; half < 2; half++)
        for (int pair = 0; pair < 4; pair++)
            for (int i = 0; i < 32; i++)
                q[half * 128 + pair * 32 + i] = (uint8_t)(
                    (b[32 + half * 32 + i] >> (2 * pair) & 3)
                    | (b[i] >> (half * 4 + pair) & 1) << 2);
}

// Q4_K and Q5_K: d, the minima's d, eight scales and minima of 6 bits in 12 bytes, …
INLINE void scales_q4_k(const uint8_t *b, float *scale, float *offset) {
    float d = half_at(b), least = half_at(b + 2);
    // Four bytes at a time: the upper two bits of the first eight bytes belong to the last four
    // values.
    uint32_t first, second, third, parts[4];
    memcpy(&first, b + 4, 4);
    memcpy(&second, b + 8, 4);
    memcpy(&third, b + 12, 4);
    parts[0] = first & 0x3F3F3F3F;
    parts[1] = (third & 0x0F0F0F0F) | (first >> 6 & 0x03030303) << 4;
    parts[2] = second & 0x3F3F3F3F;
    parts[3] = (third >> 4 & 0x0F0F0F0F) | (second >> 6 & 0x03030303) << 4;
    uint8_t bytes[16];
    memcpy(bytes, parts, 16);
    for (int i = 0; i < 8; i++) {
        scale[i] = d * (float)bytes[i];
        offset[i] = -(least * (float)bytes[8 + i]);
    }
}

// … 256 nibbles
INLINE void quants_q4_k(const uint8_t *b, uint8_t *q) {
    for (int pair = 0; pair < 4; pair++)
        for (int i = 0; i < 32; i++) {
            q[pair * 64 + i] = b[16 + pair * 32 + i] & 15;
            q[pair * 64 + 32 + i] = b[16 + pair * 32 + i] >> 4;
        }
}

// … 256 fifth bits, 256 nibbles
INLINE void quants_q5_k(const uint8_t *b, uint8_t *q) {
    for (int pair = 0; pair < 4; pair++)
        for (int i = 0; i < 32; i++) {
            uint8_t low = b[48 + pair * 32 + i], high = b[16 + i] >> (2 * pair);
            q[pair * 64 + i] = (uint8_t)((low & 15) | (high & 1) << 4);
            q[pair * 64 + 32 + i] = (uint8_t)(low >> 4 | (high >> 1 & 1) << 4);
        }
}

// Q6_K: 256 nibbles, 256 pairs of bits, 16 scales of 8 bits, d
INLINE void scales_q6_k(const uint8_t *b, float *scale) {
    float d = half_at(b + 208);
    for (int i = 0; i < 16; i++) scale[i] = d * (float)(int8_t)b[192 + i];
}

INLINE void quants_q6_k(const uint8_t *b, uint8_t *q) {
    for (int half = 0; half < 2; half++) {
        const uint8_t *low = b + half * 64, *high = b + 128 + half * 32;
        uint8_t *to = q + half * 128;
        for (int i = 0; i < 32; i++) {
            to[i] = (uint8_t)((low[i] & 15) | (high[i] & 3) << 4);
            to[i + 32] = (uint8_t)((low[i + 32] & 15) | (high[i] >> 2 & 3) << 4);
            to[i + 64] = (uint8_t)(low[i] >> 4 | (high[i] >> 4 & 3) << 4);
            to[i + 96] = (uint8_t)(low[i + 32] >> 4 | (high[i] >> 6) << 4);
        }
    }
}

/// The scale and, for affine types, the offset of each group of a block.
INLINE void block_scales(int type, const uint8_t *b, float *scale, float *offset) {
    switch (type) {
    case BLOCK_Q4_1:
    case BLOCK_Q5_1:
        *scale = half_at(b);
        *offset = half_at(b + 2);
        break;
    case BLOCK_Q2_K: scales_q2_k(b, scale, offset); break;
    case BLOCK_Q3_K: scales_q3_k(b, scale); break;
    case BLOCK_Q4_K:
    case BLOCK_Q5_K: scales_q4_k(b, scale, offset); break;
    case BLOCK_Q6_K: scales_q6_k(b, scale); break;
    default: *scale = half_at(b); break;
    }
}

/// A block's weights as unsigned bytes.
INLINE void block_quants(int type, const uint8_t *b, uint8_t *q) {
    switch (type) {
    case BLOCK_Q4_0: nibbles(b + 2, q); break;
    case BLOCK_Q4_1: nibbles(b + 4, q); break;
    case BLOCK_Q5_0: quants_q5(b + 2, q); break;
    case BLOCK_Q5_1: quants_q5(b + 4, q); break;
    case BLOCK_Q8_0: quants_q8_0(b, q); break;
    case BLOCK_Q2_K: quants_q2_k(b, q); break;
    case BLOCK_Q3_K: quants_q3_k(b, q); break;
    case BLOCK_Q4_K: quants_q4_k(b, q); break;
    case BLOCK_Q5_K: quants_q5_k(b, q); break;
    case BLOCK_Q6_K: quants_q6_k(b, q); break;
    case BLOCK_IQ4_NL: quants_iq4_nl(b, q); break;
    }
}

/// Calls CASE(type) for each type of blocks.
#define EACH_BLOCK_TYPE(CASE)                                                                  \
    CASE(BLOCK_Q4_0)                                                                           \
    CASE(BLOCK_Q4_1)                                                                           \
    CASE(BLOCK_Q5_0)                                                                           \
    CASE(BLOCK_Q5_1)                                                                           \
    CASE(BLOCK_Q8_0)                                                                           \
    CASE(BLOCK_Q2_K)                                                                           \
    CASE(BLOCK_Q3_K)                                                                           \
    CASE(BLOCK_Q4_K)                                                                           \
    CASE(BLOCK_Q5_K)                                                                           \
    CASE(BLOCK_Q6_K)                                                                           \
    CASE(BLOCK_IQ4_NL)

#endif
