#include "CDefaultModel.h"

// Both ends of each file, named in files.S.
#define FILE_OF_MODEL(name)                                                                        \
    extern const unsigned char default_model_##name##_start[];                                    \
    extern const unsigned char default_model_##name##_end[];                                      \
    struct default_model_file default_model_##name(void) {                                        \
        struct default_model_file file = {                                                        \
            default_model_##name##_start,                                                         \
            (size_t)(default_model_##name##_end - default_model_##name##_start)};                 \
        return file;                                                                              \
    }

FILE_OF_MODEL(weights)
FILE_OF_MODEL(configuration)
FILE_OF_MODEL(tokenizer)
FILE_OF_MODEL(tokenizer_configuration)
FILE_OF_MODEL(embedder_settings)
FILE_OF_MODEL(adapter_configuration)
FILE_OF_MODEL(adapter_weights)
