#ifndef QUANTIZED_UNPACK_H
#define QUANTIZED_UNPACK_H

// GGUF's blocks, one function a type: each weight as an unsigned byte q with the scale and offset of
// its group, so that
//
//     w = scale (q - zero)           symmetric types
//     w = scale q + offset           types with a minimum
//
// The layouts are those of ggml's reference implementation (ggml-quants.c, dequantize_row_*).

#include "QuantizedKernels.h"
#include "training_common.h"

/// What a type's blocks are like.
struct block_layout {
    uint16_t bytes;    // of a block
    uint16_t weights;  // in a block
    uint8_t group;     // weights that share a scale: 16 or 32
    uint8_t zero;      // the byte that stands for 0 in a symmetric type
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
    // A subnormal's fraction scales like a normal number's.
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

// d, 32 nibbles
INLINE void unpack_q4_0(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    (void)offset;
    *scale = half_at(b);
    nibbles(b + 2, q);
}

// d, m, 32 nibbles
INLINE void unpack_q4_1(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    *scale = half_at(b);
    *offset = half_at(b + 2);
    nibbles(b + 4, q);
}

// d, 32 fifth bits, 32 nibbles
INLINE void unpack_q5_0(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    (void)offset;
    *scale = half_at(b);
    nibbles(b + 6, q);
    fifth_bits(b + 2, q);
}

// d, m, 32 fifth bits, 32 nibbles
INLINE void unpack_q5_1(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    *scale = half_at(b);
    *offset = half_at(b + 2);
    nibbles(b + 8, q);
    fifth_bits(b + 4, q);
}

// d, 32 signed bytes
INLINE void unpack_q8_0(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    (void)offset;
    *scale = half_at(b);
    for (int i = 0; i < 32; i++) q[i] = b[2 + i] ^ 0x80;
}

// d, 32 nibbles that number the values of a table
INLINE void unpack_iq4_nl(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    // The table's values plus 128.
    static const uint8_t values[16] = {
        1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241,
    };
    (void)offset;
    *scale = half_at(b);
    nibbles(b + 2, q);
    for (int i = 0; i < 32; i++) q[i] = values[q[i]];
}

// 16 scales and minima of 4 bits, 256 pairs of bits, d, the minima's d
INLINE void unpack_q2_k(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    float d = half_at(b + 80), least = half_at(b + 82);
    for (int i = 0; i < 16; i++) {
        scale[i] = d * (float)(b[i] & 15);
        offset[i] = -(least * (float)(b[i] >> 4));
    }
    for (int half = 0; half < 2; half++)
        for (int pair = 0; pair < 4; pair++)
            for (int i = 0; i < 32; i++)
                q[half * 128 + pair * 32 + i] = b[16 + half * 32 + i] >> (2 * pair) & 3;
}

// 256 third bits, 256 pairs of bits, 16 scales of 6 bits, d
INLINE void unpack_q3_k(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    (void)offset;
    float d = half_at(b + 108);
    const uint8_t *s = b + 96;
    for (int i = 0; i < 16; i++) {
        int low = i < 8 ? s[i] & 15 : s[i - 8] >> 4;
        int high = s[8 + i % 4] >> (2 * (i / 4)) & 3;
        scale[i] = d * (float)((low | high << 4) - 32);
    }
    for (int half = 0; half < 2; half++)
        for (int pair = 0; pair < 4; pair++)
            for (int i = 0; i < 32; i++)
                q[half * 128 + pair * 32 + i] = (uint8_t)(
                    (b[32 + half * 32 + i] >> (2 * pair) & 3)
                    | (b[i] >> (half * 4 + pair) & 1) << 2);
}

// Eight scales and minima of 6 bits in 12 bytes.
INLINE void six_bit_scales(const uint8_t *b, float *scale, float *offset) {
    float d = half_at(b), least = half_at(b + 2);
    const uint8_t *s = b + 4;
    for (int i = 0; i < 4; i++) {
        scale[i] = d * (float)(s[i] & 63);
        offset[i] = -(least * (float)(s[i + 4] & 63));
        scale[i + 4] = d * (float)((s[i + 8] & 15) | s[i] >> 6 << 4);
        offset[i + 4] = -(least * (float)(s[i + 8] >> 4 | s[i + 4] >> 6 << 4));
    }
}

// d, the minima's d, scales, 256 nibbles
INLINE void unpack_q4_k(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    six_bit_scales(b, scale, offset);
    for (int pair = 0; pair < 4; pair++)
        for (int i = 0; i < 32; i++) {
            q[pair * 64 + i] = b[16 + pair * 32 + i] & 15;
            q[pair * 64 + 32 + i] = b[16 + pair * 32 + i] >> 4;
        }
}

// d, the minima's d, scales, 256 fifth bits, 256 nibbles
INLINE void unpack_q5_k(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    six_bit_scales(b, scale, offset);
    for (int pair = 0; pair < 4; pair++)
        for (int i = 0; i < 32; i++) {
            uint8_t low = b[48 + pair * 32 + i], high = b[16 + i] >> (2 * pair);
            q[pair * 64 + i] = (uint8_t)((low & 15) | (high & 1) << 4);
            q[pair * 64 + 32 + i] = (uint8_t)(low >> 4 | (high >> 1 & 1) << 4);
        }
}

// 256 nibbles, 256 pairs of bits, 16 scales of 8 bits, d
INLINE void unpack_q6_k(const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    (void)offset;
    float d = half_at(b + 208);
    for (int i = 0; i < 16; i++) scale[i] = d * (float)(int8_t)b[192 + i];
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

/// One block's quants, and the scale and offset of each of its groups.
INLINE void unpack_block(int type, const uint8_t *b, uint8_t *q, float *scale, float *offset) {
    switch (type) {
    case BLOCK_Q4_0: unpack_q4_0(b, q, scale, offset); break;
    case BLOCK_Q4_1: unpack_q4_1(b, q, scale, offset); break;
    case BLOCK_Q5_0: unpack_q5_0(b, q, scale, offset); break;
    case BLOCK_Q5_1: unpack_q5_1(b, q, scale, offset); break;
    case BLOCK_Q8_0: unpack_q8_0(b, q, scale, offset); break;
    case BLOCK_Q2_K: unpack_q2_k(b, q, scale, offset); break;
    case BLOCK_Q3_K: unpack_q3_k(b, q, scale, offset); break;
    case BLOCK_Q4_K: unpack_q4_k(b, q, scale, offset); break;
    case BLOCK_Q5_K: unpack_q5_k(b, q, scale, offset); break;
    case BLOCK_Q6_K: unpack_q6_k(b, q, scale, offset); break;
    case BLOCK_IQ4_NL: unpack_iq4_nl(b, q, scale, offset); break;
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
