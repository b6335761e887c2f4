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
