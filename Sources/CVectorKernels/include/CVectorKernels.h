#ifndef CVECTORKERNELS_H
#define CVECTORKERNELS_H

#include <stddef.h>

/// Inner product of two float32 vectors of length n.
float vk_dot_f32(const float *a, const float *b, size_t n);


#include "TrainingKernels.h"

#endif
