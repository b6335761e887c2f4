// The built-in model's files, byte for byte, in the program's read-only data (ELF, any CPU).
// The build does not watch what .incbin reads: export.py writes the weights' digest here, so that
// another model is another source file.
//
// model.safetensors SHA-256: fe94a0aff1a81562a24e3c7b00538b3a6f5e4815275c0a975858a8b04125a6bc

#if !defined(__ELF__)
#error "the built-in model is embedded for ELF only"
#endif

.macro file name, path
    .balign 4096
    .globl default_model_\name\()_start
    .hidden default_model_\name\()_start
    .type default_model_\name\()_start, %object
default_model_\name\()_start:
    .incbin "\path"
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

    .section .note.GNU-stack, "", %progbits
