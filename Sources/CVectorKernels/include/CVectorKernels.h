#ifndef CVECTORKERNELS_H
#define CVECTORKERNELS_H

#include "DistanceKernels.h"
#if __has_include("TransformerKernels.h")
#include "TransformerKernels.h"
#endif


#include "TrainingKernels.h"

#endif
