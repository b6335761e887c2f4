#ifndef C_SMOLLM2_ADAPTER_H
#define C_SMOLLM2_ADAPTER_H

#include <stddef.h>

/// A file of the adapter: a range of the program's own read-only data, which is read from disk only
/// when it is accessed.
struct smollm2_adapter_file {
    const void *bytes;
    size_t count;
};

struct smollm2_adapter_file smollm2_adapter_configuration(void);
struct smollm2_adapter_file smollm2_adapter_weights(void);
struct smollm2_adapter_file smollm2_adapter_settings(void);
struct smollm2_adapter_file smollm2_adapter_tokenizer(void);
struct smollm2_adapter_file smollm2_adapter_tokenizer_configuration(void);

#endif
