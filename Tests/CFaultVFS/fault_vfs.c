// sqlite.org/vfs.html describes what a VFS is. Each method here asks the hook and then has the real file
// do it; the real file lies behind ours in the memory that SQLite allots.

#include "fault_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

enum { MOST_WATCHED = 64, LONGEST_PREFIX = 1024 };

struct watch {
    char prefix[LONGEST_PREFIX];
    fault_vfs_hook hook;
    void *context;
};

static struct watch watches[MOST_WATCHED];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs layer;
static sqlite3_vfs *real;

struct fault_file {
    sqlite3_file base;
    const char *path;
    fault_vfs_hook hook;
    void *context;
    int syncs_folder;
    // The real file follows.
};

static sqlite3_file *real_file(sqlite3_file *file) {
    return (sqlite3_file *)((char *)file + sizeof(struct fault_file));
}

static int find(const char *path, fault_vfs_hook *hook, void **context) {
    int found = 0;
    if (path == 0) return 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST_WATCHED && !found; i++) {
        size_t length = strlen(watches[i].prefix);
        if (watches[i].hook != 0 && strncmp(path, watches[i].prefix, length) == 0) {
            *hook = watches[i].hook;
            *context = watches[i].context;
            found = 1;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

static int ask(sqlite3_file *file, enum fault_vfs_operation operation, const void *bytes,
               long long count, long long offset, int flag) {
    struct fault_file *ours = (struct fault_file *)file;
    struct fault_vfs_event event = {operation, ours->path, bytes, count, offset, flag};
    return ours->hook(ours->context, &event);
}

// File methods.

static int file_close(sqlite3_file *file) { return real_file(file)->pMethods->xClose(real_file(file)); }

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    int code = ask(file, FAULT_VFS_READ, 0, count, offset, 0);
    return code ? code : real_file(file)->pMethods->xRead(real_file(file), bytes, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    int code = ask(file, FAULT_VFS_WRITE, bytes, count, offset, 0);
    if (code > 0) return code;
    int written = code < 0 ? count / 2 : count;
    int result = real_file(file)->pMethods->xWrite(real_file(file), bytes, written, offset);
    return code < 0 ? -code : result;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = ask(file, FAULT_VFS_TRUNCATE, 0, size, 0, 0);
    return code ? code : real_file(file)->pMethods->xTruncate(real_file(file), size);
}

static int file_sync(sqlite3_file *file, int flags) {
    int code = ask(file, FAULT_VFS_SYNC, 0, 0, 0, ((struct fault_file *)file)->syncs_folder);
    if (code) return code;
    ((struct fault_file *)file)->syncs_folder = 0;
    return real_file(file)->pMethods->xSync(real_file(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    int code = ask(file, FAULT_VFS_SIZE, 0, 0, 0, 0);
    return code ? code : real_file(file)->pMethods->xFileSize(real_file(file), size);
}

static int file_lock(sqlite3_file *file, int level) {
    return real_file(file)->pMethods->xLock(real_file(file), level);
}

static int file_unlock(sqlite3_file *file, int level) {
    return real_file(file)->pMethods->xUnlock(real_file(file), level);
}

static int file_check_reserved(sqlite3_file *file, int *result) {
    return real_file(file)->pMethods->xCheckReservedLock(real_file(file), result);
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    return real_file(file)->pMethods->xFileControl(real_file(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file) {
    return real_file(file)->pMethods->xSectorSize(real_file(file));
}

static int file_characteristics(sqlite3_file *file) {
    return real_file(file)->pMethods->xDeviceCharacteristics(real_file(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory) {
    int code = ask(file, FAULT_VFS_SHARED_MEMORY, 0, size, 0, 0);
    return code ? code : real_file(file)->pMethods->xShmMap(real_file(file), page, size, extend, memory);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return real_file(file)->pMethods->xShmLock(real_file(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file) { real_file(file)->pMethods->xShmBarrier(real_file(file)); }

static int file_shm_unmap(sqlite3_file *file, int remove) {
    return real_file(file)->pMethods->xShmUnmap(real_file(file), remove);
}

// Without memory mapping every read and write passes here.
static const sqlite3_io_methods methods = {
    2,           file_close,     file_read,         file_write,          file_truncate,
    file_sync,   file_size,      file_lock,         file_unlock,         file_check_reserved,
    file_control, file_sector_size, file_characteristics, file_shm_map,  file_shm_lock,
    file_shm_barrier, file_shm_unmap, 0, 0,
};

// VFS methods.

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out) {
    fault_vfs_hook hook;
    void *context;
    (void)vfs;
    if (!find(path, &hook, &context)) return real->xOpen(real, path, file, flags, out);
    struct fault_file *ours = (struct fault_file *)file;
    memset(ours, 0, sizeof *ours);
    ours->path = path;
    ours->hook = hook;
    ours->context = context;
    int kinds = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
    // As unixOpen() has it: the first sync of a journal that it may have made syncs the folder.
    ours->syncs_folder = (flags & kinds) != 0 && (flags & SQLITE_OPEN_CREATE) != 0;
    int code = ask(file, FAULT_VFS_OPEN, 0, 0, 0, (flags & SQLITE_OPEN_CREATE) != 0);
    if (code) return code;
    code = real->xOpen(real, path, real_file(file), flags, out);
    if (code == SQLITE_OK) ours->base.pMethods = &methods;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync) {
    fault_vfs_hook hook;
    void *context;
    (void)vfs;
    if (find(path, &hook, &context)) {
        struct fault_vfs_event event = {FAULT_VFS_DELETE, path, 0, 0, 0, sync};
        int code = hook(context, &event);
        if (code) return code;
    }
    return real->xDelete(real, path, sync);
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    (void)vfs;
    return real->xAccess(real, path, flags, result);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *path, int count, char *result) {
    (void)vfs;
    return real->xFullPathname(real, path, count, result);
}

static void *vfs_dl_open(sqlite3_vfs *vfs, const char *path) { (void)vfs; return real->xDlOpen(real, path); }
static void vfs_dl_error(sqlite3_vfs *vfs, int count, char *text) { (void)vfs; real->xDlError(real, count, text); }
static void (*vfs_dl_sym(sqlite3_vfs *vfs, void *library, const char *name))(void) {
    (void)vfs;
    return real->xDlSym(real, library, name);
}
static void vfs_dl_close(sqlite3_vfs *vfs, void *library) { (void)vfs; real->xDlClose(real, library); }
static int vfs_randomness(sqlite3_vfs *vfs, int count, char *bytes) { (void)vfs; return real->xRandomness(real, count, bytes); }
static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) { (void)vfs; return real->xSleep(real, microseconds); }
static int vfs_time(sqlite3_vfs *vfs, double *time) { (void)vfs; return real->xCurrentTime(real, time); }
static int vfs_error(sqlite3_vfs *vfs, int count, char *text) { (void)vfs; return real->xGetLastError(real, count, text); }
static int vfs_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *time) { (void)vfs; return real->xCurrentTimeInt64(real, time); }

int fault_vfs_register(void) {
    pthread_mutex_lock(&lock);
    int code = SQLITE_OK;
    if (real == 0) {
        real = sqlite3_vfs_find(0);
        layer = *real;
        layer.iVersion = 2;
        layer.pNext = 0;
        layer.zName = "fault";
        layer.szOsFile = (int)sizeof(struct fault_file) + real->szOsFile;
        layer.xOpen = vfs_open;
        layer.xDelete = vfs_delete;
        layer.xAccess = vfs_access;
        layer.xFullPathname = vfs_full_pathname;
        layer.xDlOpen = vfs_dl_open;
        layer.xDlError = vfs_dl_error;
        layer.xDlSym = vfs_dl_sym;
        layer.xDlClose = vfs_dl_close;
        layer.xRandomness = vfs_randomness;
        layer.xSleep = vfs_sleep;
        layer.xCurrentTime = vfs_time;
        layer.xGetLastError = vfs_error;
        layer.xCurrentTimeInt64 = vfs_time_int64;
        code = sqlite3_vfs_register(&layer, 1);
    }
    pthread_mutex_unlock(&lock);
    return code;
}

int fault_vfs_watch(const char *prefix, fault_vfs_hook hook, void *context) {
    int found = 0;
    if (strlen(prefix) >= LONGEST_PREFIX) return 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST_WATCHED && !found; i++) {
        if (watches[i].hook != 0) continue;
        strcpy(watches[i].prefix, prefix);
        watches[i].context = context;
        watches[i].hook = hook;
        found = 1;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void fault_vfs_unwatch(const char *prefix) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST_WATCHED; i++) {
        if (watches[i].hook != 0 && strcmp(watches[i].prefix, prefix) == 0) watches[i].hook = 0;
    }
    pthread_mutex_unlock(&lock);
}
