#include "CSmolLM2Adapter.h"

// Both ends of each file, named in files.S.
#define FILE_OF_ADAPTER(name)                                                                      \
    extern const unsigned char smollm2_adapter_##name##_start[];                                  \
    extern const unsigned char smollm2_adapter_##name##_end[];                                    \
    struct smollm2_adapter_file smollm2_adapter_##name(void) {                                    \
        struct smollm2_adapter_file file = {                                                      \
            smollm2_adapter_##name##_start,                                                       \
            (size_t)(smollm2_adapter_##name##_end - smollm2_adapter_##name##_start)};             \
        return file;                                                                              \
    }

FILE_OF_ADAPTER(configuration)
FILE_OF_ADAPTER(weights)
FILE_OF_ADAPTER(settings)
FILE_OF_ADAPTER(tokenizer)
FILE_OF_ADAPTER(tokenizer_configuration)
