// Root-mean-square normalization, forward and backward.
//
//     y[r, c] = x[r, c] * s[r] * w[c],   s[r] = 1 / sqrt(mean_c x[r, c]^2 + epsilon)

#include "TrainingKernels.h"
#include "training_common.h"

KERNEL(
    void, training_rms_norm_forward,
    (const float *x, const float *weight, float *y, float *scale, size_t rows, size_t columns,
    float epsilon),
    (x, weight, y, scale, rows, columns, epsilon)) {
    SUM_IN_LANES
    for (size_t r = 0; r < rows; r++) {
        const float *xr = x + r * columns;
        float *yr = y + r * columns;
        float sum = 0;
        for (size_t c = 0; c < columns; c++) sum += xr[c] * xr[c];
        float s = 1.0f / sqrtf(sum / (float)columns + epsilon);
        scale[r] = s;
        for (size_t c = 0; c < columns; c++) yr[c] = xr[c] * s * weight[c];
    }
}

// The scales alone.
KERNEL(
    void, training_rms_norm_scale,
    (const float *x, float *scale, size_t rows, size_t columns, float epsilon),
    (x, scale, rows, columns, epsilon)) {
    SUM_IN_LANES
    for (size_t r = 0; r < rows; r++) {
        const float *xr = x + r * columns;
        float sum = 0;
        for (size_t c = 0; c < columns; c++) sum += xr[c] * xr[c];
        scale[r] = 1.0f / sqrtf(sum / (float)columns + epsilon);
    }
}

KERNEL(
    void, training_rms_norm_apply,
    (const float *x, const float *weight, const float *scale, float *y, size_t rows,
    size_t columns),
    (x, weight, scale, y, rows, columns)) {
    for (size_t r = 0; r < rows; r++) {
        const float *xr = x + r * columns;
        float *yr = y + r * columns;
        float s = scale[r];
        for (size_t c = 0; c < columns; c++) yr[c] = xr[c] * s * weight[c];
    }
}

KERNEL(
    void, training_rms_norm_apply_narrow,
    (const float *x, const float *weight, const float *scale, uint16_t *y, size_t rows,
    size_t columns),
    (x, weight, scale, y, rows, columns)) {
    for (size_t r = 0; r < rows; r++) {
        const float *xr = x + r * columns;
        uint16_t *yr = y + r * columns;
        float s = scale[r];
        for (size_t c = 0; c < columns; c++) yr[c] = narrowed(xr[c] * s * weight[c]);
    }
}

// With n = x s and g = dy w:   dx = s (g - n mean(g n)),   dw = sum over rows of dy n.
// Adds to dx if `accumulate`, and always to dw.
KERNEL(
    void, training_rms_norm_backward,
    (const float *dy, const float *x, const float *weight, const float *scale, float *dx,
    int accumulate, float *dweight, size_t rows, size_t columns),
    (dy, x, weight, scale, dx, accumulate, dweight, rows, columns)) {
    SUM_IN_LANES
    for (size_t r = 0; r < rows; r++) {
        const float *dyr = dy + r * columns, *xr = x + r * columns;
        float s = scale[r];
        if (dx) {
            float *dxr = dx + r * columns;
            float sum = 0;
            for (size_t c = 0; c < columns; c++) sum += dyr[c] * weight[c] * xr[c];
            float k = sum * s * s / (float)columns;
            if (accumulate)
                for (size_t c = 0; c < columns; c++)
                    dxr[c] += s * (dyr[c] * weight[c] - xr[c] * k);
            else
                for (size_t c = 0; c < columns; c++)
                    dxr[c] = s * (dyr[c] * weight[c] - xr[c] * k);
        }
        if (dweight)
            for (size_t c = 0; c < columns; c++) dweight[c] += dyr[c] * xr[c] * s;
    }
}
