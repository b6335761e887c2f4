// SwiGLU and the rotary embedding, forward and backward.

#include "TrainingKernels.h"
#include "training_common.h"

// y = silu(gate) * up,   silu(g) = g sigma(g)
KERNEL(
    void, training_swiglu_forward,
    (const float *gate, const float *up, float *y, size_t count),
    (gate, up, y, count)) {
    for (size_t i = 0; i < count; i++) y[i] = gate[i] * sigmoid(gate[i]) * up[i];
}

KERNEL(
    void, training_swiglu_forward_narrow,
    (const float *gate, const float *up, uint16_t *y, size_t count),
    (gate, up, y, count)) {
    for (size_t i = 0; i < count; i++) y[i] = narrowed(gate[i] * sigmoid(gate[i]) * up[i]);
}

// The same with gate and up in bfloat16, too.
KERNEL(
    void, training_swiglu_narrow,
    (const uint16_t *gate, const uint16_t *up, uint16_t *y, size_t count),
    (gate, up, y, count)) {
    for (size_t i = 0; i < count; i++) {
        float g = widened(gate[i]);
        y[i] = narrowed(g * sigmoid(g) * widened(up[i]));
    }
}

// dup = dy silu(gate),   dgate = dy up sigma(gate) (1 + gate (1 - sigma(gate)))
KERNEL(
    void, training_swiglu_backward,
    (const float *dy, const float *gate, const float *up, float *dgate, float *dup, size_t count),
    (dy, gate, up, dgate, dup, count)) {
    for (size_t i = 0; i < count; i++) {
        float s = sigmoid(gate[i]), d = dy[i];
        dup[i] = d * gate[i] * s;
        dgate[i] = d * up[i] * s * (1.0f + gate[i] * (1.0f - s));
    }
}

// The same with gate and up in bfloat16.
KERNEL(
    void, training_swiglu_backward_narrow,
    (const float *dy, const uint16_t *gate, const uint16_t *up, float *dgate, float *dup,
    size_t count),
    (dy, gate, up, dgate, dup, count)) {
    for (size_t i = 0; i < count; i++) {
        float g = widened(gate[i]), u = widened(up[i]), s = sigmoid(g), d = dy[i];
        dup[i] = d * g * s;
        dgate[i] = d * u * s * (1.0f + g * (1.0f - s));
    }
}

// Rotates each head of `dimension` values, pair (i, i + dimension / 2) by the angle of its row's
// position: cosine and sine are tables `[positions, dimension / 2]`. Direction -1 rotates back,
// which is the gradient (the transpose of a rotation is its inverse). x and y may be the same.
KERNEL(
    void, training_rotate,
    (const float *x, float *y, const int32_t *positions, const float *cosine, const float *sine,
    size_t rows, size_t heads, size_t dimension, float direction),
    (x, y, positions, cosine, sine, rows, heads, dimension, direction)) {
    size_t half = dimension / 2;
    for (size_t r = 0; r < rows; r++) {
        const float *c = cosine + (size_t)positions[r] * half;
        const float *s = sine + (size_t)positions[r] * half;
        for (size_t h = 0; h < heads; h++) {
            const float *a = x + (r * heads + h) * dimension;
            float *b = y + (r * heads + h) * dimension;
            for (size_t i = 0; i < half; i++) {
                float low = a[i], high = a[i + half], t = s[i] * direction;
                b[i] = low * c[i] - high * t;
                b[i + half] = high * c[i] + low * t;
            }
        }
    }
}
