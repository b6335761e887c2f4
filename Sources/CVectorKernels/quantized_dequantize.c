// Converts quantized blocks to float32.

#include "quantized_unpack.h"

INLINE void dequantize(int type, const uint8_t *blocks, size_t count, float *y) {
    const struct block_layout layout = block_layout_of(type);
    uint8_t q[256];
    float scale[16], offset[16] = {0};
    for (; count; count -= layout.weights, blocks += layout.bytes, y += layout.weights) {
        block_quants(type, blocks, q);
        block_scales(type, blocks, scale, offset);
        for (int g = 0; g < layout.weights / layout.group; g++)
            for (int i = 0; i < layout.group; i++) {
                float step = (float)(q[g * layout.group + i] - layout.zero) * scale[g];
                y[g * layout.group + i] = layout.affine ? step + offset[g] : step;
            }
    }
}

KERNEL(
    void, quantized_dequantize,
    (int type, const void *blocks, size_t count, float *y),
    (type, blocks, count, y)) {
    switch (type) {
#define CASE(TYPE) \
    case TYPE: dequantize(TYPE, blocks, count, y); break;
        EACH_BLOCK_TYPE(CASE)
#undef CASE
    }
}

size_t quantized_block_bytes(int type) { return block_layout_of(type).bytes; }

size_t quantized_block_weights(int type) { return block_layout_of(type).weights; }
