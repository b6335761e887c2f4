#ifndef CLIBZIP_H
#define CLIBZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// libzip, opened when the first ZIP archive is read.

struct libzip_archive;
struct libzip_entry;

bool libzip_available(void);

/// Opens an archive in memory, which must outlive it. NULL if it is none, or damaged.
struct libzip_archive *libzip_open_bytes(const void *bytes, size_t count);
/// Opens an archive by its path.
struct libzip_archive *libzip_open_path(const char *path);
void libzip_close(struct libzip_archive *archive);

int64_t libzip_count(struct libzip_archive *archive);
/// The name of an entry, UTF-8; NULL if it has none. It lives as long as the archive.
const char *libzip_name(struct libzip_archive *archive, int64_t index);

/// Opens an entry. NULL if it is encrypted, or compressed in a way that libzip does not know.
struct libzip_entry *libzip_entry_open(struct libzip_archive *archive, int64_t index);
/// The number of bytes read, 0 at the end, -1 if the entry is damaged.
int64_t libzip_entry_read(struct libzip_entry *entry, void *buffer, size_t count);
void libzip_entry_close(struct libzip_entry *entry);

#endif
