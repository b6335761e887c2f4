// Selects the distance kernels: those that this CPU can run, and those in use.

#include "KernelLevel.h"
#include "distance_tables.h"

static const vk_kernels *available[4];
static const vk_kernels *active = &vk_portable_kernels;

__attribute__((constructor)) static void choose(void) {
    size_t count = 0;
    available[count++] = &vk_portable_kernels;
    active = &vk_portable_kernels;
    int level = kernel_level();
#if defined(__x86_64__)
    if (kernel_level_supported(KERNELS_AVX2)) available[count++] = &vk_avx2_kernels;
    if (level >= KERNELS_AVX2) active = available[count - 1];
    if (kernel_level_has_vnni(KERNELS_AVX512) && kernel_level_supported(KERNELS_AVX512)) {
        available[count++] = &vk_avx512_kernels;
        if (level >= KERNELS_AVX512) active = &vk_avx512_kernels;
    }
#elif defined(__aarch64__)
    available[count++] = &vk_neon_kernels;
    if (level == KERNELS_NEON) active = &vk_neon_kernels;
#endif
    (void)level;
}

const vk_kernels *vk_active_kernels(void) { return active; }

const vk_kernels *vk_available_kernels(size_t index) {
    return index < sizeof available / sizeof *available ? available[index] : NULL;
}
