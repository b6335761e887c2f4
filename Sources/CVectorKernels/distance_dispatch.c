// Which kernels this CPU can run.

#include "distance_tables.h"

static const vk_kernels *available[4];
static const vk_kernels *active = &vk_portable_kernels;

__attribute__((constructor)) static void choose(void) {
    size_t count = 0;
    available[count++] = &vk_portable_kernels;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("f16c"))
        available[count++] = &vk_avx2_kernels;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vnni"))
        available[count++] = &vk_avx512_kernels;
#elif defined(__aarch64__)
    available[count++] = &vk_neon_kernels;
#endif
    active = available[count - 1];
}

const vk_kernels *vk_active_kernels(void) { return active; }

const vk_kernels *vk_available_kernels(size_t index) {
    return index < sizeof available / sizeof *available ? available[index] : NULL;
}
