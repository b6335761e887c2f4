// Softmax over the vocabulary, a block of rows at a time.

#include "TrainingKernels.h"
#include "training_common.h"

INLINE float log_sum_exp(const float *row, size_t columns) {
    SUM_IN_LANES
    float top = greatest(row, columns);
    float sum = 0;
    for (size_t j = 0; j < columns; j++) sum += exponential(row[j] - top);
    return top + logf(sum);
}

// log p(target) of each row.
KERNEL(
    void, training_log_probability,
    (const float *logits, const int32_t *targets, size_t rows, size_t columns,
    float *log_probabilities, float *log_sums),
    (logits, targets, rows, columns, log_probabilities, log_sums)) {
    SUM_IN_LANES
    for (size_t r = 0; r < rows; r++) {
        const float *row = logits + r * columns;
        float l = log_sum_exp(row, columns);
        log_sums[r] = l;
        log_probabilities[r] = row[targets[r]] - l;
    }
}

// dlogits[j] = dlogp (1[j = target] - p_j), in place of the logits.
KERNEL(
    void, training_log_probability_backward,
    (float *logits, const int32_t *targets, size_t rows, size_t columns, const float *log_sums,
    const float *gradients),
    (logits, targets, rows, columns, log_sums, gradients)) {
    for (size_t r = 0; r < rows; r++) {
        float *row = logits + r * columns;
        float g = gradients[r], l = log_sums[r];
        for (size_t j = 0; j < columns; j++) row[j] = -g * exponential(row[j] - l);
        row[targets[r]] += g;
    }
}

// Divergence between p = softmax(a) and q = softmax(b), row by row, natural logarithm.
//   KL(p || q) = sum p (log p - log q)
//   JS(p, q)   = KL(p || m) / 2 + KL(q || m) / 2,   m = (p + q) / 2
KERNEL(
    void, training_divergence,
    (const float *a, const float *b, size_t rows, size_t columns, int symmetric,
    float *divergences),
    (a, b, rows, columns, symmetric, divergences)) {
    SUM_IN_LANES
    for (size_t r = 0; r < rows; r++) {
        const float *ar = a + r * columns, *br = b + r * columns;
        float la = log_sum_exp(ar, columns), lb = log_sum_exp(br, columns);
        double sum = 0;
        if (!symmetric) {
            for (size_t j = 0; j < columns; j++) {
                float x = ar[j] - la, y = br[j] - lb;
                sum += exponential(x) * (x - y);
            }
        } else {
            for (size_t j = 0; j < columns; j++) {
                float x = ar[j] - la, y = br[j] - lb;
                float p = exponential(x), q = exponential(y);
                float m = logf(0.5f * (p + q) + 1e-45f);
                sum += 0.5f * (p * (x - m) + q * (y - m));
            }
        }
        divergences[r] = (float)sum;
    }
}

// Gradients in place of the logits.
//   KL: da = p (log p - log q - KL),      db = q - p
//   JS: da = p (log p - log m - KL(p||m)) / 2, db = q (log q - log m - KL(q||m)) / 2
KERNEL(
    void, training_divergence_backward,
    (float *a, float *b, size_t rows, size_t columns, int symmetric, const float *gradients),
    (a, b, rows, columns, symmetric, gradients)) {
    SUM_IN_LANES
    for (size_t r = 0; r < rows; r++) {
        float *ar = a + r * columns, *br = b + r * columns;
        float la = log_sum_exp(ar, columns), lb = log_sum_exp(br, columns), g = gradients[r];
        double first = 0, second = 0;
        if (!symmetric) {
            for (size_t j = 0; j < columns; j++) {
                float x = ar[j] - la, y = br[j] - lb;
                first += exponential(x) * (x - y);
            }
            float kl = (float)first;
            for (size_t j = 0; j < columns; j++) {
                float x = ar[j] - la, y = br[j] - lb, p = exponential(x), q = exponential(y);
                ar[j] = g * p * (x - y - kl);
                br[j] = g * (q - p);
            }
        } else {
            for (size_t j = 0; j < columns; j++) {
                float x = ar[j] - la, y = br[j] - lb, p = exponential(x), q = exponential(y);
                float m = logf(0.5f * (p + q) + 1e-45f);
                first += p * (x - m);
                second += q * (y - m);
            }
            float klp = (float)first, klq = (float)second;
            for (size_t j = 0; j < columns; j++) {
                float x = ar[j] - la, y = br[j] - lb, p = exponential(x), q = exponential(y);
                float m = logf(0.5f * (p + q) + 1e-45f);
                ar[j] = 0.5f * g * p * (x - m - klp);
                br[j] = 0.5f * g * q * (y - m - klq);
            }
        }
    }
}
