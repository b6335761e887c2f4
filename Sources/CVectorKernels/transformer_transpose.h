#ifndef TRANSFORMER_TRANSPOSE_H
#define TRANSFORMER_TRANSPOSE_H

// Blocks of 4 x 16 words, transposed in registers.

#include "transformer_tile.h"

#define JOIN4(A, B) __builtin_shufflevector(A, B, 0, 1, 2, 3, 4, 5, 6, 7)
#define JOIN8(A, B) \
    __builtin_shufflevector(A, B, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

// Within each quarter of a vector, interleave the lower or upper halves, by words or pairs of them.
#define LOW1(A, B) \
    __builtin_shufflevector(A, B, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH1(A, B) \
    __builtin_shufflevector(A, B, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define LOW2(A, B) \
    __builtin_shufflevector(A, B, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH2(A, B) \
    __builtin_shufflevector(A, B, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)

/// v[i] has four words of each of the rows i, 4 + i, 8 + i and 12 + i; word j of row r is written
/// to to[j * PANEL + r].
INLINE void transpose(const u32x16 v[4], uint32_t *to) {
    u32x16 a = LOW1(v[0], v[1]), b = LOW1(v[2], v[3]);
    u32x16 c = HIGH1(v[0], v[1]), d = HIGH1(v[2], v[3]);
    *(u32x16 *)to = LOW2(a, b);
    *(u32x16 *)(to + PANEL) = HIGH2(a, b);
    *(u32x16 *)(to + 2 * PANEL) = LOW2(c, d);
    *(u32x16 *)(to + 3 * PANEL) = HIGH2(c, d);
}

#endif
