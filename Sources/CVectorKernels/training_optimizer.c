// AdamW (Loshchilov & Hutter 2019) in PyTorch's order of operations, and the gradient's norm.

#include "TrainingKernels.h"
#include "training_common.h"

KERNEL(
    void, training_adamw,
    (float *parameter, const float *gradient, float *first, float *second, size_t count,
    struct training_adamw_settings settings),
    (parameter, gradient, first, second, count, settings)) {
    float decay = settings.decay, beta2 = settings.beta2;
    float one_minus_beta1 = settings.one_minus_beta1, one_minus_beta2 = settings.one_minus_beta2;
    float inverse_root = settings.inverse_root, step = settings.step, epsilon = settings.epsilon;
    float clip = settings.gradient_factor;
    for (size_t i = 0; i < count; i++) {
        float g = gradient[i] * clip;
        float m = first[i] + one_minus_beta1 * (g - first[i]);
        float v = second[i] * beta2 + one_minus_beta2 * g * g;
        first[i] = m;
        second[i] = v;
        parameter[i] = parameter[i] * decay - step * (m / (sqrtf(v) * inverse_root + epsilon));
    }
}

KERNEL(double, training_sum_of_squares, (const float *x, size_t count), (x, count)) {
    SUM_IN_LANES
    double total = 0;
    for (size_t i = 0; i < count; i += 4096) {
        size_t end = i + 4096 < count ? i + 4096 : count;
        float sum = 0;
        for (size_t j = i; j < end; j++) sum += x[j] * x[j];
        total += (double)sum;
    }
    return total;
}
