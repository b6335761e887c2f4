// OpenSSL's hash functions, opened when the first download is checked, so that no other command pays
// for loading the library.

#include "CLibcrypto.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

static void *(*context_new)(void);
static void (*context_free)(void *);
static const void *(*sha1)(void);
static const void *(*sha256)(void);
static int (*init)(void *, const void *, void *);
static int (*update)(void *, const void *, size_t);
static int (*final)(void *, unsigned char *, unsigned *);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_available;

static void open_library(void) {
    static const char *const names[] = {
        "libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so", "libcrypto.3.dylib",
    };
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    *(void **)&context_new = dlsym(library, "EVP_MD_CTX_new");
    *(void **)&context_free = dlsym(library, "EVP_MD_CTX_free");
    *(void **)&sha1 = dlsym(library, "EVP_sha1");
    *(void **)&sha256 = dlsym(library, "EVP_sha256");
    *(void **)&init = dlsym(library, "EVP_DigestInit_ex");
    *(void **)&update = dlsym(library, "EVP_DigestUpdate");
    *(void **)&final = dlsym(library, "EVP_DigestFinal_ex");
    is_available = context_new && context_free && sha1 && sha256 && init && update && final;
}

bool libcrypto_available(void) {
    pthread_once(&once, open_library);
    return is_available;
}

struct libcrypto_digest {
    void *context;
};

struct libcrypto_digest *libcrypto_digest_new(enum libcrypto_algorithm algorithm) {
    if (!libcrypto_available()) return NULL;
    struct libcrypto_digest *digest = calloc(1, sizeof *digest);
    if (!digest) return NULL;
    digest->context = context_new();
    if (digest->context &&
        init(digest->context, algorithm == LIBCRYPTO_SHA1 ? sha1() : sha256(), NULL) == 1)
        return digest;
    libcrypto_digest_free(digest);
    return NULL;
}

bool libcrypto_digest_update(struct libcrypto_digest *digest, const void *bytes, size_t count) {
    return count == 0 || update(digest->context, bytes, count) == 1;
}

size_t libcrypto_digest_final(struct libcrypto_digest *digest, unsigned char bytes[64]) {
    unsigned count = 0;
    return final(digest->context, bytes, &count) == 1 ? count : 0;
}

void libcrypto_digest_free(struct libcrypto_digest *digest) {
    if (!digest) return;
    if (digest->context) context_free(digest->context);
    free(digest);
}
