#ifndef CLIBCRYPTO_H
#define CLIBCRYPTO_H

#include <stdbool.h>
#include <stddef.h>

/// Whether libcrypto (OpenSSL) can be opened on this machine. The first call opens it.
bool libcrypto_available(void);

enum libcrypto_algorithm { LIBCRYPTO_SHA1, LIBCRYPTO_SHA256 };

/// A hash over parts that arrive one after another.
struct libcrypto_digest;

/// Null without libcrypto, or without memory.
struct libcrypto_digest *libcrypto_digest_new(enum libcrypto_algorithm algorithm);
bool libcrypto_digest_update(struct libcrypto_digest *digest, const void *bytes, size_t count);
/// Writes the hash, 20 or 32 bytes, and returns how many; 0 if it cannot be made.
size_t libcrypto_digest_final(struct libcrypto_digest *digest, unsigned char bytes[64]);
void libcrypto_digest_free(struct libcrypto_digest *digest);

#endif
