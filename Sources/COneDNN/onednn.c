// Matrix multiplication by oneDNN, loaded at run time: the program builds and runs without it, and
// loads it only if it is used.
//
// oneDNN compiles a kernel for each shape and keeps the last thousand or so of them: looking up a
// known shape takes about 30 microseconds, a new one a quarter of a millisecond.

#include "COneDNN.h"

#if defined(__x86_64__) && defined(__has_include)
#if __has_include(<dnnl.h>)
#define HAS_ONEDNN 1
#endif
#endif

#if HAS_ONEDNN

#include <dlfcn.h>
#include <dnnl.h>
#include <pthread.h>
#include <stddef.h>

#if DNNL_VERSION_MAJOR >= 3
#define LIBRARY "libdnnl.so.3"
#else
#define LIBRARY "libdnnl.so.2"
#endif

// Every function that is called, with its type in the header.
#define FUNCTIONS(X)            \
    X(dnnl_engine_create)       \
    X(dnnl_stream_create)       \
    X(dnnl_stream_wait)         \
    X(dnnl_memory_create)       \
    X(dnnl_memory_destroy)      \
    X(dnnl_post_ops_create)     \
    X(dnnl_post_ops_destroy)    \
    X(dnnl_primitive_attr_create)       \
    X(dnnl_primitive_attr_destroy)      \
    X(dnnl_primitive_attr_set_post_ops) \
    X(dnnl_primitive_create)            \
    X(dnnl_primitive_destroy)           \
    X(dnnl_primitive_desc_destroy)      \
    X(dnnl_primitive_execute)           \
    VERSIONED(X)

#if DNNL_VERSION_MAJOR >= 3
#define VERSIONED(X)                         \
    X(dnnl_memory_desc_create_with_strides)  \
    X(dnnl_memory_desc_destroy)              \
    X(dnnl_matmul_primitive_desc_create)
#else
#define VERSIONED(X)                  \
    X(dnnl_memory_desc_init_by_strides) \
    X(dnnl_matmul_desc_init)            \
    X(dnnl_primitive_desc_create)
#endif

#define DECLARE(name) static __typeof__(&name) call_##name;
FUNCTIONS(DECLARE)
// Its signature has not changed between versions, but older headers have no data type.
static dnnl_status_t (*append_sum_v2)(dnnl_post_ops_t, float);
static dnnl_status_t (*append_sum_v3)(dnnl_post_ops_t, float, int32_t, dnnl_data_type_t);
static void (*set_threads)(int);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_open;
static dnnl_engine_t engine;

static void open_library(void) {
    if (!__builtin_cpu_supports("avx512bf16")) return;
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
#define FIND(name)                             \
    *(void **)&call_##name = dlsym(library, #name); \
    if (!call_##name) return;
    FUNCTIONS(FIND)
    void *sum = dlsym(library, "dnnl_post_ops_append_sum");
    *(void **)&append_sum_v2 = sum;
    *(void **)&append_sum_v3 = sum;
    // Its threads would compete with ours, so each of ours requests a team of one.
    *(void **)&set_threads = dlsym(library, "omp_set_num_threads");
    if (!sum || !set_threads) return;
    is_open = call_dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success;
}

bool onednn_available(void) {
    pthread_once(&once, open_library);
    return is_open;
}

// A stream belongs to the thread that uses it, and has the same lifetime.
static __thread dnnl_stream_t stream;

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t description;
#define DESCRIBE(d, dims, type, strides) \
    call_dnnl_memory_desc_create_with_strides(&(d), 2, dims, type, strides)
#define MEMORY(m, d, p) call_dnnl_memory_create(&(m), d, engine, p)
#define APPEND_SUM(ops) append_sum_v3(ops, 1.0f, 0, dnnl_data_type_undef)
#else
typedef dnnl_memory_desc_t description;
#define DESCRIBE(d, dims, type, strides) \
    call_dnnl_memory_desc_init_by_strides(&(d), 2, dims, type, strides)
#define MEMORY(m, d, p) call_dnnl_memory_create(&(m), &(d), engine, p)
#define APPEND_SUM(ops) append_sum_v2(ops, 1.0f)
#endif

static bool prepare(
    description *parts, dnnl_primitive_attr_t attributes, dnnl_primitive_t *primitive) {
    dnnl_primitive_desc_t prepared = NULL;
#if DNNL_VERSION_MAJOR >= 3
    if (call_dnnl_matmul_primitive_desc_create(
            &prepared, engine, parts[0], parts[1], NULL, parts[2], attributes) != dnnl_success)
        return false;
#else
    dnnl_matmul_desc_t product;
    if (call_dnnl_matmul_desc_init(&product, &parts[0], &parts[1], NULL, &parts[2]) !=
            dnnl_success ||
        call_dnnl_primitive_desc_create(&prepared, &product, attributes, engine, NULL) !=
            dnnl_success)
        return false;
#endif
    bool made = call_dnnl_primitive_create(primitive, prepared) == dnnl_success;
    call_dnnl_primitive_desc_destroy(prepared);
    return made;
}

bool onednn_multiply(
    struct onednn_matrix a, struct onednn_matrix b, float *c, int64_t c_stride, int64_t m,
    int64_t n, int64_t k, bool accumulate) {
    if (!onednn_available()) return false;
    if (!stream && call_dnnl_stream_create(&stream, engine, dnnl_stream_default_flags))
        return false;
    set_threads(1);

    description parts[3];
    dnnl_dims_t shapes[3] = {{m, k}, {k, n}, {m, n}};
    dnnl_dims_t strides[3] = {
        {a.row_stride, a.column_stride}, {b.row_stride, b.column_stride}, {c_stride, 1}};
    bool described = true;
    for (int i = 0; i < 3; i++)
        described = DESCRIBE(parts[i], shapes[i], i == 2 ? dnnl_f32 : dnnl_bf16, strides[i]) ==
                        dnnl_success &&
                    described;
    if (!described) return false;

    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t sum = NULL;
    if (accumulate) {
        call_dnnl_primitive_attr_create(&attributes);
        call_dnnl_post_ops_create(&sum);
        APPEND_SUM(sum);
        call_dnnl_primitive_attr_set_post_ops(attributes, sum);
    }
    dnnl_primitive_t primitive = NULL;
    bool done = prepare(parts, attributes, &primitive);
    if (done) {
        const void *values[3] = {a.values, b.values, c};
        const int kinds[3] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
        dnnl_memory_t memories[3] = {NULL, NULL, NULL};
        dnnl_exec_arg_t arguments[3];
        for (int i = 0; i < 3; i++) {
            done = MEMORY(memories[i], parts[i], (void *)values[i]) == dnnl_success && done;
            arguments[i] = (dnnl_exec_arg_t){kinds[i], memories[i]};
        }
        done = done &&
               call_dnnl_primitive_execute(primitive, stream, 3, arguments) == dnnl_success &&
               call_dnnl_stream_wait(stream) == dnnl_success;
        for (int i = 0; i < 3; i++)
            if (memories[i]) call_dnnl_memory_destroy(memories[i]);
        call_dnnl_primitive_destroy(primitive);
    }
    if (sum) call_dnnl_post_ops_destroy(sum);
    if (attributes) call_dnnl_primitive_attr_destroy(attributes);
#if DNNL_VERSION_MAJOR >= 3
    for (int i = 0; i < 3; i++) call_dnnl_memory_desc_destroy(parts[i]);
#endif
    return done;
}

#else

bool onednn_available(void) { return false; }

bool onednn_multiply(
    struct onednn_matrix a, struct onednn_matrix b, float *c, int64_t c_stride, int64_t m,
    int64_t n, int64_t k, bool accumulate) {
    (void)a, (void)b, (void)c, (void)c_stride, (void)m, (void)n, (void)k, (void)accumulate;
    return false;
}

#endif
