// The built-in model's files, byte for byte, in the program's read-only data (ELF, any CPU). The
// build does not track files read by .incbin, so export.py writes digests here:
// a new model changes this source file.
//
// model.safetensors SHA-256: 028ba9273c772ae136a41f819a2afdec33883056d40b884021200d773a288f52
// adapter_model.safetensors SHA-256: 64788ec299f2b4d4682b23efcb3c04937179d9a6d2eaff744d896e900c759095
// autoregembed.json SHA-256: 52268803c4e53716c857ad25c2d55b6fe036377f42fb563e64dcbe2ebc9118d1

#if !defined(__ELF__)
#error "the built-in model is embedded for ELF only"
#endif

// Without a path, an empty file.
.macro file name, path
    .balign 4096
    .globl default_model_\name\()_start
    .hidden default_model_\name\()_start
    .type default_model_\name\()_start, %object
default_model_\name\()_start:
    .ifnb \path
    .incbin "\path"
    .endif
    .globl default_model_\name\()_end
    .hidden default_model_\name\()_end
    .type default_model_\name\()_end, %object
default_model_\name\()_end:
    .byte 0
.endm

    .section .rodata
    file weights, model/model.safetensors
    file configuration, model/config.json
    file tokenizer, model/tokenizer.json
    file tokenizer_configuration, model/tokenizer_config.json
    file embedder_settings, model/autoregembed.json
#if __has_include("model/adapter_config.json")
    file adapter_configuration, model/adapter_config.json
    file adapter_weights, model/adapter_model.safetensors
#else
    file adapter_configuration
    file adapter_weights
#endif

    .section .note.GNU-stack, "", %progbits
