#ifndef CONEDNN_H
#define CONEDNN_H

#include <stdbool.h>

/// Whether oneDNN was present when this was compiled and can be opened now.
bool onednn_available(void);

#endif
