// The built-in model's files, byte for byte, in the program's read-only data (ELF, any CPU).
// The build does not watch what .incbin reads: export.py writes the weights' digest here, so that
// another model is another source file.
//
// model.safetensors SHA-256: 2b43f2df370c66fd184c84aac83b7d678aed81510505004143fa903058f9e682

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
