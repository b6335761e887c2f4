#ifndef C_DEFAULT_MODEL_H
#define C_DEFAULT_MODEL_H

#include <stddef.h>

/// A file of the built-in model: a range of the program's own read-only data. It is mapped with the
/// program, shared between processes, and read from disk only when it is accessed.
struct default_model_file {
    const void *bytes;
    size_t count;
};

/// Starts at a page boundary, so that numbers are aligned as in the file.
struct default_model_file default_model_weights(void);
struct default_model_file default_model_configuration(void);
struct default_model_file default_model_tokenizer(void);
struct default_model_file default_model_tokenizer_configuration(void);
struct default_model_file default_model_embedder_settings(void);

/// The adapter that makes the language model an encoder; empty if the model has none.
struct default_model_file default_model_adapter_configuration(void);
struct default_model_file default_model_adapter_weights(void);

#endif
