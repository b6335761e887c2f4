// Row-wise steps of the forward pass.

#include "TransformerKernels.h"
#include "training_common.h"

INLINE float norm_factor(const float *x, size_t width, float epsilon) {
    float lanes[16] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 16 <= width; i += 16)
        for (size_t l = 0; l < 16; l++) lanes[l] += x[i + l] * x[i + l];
    for (; i < width; i++) sum += x[i] * x[i];
    for (size_t l = 0; l < 16; l++) sum += lanes[l];
    return 1.0f / sqrtf(sum / (float)width + epsilon);
}

KERNEL(
    void, transformer_norm_float32,
    (const float *x, size_t x_stride, size_t rows, size_t width, const float *weight,
    float epsilon, float *y, size_t y_stride),
    (x, x_stride, rows, width, weight, epsilon, y, y_stride)) {
    for (size_t r = 0; r < rows; r++) {
        const float *from = x + r * x_stride;
        float *to = y + r * y_stride;
        float factor = norm_factor(from, width, epsilon);
        for (size_t i = 0; i < width; i++) to[i] = from[i] * factor * weight[i];
    }
}

KERNEL(
    void, transformer_norm_bfloat16,
    (const float *x, size_t x_stride, size_t rows, size_t width, const float *weight,
    float epsilon, uint16_t *y, size_t y_stride),
    (x, x_stride, rows, width, weight, epsilon, y, y_stride)) {
    for (size_t r = 0; r < rows; r++) {
        const float *from = x + r * x_stride;
        uint16_t *to = y + r * y_stride;
        float factor = norm_factor(from, width, epsilon);
        for (size_t i = 0; i < width; i++) to[i] = narrowed(from[i] * factor * weight[i]);
        if (width & 1) to[width] = 0;
    }
}

// Two passes, so that a mean far from zero costs no digits of the variance.
KERNEL(
    void, transformer_layer_norm,
    (const float *x, size_t x_stride, size_t rows, size_t width, const float *weight,
    const float *bias, float epsilon, float *y, size_t y_stride),
    (x, x_stride, rows, width, weight, bias, epsilon, y, y_stride)) {
    for (size_t r = 0; r < rows; r++) {
        const float *from = x + r * x_stride;
        float *to = y + r * y_stride;
        float lanes[16] = {0}, sum = 0;
        size_t i = 0;
        for (; i + 16 <= width; i += 16)
            for (size_t l = 0; l < 16; l++) lanes[l] += from[i + l];
        for (; i < width; i++) sum += from[i];
        for (size_t l = 0; l < 16; l++) sum += lanes[l];
        float mean = sum / (float)width, squares = 0;
        for (size_t l = 0; l < 16; l++) lanes[l] = 0;
        for (i = 0; i + 16 <= width; i += 16)
            for (size_t l = 0; l < 16; l++)
                lanes[l] += (from[i + l] - mean) * (from[i + l] - mean);
        for (; i < width; i++) squares += (from[i] - mean) * (from[i] - mean);
        for (size_t l = 0; l < 16; l++) squares += lanes[l];
        float factor = 1.0f / sqrtf(squares / (float)width + epsilon);
        for (i = 0; i < width; i++) to[i] = (from[i] - mean) * factor * weight[i] + bias[i];
    }
}

KERNEL(
    void, transformer_rotate,
    (float *x, size_t stride, size_t rows, size_t heads, size_t dimension,
    const int32_t *positions, const float *cosines, const float *sines),
    (x, stride, rows, heads, dimension, positions, cosines, sines)) {
    size_t half = dimension / 2;
    for (size_t r = 0; r < rows; r++) {
        const float *c = cosines + (size_t)positions[r] * half;
        const float *s = sines + (size_t)positions[r] * half;
        for (size_t h = 0; h < heads; h++) {
            float *restrict first = x + r * stride + h * dimension;
            float *restrict second = first + half;
            for (size_t i = 0; i < half; i++) {
                float a = first[i], b = second[i];
                first[i] = a * c[i] - b * s[i];
                second[i] = b * c[i] + a * s[i];
            }
        }
    }
}

KERNEL(
    void, transformer_narrow,
    (const float *x, size_t x_stride, size_t rows, size_t width, uint16_t *y, size_t y_stride),
    (x, x_stride, rows, width, y, y_stride)) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < width; i++) y[r * y_stride + i] = narrowed(x[r * x_stride + i]);
        if (width & 1) y[r * y_stride + width] = 0;
    }
}

KERNEL(bool, transformer_is_finite, (const float *x, size_t count), (x, count)) {
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, 4);
        bad |= (bits & 0x7F800000u) == 0x7F800000u;
    }
    return bad == 0;
}

KERNEL(size_t, transformer_greatest, (const float *x, size_t count), (x, count)) {
    float top = greatest(x, count);
    size_t i = 0;
    while (i + 1 < count && x[i] != top) i++;
    return x[i] == top ? i : 0;
}

KERNEL(
    double, transformer_sum_exponentials,
    (const float *x, size_t count, float *top),
    (x, count, top)) {
    float m = greatest(x, count);
    *top = m;
    double sum = 0;
    // Short runs are summed in float32, and their sums in double precision.
    for (size_t first = 0; first < count; first += 256) {
        size_t end = first + 256 < count ? first + 256 : count;
        float lanes[16] = {0}, part = 0;
        size_t i = first;
        for (; i + 16 <= end; i += 16)
            for (size_t l = 0; l < 16; l++) lanes[l] += exponential(x[i + l] - m);
        for (; i < end; i++) part += exponential(x[i] - m);
        for (size_t l = 0; l < 16; l++) part += lanes[l];
        sum += (double)part;
    }
    return sum;
}
