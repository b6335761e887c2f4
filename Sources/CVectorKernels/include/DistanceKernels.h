#ifndef DISTANCE_KERNELS_H
#define DISTANCE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// The inner loops of vector search, one table of them for each instruction set.
//
// Conventions
//   n        components in a vector, at least 1; any number, except for int8 (see there)
//   rows     the first row of a matrix; row r starts `stride` elements after row r - 1
//   ids      the rows to use, in order; NULL means rows 0 ..< count
//   out      count results
// No alignment is required. float16 and bfloat16 are passed as bit patterns.
//
// An 8-bit code c represents the integer c - 128 in -127 ... 127: offset binary, because the x86
// dot-product instruction multiplies unsigned by signed bytes. Queries are plain signed bytes. Both
// are padded to a multiple of 64 components; the query's padding is 0, so that the padding of rows
// has no effect.

// What a walk by estimates has to know of its query and of what it has visited.
typedef struct vk_neighbor_walk {
    const uint8_t *tables;    // 16 entries, at most 60, for each four of n components
    size_t n;
    float base, step;
    const uint64_t *visited;  // a bit for each of `count` nodes
    uint32_t count;
} vk_neighbor_walk;

typedef struct vk_kernels {
    const char *name;

    float (*dot_f32)(const float *a, const float *b, size_t n);
    float (*l2_f32)(const float *a, const float *b, size_t n);

    // One float32 query against many rows: inner product, and squared Euclidean distance.
    void (*dot_f32_rows)(const float *query, const float *rows, size_t stride, size_t n,
                         const uint32_t *ids, size_t count, float *out);
    void (*l2_f32_rows)(const float *query, const float *rows, size_t stride, size_t n,
                        const uint32_t *ids, size_t count, float *out);
    void (*dot_f16_rows)(const float *query, const uint16_t *rows, size_t stride, size_t n,
                         const uint32_t *ids, size_t count, float *out);
    void (*l2_f16_rows)(const float *query, const uint16_t *rows, size_t stride, size_t n,
                        const uint32_t *ids, size_t count, float *out);
    void (*dot_bf16_rows)(const float *query, const uint16_t *rows, size_t stride, size_t n,
                          const uint32_t *ids, size_t count, float *out);
    void (*l2_bf16_rows)(const float *query, const uint16_t *rows, size_t stride, size_t n,
                         const uint32_t *ids, size_t count, float *out);

    // sum over i of query[i] * (rows[i] - 128), exactly. n is a multiple of 64, at most 65,536;
    // query_sum is the sum of query's components.
    void (*dot_i8_rows)(const int8_t *query, int32_t query_sum, const uint8_t *rows, size_t stride,
                        size_t n, const uint32_t *ids, size_t count, int32_t *out);

    // out[i] = round to nearest even (a[i] * inverse_scale), limited to -127 ... 127, plus 128.
    void (*quantize_i8)(const float *a, float inverse_scale, size_t n, uint8_t *out);

    // Converts codes (offset binary) to the signed bytes of a query, with their sum and the sum of
    // their squares. n is a multiple of 64; out may be the same memory as codes.
    void (*signed_codes)(const uint8_t *codes, size_t n, int8_t *out, int32_t *sum,
                         int32_t *squares);

    // The largest magnitude; NaN or infinity if any component is NaN.
    float (*max_magnitude)(const float *a, size_t n);

    // Round to nearest even. NaN stays NaN.
    void (*f32_to_f16)(const float *a, size_t n, uint16_t *out);
    void (*f16_to_f32)(const uint16_t *a, size_t n, float *out);
    void (*f32_to_bf16)(const float *a, size_t n, uint16_t *out);
    void (*bf16_to_f32)(const uint16_t *a, size_t n, float *out);

    // For all three: n is a multiple of 64, at most 65,536.
    //
    // A group of 32 neighbors takes 384 + 4 n bytes: 32 uint32 links, 32 float32 slopes, 32 float32
    // offsets, and one-bit codes from VK_NEIGHBOR_CODES on: byte 16 g + i has the signs of components 4 g to
    // 4 g + 3 of neighbor i in its lower half, the first of them lowest, and of neighbor i + 16 in
    // its upper half; a bit is set if the component is above zero.

    // Rotates a vector at random, in place. `signs`: VK_ROTATION_ROUNDS x n values of 1 or -1.
    void (*rotate)(float *x, size_t n, const float *signs);

    // Sets the code of neighbor `lane` from `residual`, the rotated difference to the node, and
    // writes four sums over the components r of it and c of the node, rotated: of |r|, r^2, c with
    // the sign of r, and c r.
    void (*encode_neighbor)(const float *residual, const float *center, size_t n, size_t lane,
                            uint8_t *codes, float *sums);

    // Estimates the distances of a node's 32 neighbors to `out`, from the node's own: `distance` plus
    // offset + slope (base + step sum), where sum is over each four of a neighbor's signs of an entry
    // of their table, by the signs as a number. No operations are fused, so that every instruction
    // set has the same estimates. `group` is aligned to four bytes. Returns a bit for each
    // neighbor whose estimate is below `bound`, whose link is below walk->count, and which has not
    // been visited.
    uint32_t (*neighbor_estimates)(const vk_neighbor_walk *walk, const uint8_t *group,
                                   float distance, float bound, float *out);
} vk_kernels;

enum { VK_ROTATION_ROUNDS = 4, VK_NEIGHBOR_CODES = 384 };

// Makes tables for neighbor_estimates, 4 n bytes, from a query's codes, which are 128 - 15 ... 128 + 15:
// an entry is the sum of the components (code - 128) whose bits are set, less the least such sum.
// Returns the total of what was subtracted; `total` is the sum of all components.
int32_t vk_neighbor_tables(const uint8_t *query, size_t n, uint8_t *tables, int32_t *total);

// The best table for this CPU, chosen before main.
const vk_kernels *vk_active_kernels(void);

// Every table that this CPU can run, portable first; NULL after the last.
const vk_kernels *vk_available_kernels(size_t index);

// Prefetches the cache line at `address`; any address is allowed.
static inline void vk_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

// Prefetches all cache lines of a row.
static inline void vk_prefetch_bytes(const void *start, size_t bytes) {
    const char *p = (const char *)start;
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i, 0, 3);
}


// The same for memory that is read soon, but not next.
static inline void vk_prefetch_later(const void *start, size_t bytes) {
    const char *p = (const char *)start;
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i, 0, 2);
}

#endif
