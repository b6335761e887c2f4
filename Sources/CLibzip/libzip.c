// libzip, opened when it is needed, as libcurl is; see CLibcurl.

#include "CLibzip.h"

#include <dlfcn.h>
#include <pthread.h>

enum { READ_ONLY = 16, ENCODING_GUESS = 0 };

// zip_error_t: two codes and a string.
struct error {
    int zip, system;
    char *text;
};

static void *(*source_buffer_create)(const void *, uint64_t, int, struct error *);
static void (*source_free)(void *);
static void *(*open_from_source)(void *, int, struct error *);
static void *(*open_path)(const char *, int, int *);
static void (*discard)(void *);
static int64_t (*get_num_entries)(void *, uint32_t);
static const char *(*get_name)(void *, uint64_t, uint32_t);
static void *(*fopen_index)(void *, uint64_t, uint32_t);
static int64_t (*fread_entry)(void *, void *, uint64_t);
static int (*fclose_entry)(void *);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_available;

static void open_library(void) {
    static const char *const names[] = {
        "libzip.so.4", "libzip.so.5", "libzip.so", "libzip.5.dylib",
    };
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    *(void **)&source_buffer_create = dlsym(library, "zip_source_buffer_create");
    *(void **)&source_free = dlsym(library, "zip_source_free");
    *(void **)&open_from_source = dlsym(library, "zip_open_from_source");
    *(void **)&open_path = dlsym(library, "zip_open");
    *(void **)&discard = dlsym(library, "zip_discard");
    *(void **)&get_num_entries = dlsym(library, "zip_get_num_entries");
    *(void **)&get_name = dlsym(library, "zip_get_name");
    *(void **)&fopen_index = dlsym(library, "zip_fopen_index");
    *(void **)&fread_entry = dlsym(library, "zip_fread");
    *(void **)&fclose_entry = dlsym(library, "zip_fclose");
    is_available = source_buffer_create && source_free && open_from_source && open_path && discard &&
        get_num_entries && get_name && fopen_index && fread_entry && fclose_entry;
}

bool libzip_available(void) {
    pthread_once(&once, open_library);
    return is_available;
}

struct libzip_archive *libzip_open_bytes(const void *bytes, size_t count) {
    if (!libzip_available()) return NULL;
    struct error error = {0};
    void *source = source_buffer_create(bytes, count, 0, &error);
    if (!source) return NULL;
    void *archive = open_from_source(source, READ_ONLY, &error);
    if (!archive) source_free(source);
    return archive;
}

struct libzip_archive *libzip_open_path(const char *path) {
    int code = 0;
    return libzip_available() ? open_path(path, READ_ONLY, &code) : NULL;
}

void libzip_close(struct libzip_archive *archive) {
    if (archive) discard(archive);
}

int64_t libzip_count(struct libzip_archive *archive) { return get_num_entries(archive, 0); }

const char *libzip_name(struct libzip_archive *archive, int64_t index) {
    return get_name(archive, (uint64_t)index, ENCODING_GUESS);
}

struct libzip_entry *libzip_entry_open(struct libzip_archive *archive, int64_t index) {
    return fopen_index(archive, (uint64_t)index, 0);
}

int64_t libzip_entry_read(struct libzip_entry *entry, void *buffer, size_t count) {
    return fread_entry(entry, buffer, count);
}

void libzip_entry_close(struct libzip_entry *entry) {
    if (entry) fclose_entry(entry);
}
