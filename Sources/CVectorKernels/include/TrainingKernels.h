#ifndef TRAININGKERNELS_H
#define TRAININGKERNELS_H

// The loops of training: float32, with contiguous rows unless a stride is given. Formulas are next
// to the definitions. `rows` may be any part of a matrix: callers split rows between threads.

#include <stddef.h>
#include <stdint.h>

// Normalization (training_norm.c). dx and dweight may be null. `narrow` here and below: in bfloat16.
void training_rms_norm_forward(
    const float *x, const float *weight, float *y, float *scale, size_t rows, size_t columns,
    float epsilon);
void training_rms_norm_scale(
    const float *x, float *scale, size_t rows, size_t columns, float epsilon);
void training_rms_norm_apply(
    const float *x, const float *weight, const float *scale, float *y, size_t rows,
    size_t columns);
void training_rms_norm_apply_narrow(
    const float *x, const float *weight, const float *scale, uint16_t *y, size_t rows,
    size_t columns);
void training_rms_norm_backward(
    const float *dy, const float *x, const float *weight, const float *scale, float *dx,
    int accumulate, float *dweight, size_t rows, size_t columns);

// SwiGLU and rotary embedding (training_activation.c).
void training_swiglu_forward(const float *gate, const float *up, float *y, size_t count);
void training_swiglu_backward(
    const float *dy, const float *gate, const float *up, float *dgate, float *dup, size_t count);
void training_swiglu_forward_narrow(
    const float *gate, const float *up, uint16_t *y, size_t count);
void training_swiglu_narrow(
    const uint16_t *gate, const uint16_t *up, uint16_t *y, size_t count);
void training_swiglu_backward_narrow(
    const float *dy, const uint16_t *gate, const uint16_t *up, float *dgate, float *dup,
    size_t count);
void training_rotate(
    const float *x, float *y, const int32_t *positions, const float *cosine, const float *sine,
    size_t rows, size_t heads, size_t dimension, float direction);

// Attention (training_attention.c).
void training_attention_softmax(
    float *scores, size_t rows, size_t columns, size_t stride, size_t first_query,
    size_t first_key, size_t window, float scale);
void training_attention_backward(
    const float *probabilities, float *gradients, size_t rows, size_t columns, size_t stride,
    float scale);

// Softmax over a vocabulary (training_softmax.c).
void training_log_probability(
    const float *logits, const int32_t *targets, size_t rows, size_t columns,
    float *log_probabilities, float *log_sums);
void training_log_probability_backward(
    float *logits, const int32_t *targets, size_t rows, size_t columns, const float *log_sums,
    const float *gradients);
void training_divergence(
    const float *a, const float *b, size_t rows, size_t columns, int symmetric,
    float *divergences);
void training_divergence_backward(
    float *a, float *b, size_t rows, size_t columns, int symmetric, const float *gradients);

// Rows (training_rows.c).
void training_add(float *y, const float *x, float factor, size_t count);
void training_sum(const float *a, const float *b, float *y, size_t count);
void training_scale(float *y, float factor, size_t count);
void training_scale_rows(
    const float *x, const float *factors, float *y, size_t rows, size_t columns);
void training_gather_rows(
    const float *x, const int32_t *indices, float *y, size_t rows, size_t columns);
void training_scatter_rows(
    const float *dy, const int32_t *indices, float *dx, size_t rows, size_t columns, size_t from,
    size_t to);
void training_add_bias(float *y, const float *bias, size_t rows, size_t columns);
void training_sum_rows(const float *x, float *sums, size_t rows, size_t columns);
void training_narrow(const float *x, uint16_t *y, size_t count);
void training_widen(const uint16_t *x, float *y, size_t count);
void training_dropout(
    const float *x, float *y, size_t first, size_t count, uint64_t seed, float rate);

// The optimizer (training_optimizer.c).
struct training_adamw_settings {
    /// 1 - learning rate * weight decay
    float decay;
    float one_minus_beta1, beta2, one_minus_beta2;
    /// 1 / sqrt(1 - beta2^step)
    float inverse_root;
    /// learning rate / (1 - beta1^step)
    float step;
    float epsilon;
    /// The factor that is applied to the gradient first, to clip its global norm.
    float gradient_factor;
};
void training_adamw(
    float *parameter, const float *gradient, float *first, float *second, size_t count,
    struct training_adamw_settings settings);
double training_sum_of_squares(const float *x, size_t count);

#endif
