// The adapter's files, byte for byte, in the program's read-only data (ELF, any CPU). The build does
// not track files read by .incbin, so export.py writes digests here: a new adapter changes
// this source file.
//
// adapter_model.safetensors SHA-256: 1b3b2f4099f6b339b358e24c87c2d70fdc7cf89155502990a2974f9ce23f2160
// autoregembed.json SHA-256: c6d09ec7b7a3c8c563a5ab9e95c5d34a1f4e537113af1cdc3413e6f157aaff2b

#if !defined(__ELF__)
#error "the adapter is embedded for ELF only"
#endif

.macro file name, path
    .balign 4096
    .globl smollm2_adapter_\name\()_start
    .hidden smollm2_adapter_\name\()_start
    .type smollm2_adapter_\name\()_start, %object
smollm2_adapter_\name\()_start:
    .incbin "\path"
    .globl smollm2_adapter_\name\()_end
    .hidden smollm2_adapter_\name\()_end
    .type smollm2_adapter_\name\()_end, %object
smollm2_adapter_\name\()_end:
    .byte 0
.endm

    .section .rodata
    file configuration, adapter/adapter_config.json
    file weights, adapter/adapter_model.safetensors
    file settings, adapter/autoregembed.json
    file tokenizer, adapter/tokenizer.json
    file tokenizer_configuration, adapter/tokenizer_config.json

    .section .note.GNU-stack, "", %progbits
