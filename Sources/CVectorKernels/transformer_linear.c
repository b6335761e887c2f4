// Linear layers: panel by panel, each multiplied by all rows.

#include "transformer_tile.h"

size_t transformer_panel_scratch(size_t k) {
    // A float32 panel of k inputs, twice (gate and up), and a tile for the last, narrow panel.
    return 2 * PANEL * (k + 1);
}

INLINE size_t least(size_t a, size_t b) { return a < b ? a : b; }

static KERNEL(
    void, add_bias,
    (const float *bias, size_t n, float *c, size_t c_stride, size_t m),
    (bias, n, c, c_stride, m)) {
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < n; i++) c[r * c_stride + i] += bias[i];
}

// A panel with fewer than 32 outputs uses a separate tile, since tiles are always full.
#define NARROW(PRODUCT, A, a, a_stride, m, panel, k, c, c_stride, n, accumulate)               \
    for (size_t r = 0; r < m; r += MOST_ROWS) {                                                \
        float tile[MOST_ROWS * PANEL];                                                         \
        size_t rows = least(MOST_ROWS, m - r);                                                 \
        PRODUCT(a + r * a_stride, a_stride, rows, panel, k, tile, PANEL, false);               \
        for (size_t i = 0; i < rows; i++)                                                      \
            for (size_t j = 0; j < n; j++) {                                                   \
                float *place = c + (r + i) * c_stride + j;                                     \
                *place = accumulate ? *place + tile[i * PANEL + j] : tile[i * PANEL + j];      \
            }                                                                                  \
    }

#define LINEAR(NAME, A, W, PACK, PRODUCT)                                                      \
    bool NAME(                                                                                 \
        int level, const A *a, size_t a_stride, size_t m,                                      \
        const struct transformer_weight *weight, float *c, size_t c_stride, bool accumulate,   \
        bool check, float *scratch) {                                                          \
        struct transformer_tiles tiles = transformer_tiles_of(level);                          \
        W *panel = (W *)scratch;                                                               \
        bool finite = true;                                                                    \
        for (size_t first = 0; first < weight->n; first += PANEL) {                            \
            size_t n = least(PANEL, weight->n - first);                                        \
            finite &= PACK(weight, first, n, check, panel);                                    \
            float *to = c + first;                                                             \
            if (n == PANEL) {                                                                  \
                tiles.PRODUCT(a, a_stride, m, panel, weight->k, to, c_stride, accumulate);     \
            } else {                                                                           \
                NARROW(tiles.PRODUCT, A, a, a_stride, m, panel, weight->k, to, c_stride, n,    \
                       accumulate)                                                             \
            }                                                                                  \
            if (weight->bias) add_bias(weight->bias + first, n, to, c_stride, m);              \
        }                                                                                      \
        return finite;                                                                         \
    }

LINEAR(transformer_linear_float32, float, float, transformer_pack_float32, float32)
LINEAR(transformer_linear_bfloat16, uint16_t, uint32_t, transformer_pack_bfloat16, bfloat16)

void transformer_product_float32(
    int level, const float *a, size_t a_stride, size_t m, const struct transformer_weight *b,
    float *c, size_t c_stride, bool accumulate, float *scratch) {
    struct transformer_tiles tiles = transformer_tiles_of(level);
    size_t k = b->n, width = b->k;
    for (size_t first = 0; first < width; first += PANEL) {
        size_t n = least(PANEL, width - first);
        transformer_columns_float32(b, first, n, scratch);
        float *to = c + first;
        if (n == PANEL) {
            tiles.float32(a, a_stride, m, scratch, k, to, c_stride, accumulate);
        } else {
            NARROW(tiles.float32, float, a, a_stride, m, scratch, k, to, c_stride, n, accumulate)
        }
    }
}

static KERNEL(
    void, gate_float32,
    (const float *gate, const float *up, size_t m, size_t n, float *c, size_t c_stride),
    (gate, up, m, n, c, c_stride)) {
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < n; i++) {
            float g = gate[r * PANEL + i];
            c[r * c_stride + i] = g * sigmoid(g) * up[r * PANEL + i];
        }
}

static KERNEL(
    void, gate_bfloat16,
    (const float *gate, const float *up, size_t m, size_t n, uint16_t *c, size_t c_stride),
    (gate, up, m, n, c, c_stride)) {
    for (size_t r = 0; r < m; r++) {
        for (size_t i = 0; i < n; i++) {
            float g = gate[r * PANEL + i];
            c[r * c_stride + i] = narrowed(g * sigmoid(g) * up[r * PANEL + i]);
        }
        if (n & 1) c[r * c_stride + n] = 0;
    }
}

#define GATED(NAME, A, W, PACK, PRODUCT, GATE)                                                 \
    bool NAME(                                                                                 \
        int level, const A *a, size_t a_stride, size_t m,                                      \
        const struct transformer_weight *gate, const struct transformer_weight *up, A *c,      \
        size_t c_stride, bool check, float *scratch) {                                         \
        struct transformer_tiles tiles = transformer_tiles_of(level);                          \
        W *panel = (W *)scratch;                                                               \
        float *gates = scratch + transformer_panel_scratch(gate->k);                           \
        float *ups = gates + PANEL * m;                                                        \
        bool finite = true;                                                                    \
        for (size_t first = 0; first < gate->n; first += PANEL) {                              \
            size_t n = least(PANEL, gate->n - first);                                          \
            finite &= PACK(gate, first, n, check, panel);                                      \
            tiles.PRODUCT(a, a_stride, m, panel, gate->k, gates, PANEL, false);                \
            finite &= PACK(up, first, n, check, panel);                                        \
            tiles.PRODUCT(a, a_stride, m, panel, gate->k, ups, PANEL, false);                  \
            if (gate->bias) add_bias(gate->bias + first, n, gates, PANEL, m);                  \
            if (up->bias) add_bias(up->bias + first, n, ups, PANEL, m);                        \
            GATE(gates, ups, m, n, c + first, c_stride);                                       \
        }                                                                                      \
        return finite;                                                                         \
    }

GATED(transformer_gated_float32, float, float, transformer_pack_float32, float32, gate_float32)
GATED(
    transformer_gated_bfloat16, uint16_t, uint32_t, transformer_pack_bfloat16, bfloat16,
    gate_bfloat16)

/// x Phi(x), with the complement of erf as Abramowitz and Stegun (1964), 7.1.26, approximate it: Phi is
/// within 1e-7.
INLINE float gelu(float x) {
    float z = 0.70710678118654752f * fabsf(x);
    float t = 1.0f / (1.0f + 0.3275911f * z);
    float p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    float tail = 0.5f * p * t * exponential(-z * z);
    return x * (x < 0 ? tail : 1.0f - tail);
}

/// 0.5 x (1 + tanh(u)) = x sigmoid(2 u)
INLINE float gelu_by_tanh(float x) {
    return x * sigmoid(1.5957691216057308f * (x + 0.044715f * x * x * x));
}

// The tile's activations in place, after the bias.
static KERNEL(
    void, activate,
    (float *tile, const float *bias, int activation, size_t m, size_t n),
    (tile, bias, activation, m, n)) {
    for (size_t r = 0; r < m; r++) {
        float *x = tile + r * PANEL;
        if (bias)
            for (size_t i = 0; i < n; i++) x[i] += bias[i];
        if (activation == TRANSFORMER_GELU)
            for (size_t i = 0; i < PANEL; i++) x[i] = gelu(x[i]);
        else if (activation == TRANSFORMER_GELU_TANH)
            for (size_t i = 0; i < PANEL; i++) x[i] = gelu_by_tanh(x[i]);
        else
            for (size_t i = 0; i < PANEL; i++) x[i] = x[i] < 0 ? 0 : x[i];
    }
}

static void store_float32(const float *tile, size_t m, size_t n, float *c, size_t c_stride) {
    for (size_t r = 0; r < m; r++) memcpy(c + r * c_stride, tile + r * PANEL, n * 4);
}

static KERNEL(
    void, store_bfloat16,
    (const float *tile, size_t m, size_t n, uint16_t *c, size_t c_stride),
    (tile, m, n, c, c_stride)) {
    for (size_t r = 0; r < m; r++) {
        for (size_t i = 0; i < n; i++) c[r * c_stride + i] = narrowed(tile[r * PANEL + i]);
        if (n & 1) c[r * c_stride + n] = 0;
    }
}

#define ACTIVATED(NAME, A, W, PACK, PRODUCT, STORE)                                            \
    bool NAME(                                                                                 \
        int level, const A *a, size_t a_stride, size_t m,                                      \
        const struct transformer_weight *weight, int activation, A *c, size_t c_stride,        \
        bool check, float *scratch) {                                                          \
        struct transformer_tiles tiles = transformer_tiles_of(level);                          \
        W *panel = (W *)scratch;                                                               \
        float *tile = scratch + transformer_panel_scratch(weight->k);                          \
        bool finite = true;                                                                    \
        for (size_t first = 0; first < weight->n; first += PANEL) {                            \
            size_t n = least(PANEL, weight->n - first);                                        \
            finite &= PACK(weight, first, n, check, panel);                                    \
            tiles.PRODUCT(a, a_stride, m, panel, weight->k, tile, PANEL, false);               \
            activate(tile, weight->bias ? weight->bias + first : NULL, activation, m, n);      \
            STORE(tile, m, n, c + first, c_stride);                                            \
        }                                                                                      \
        return finite;                                                                         \
    }

ACTIVATED(
    transformer_activated_float32, float, float, transformer_pack_float32, float32, store_float32)
ACTIVATED(
    transformer_activated_bfloat16, uint16_t, uint32_t, transformer_pack_bfloat16, bfloat16,
    store_bfloat16)
