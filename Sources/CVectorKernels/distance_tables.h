#ifndef DISTANCE_TABLES_H
#define DISTANCE_TABLES_H

#include "DistanceKernels.h"
#include <string.h>

extern const vk_kernels vk_portable_kernels;
#if defined(__x86_64__)
extern const vk_kernels vk_avx2_kernels;
extern const vk_kernels vk_avx512_kernels;
#endif
#if defined(__aarch64__)
extern const vk_kernels vk_neon_kernels;
#endif

// neighbor_codes.c.
void vk_rotate_portable(float *x, size_t n, const float *signs);
void vk_encode_neighbor_portable(const float *residual, const float *center, size_t n, size_t lane,
                                 uint8_t *codes, float *sums);
uint32_t vk_neighbor_estimates_portable(const vk_neighbor_walk *walk, const uint8_t *group,
                                        float distance, float bound, float *out);
#if defined(__x86_64__)
void vk_rotate_avx2(float *x, size_t n, const float *signs);
void vk_encode_neighbor_avx2(const float *residual, const float *center, size_t n, size_t lane,
                             uint8_t *codes, float *sums);
uint32_t vk_neighbor_estimates_avx2(const vk_neighbor_walk *walk, const uint8_t *group,
                                    float distance, float bound, float *out);
uint32_t vk_neighbor_estimates_avx512(const vk_neighbor_walk *walk, const uint8_t *group,
                                      float distance, float bound, float *out);
#endif

// The number of rows that are prefetched ahead of the one being scored.
enum { VK_ROWS_AHEAD = 4 };

static inline size_t vk_row(const uint32_t *ids, size_t i) { return ids ? ids[i] : i; }

// One query against gathered rows, by a function of one row. Consecutive rows are prefetched by the
// hardware.
#define VK_ROWS(ATTRIBUTES, NAME, ELEMENT, ONE)                                                   \
    ATTRIBUTES static void NAME(const float *query, const ELEMENT *rows, size_t stride, size_t n, \
                                const uint32_t *ids, size_t count, float *out) {                  \
        if (ids)                                                                                  \
            for (size_t i = 0; i < VK_ROWS_AHEAD && i < count; i++)                               \
                vk_prefetch_bytes(rows + ids[i] * stride, n * sizeof(ELEMENT));                   \
        for (size_t i = 0; i < count; i++) {                                                      \
            if (ids && i + VK_ROWS_AHEAD < count)                                                 \
                vk_prefetch_bytes(rows + ids[i + VK_ROWS_AHEAD] * stride, n * sizeof(ELEMENT));   \
            out[i] = ONE(query, rows + vk_row(ids, i) * stride, n);                               \
        }                                                                                         \
    }

#endif
