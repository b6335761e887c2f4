#ifndef CVECTORKERNELS_H
#define CVECTORKERNELS_H

#include "DistanceKernels.h"
#include "KernelLevel.h"
#include "QuantizedKernels.h"
#include "TrainingKernels.h"
#include "TransformerKernels.h"

#endif
