#include "COneDNN.h"

bool onednn_available(void) { return false; }
