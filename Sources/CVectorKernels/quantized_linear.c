// Linear layers with quantized weights: panel by panel, each multiplied by all rows.

#include "quantized_tile.h"
#include "quantized_unpack.h"

INLINE size_t least(size_t a, size_t b) { return a < b ? a : b; }

INLINE size_t lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

size_t quantized_scratch(size_t rows, size_t k) {
    size_t groups = (k + 15) / 16;
    return lines(k * PANEL) + 2 * lines(groups * PANEL * 4) + 2 * lines(rows * groups * 4) +
           2 * lines(rows * PANEL * 4);
}

// The layout of the scratch memory.
struct parts {
    struct quantized_panel panel;
    int32_t *starts;
    float *minima;
    float *gates, *ups;  // [rows][32]
};

static struct parts part(void *scratch, size_t rows, size_t k) {
    size_t groups = (k + 15) / 16;
    uint8_t *p = scratch;
    struct parts parts = {.panel = {.k = k}};
#define TAKE(PLACE, TYPE, BYTES) PLACE = (TYPE *)p, p += lines(BYTES)
    TAKE(parts.panel.q, uint8_t, k * PANEL);
    TAKE(parts.panel.scales, float, groups * PANEL * 4);
    TAKE(parts.panel.offsets, float, groups * PANEL * 4);
    TAKE(parts.starts, int32_t, rows * groups * 4);
    TAKE(parts.minima, float, rows * groups * 4);
    TAKE(parts.gates, float, rows * PANEL * 4);
    TAKE(parts.ups, float, rows * PANEL * 4);
#undef TAKE
    return parts;
}

// starts = (bias - zero) sum,   minima = scale sum
static KERNEL(
    void, derive_terms,
    (const struct quantized_rows *a, size_t m, int group, int factor, int32_t *starts,
    float *minima),
    (a, m, group, factor, starts, minima)) {
    size_t width = a->width, all = m * width / 16;
    if (group == 16) {
        for (size_t i = 0; i < all; i++) {
            starts[i] = factor * a->sums[i];
            minima[i] = a->scales[i / 2] * (float)a->sums[i];
        }
    } else {
        for (size_t i = 0; i < all / 2; i++) {
            int32_t sum = a->sums[2 * i] + a->sums[2 * i + 1];
            starts[i] = factor * sum;
            minima[i] = a->scales[i] * (float)sum;
        }
    }
}

// Prepares products of `a` with one matrix.
static struct quantized_operand prepare(
    int level, const struct quantized_rows *a, size_t m, int type, struct parts *parts,
    quantized_product **product) {
    const struct block_layout layout = block_layout_of(type);
    parts->panel.group = layout.group;
    parts->panel.bits = layout.bits;
    parts->panel.affine = layout.affine;
    struct quantized_tiles tiles = quantized_tiles_of(level, &parts->panel);
    *product = tiles.product;
    derive_terms(
        a, m, layout.group, tiles.bias - layout.zero, parts->starts, parts->minima);
    return (struct quantized_operand){a->values, a->scales, parts->starts, parts->minima};
}

static KERNEL(
    void, add_bias, (const float *bias, size_t n, float *c, size_t c_stride, size_t m),
    (bias, n, c, c_stride, m)) {
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < n; i++) c[r * c_stride + i] += bias[i];
}

bool quantized_linear(
    int level, const struct quantized_rows *a, size_t m, const struct quantized_weight *weight,
    size_t first, size_t count, float *c, size_t c_stride, bool accumulate, bool check,
    void *scratch) {
    struct parts parts = part(scratch, m, weight->k);
    quantized_product *product;
    struct quantized_operand rows = prepare(level, a, m, weight->type, &parts, &product);
    bool finite = true;
    for (size_t done = 0; done < count; done += PANEL) {
        size_t n = least(PANEL, count - done);
        float *to = c + done;
        finite &= quantized_pack(weight, first + done, n, &parts.panel);
        if (n == PANEL) {
            product(rows, m, &parts.panel, to, c_stride, accumulate);
        } else {
            product(rows, m, &parts.panel, parts.gates, PANEL, false);
            for (size_t r = 0; r < m; r++)
                for (size_t i = 0; i < n; i++) {
                    float sum = parts.gates[r * PANEL + i];
                    to[r * c_stride + i] = accumulate ? to[r * c_stride + i] + sum : sum;
                }
        }
        if (weight->bias) add_bias(weight->bias + first + done, n, to, c_stride, m);
    }
    return finite || !check;
}

static KERNEL(
    void, gate, (const float *gates, const float *ups, size_t m, size_t n, float *c,
    size_t c_stride),
    (gates, ups, m, n, c, c_stride)) {
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < n; i++) {
            float g = gates[r * PANEL + i];
            c[r * c_stride + i] = g * sigmoid(g) * ups[r * PANEL + i];
        }
}

bool quantized_gated(
    int level, const struct quantized_rows *a, size_t m, const struct quantized_weight *gates,
    const struct quantized_weight *ups, size_t first, size_t count, float *c, size_t c_stride,
    bool check, void *scratch) {
    struct parts parts = part(scratch, m, gates->k);
    bool finite = true;
    quantized_product *product;
    struct quantized_operand rows = prepare(level, a, m, gates->type, &parts, &product);
    for (size_t done = 0; done < count; done += PANEL) {
        size_t n = least(PANEL, count - done);
        for (int up = 0; up < 2; up++) {
            const struct quantized_weight *weight = up ? ups : gates;
            float *to = up ? parts.ups : parts.gates;
            if (ups->type != gates->type)
                rows = prepare(level, a, m, weight->type, &parts, &product);
            finite &= quantized_pack(weight, first + done, n, &parts.panel);
            product(rows, m, &parts.panel, to, PANEL, false);
            if (weight->bias) add_bias(weight->bias + first + done, n, to, PANEL, m);
        }
        gate(parts.gates, parts.ups, m, n, c + done, c_stride);
    }
    return finite || !check;
}
