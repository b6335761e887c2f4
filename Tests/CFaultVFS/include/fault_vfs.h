#ifndef FAULT_VFS_H
#define FAULT_VFS_H

/// A layer between SQLite and the file system that tells a hook of every operation on the files of
/// watched folders, before it is done, and does what the hook says: go on, fail, or write half and fail.
/// Files elsewhere go to the system's own VFS without a detour.

enum fault_vfs_operation {
    FAULT_VFS_OPEN = 1,
    FAULT_VFS_READ = 2,
    FAULT_VFS_WRITE = 3,
    FAULT_VFS_TRUNCATE = 4,
    FAULT_VFS_SYNC = 5,
    FAULT_VFS_DELETE = 6,
    FAULT_VFS_SIZE = 7,
    FAULT_VFS_SHARED_MEMORY = 8,
};

struct fault_vfs_event {
    enum fault_vfs_operation operation;
    const char *path;
    /// What is to be written.
    const void *bytes;
    /// Bytes to be read or written; the new length of a file that is truncated.
    long long count;
    long long offset;
    /// An opening may make the file; a deletion, or the first sync of a log or journal, syncs the
    /// folder as well.
    int flag;
};

/// - Returns: 0 to go on, or the SQLite error code that the operation fails with; for a write the
///   negative of one that it fails with after its first half was written.
typedef int (*fault_vfs_hook)(void *context, const struct fault_vfs_event *event);

/// Puts the layer in the place of the default VFS, once a process.
/// - Returns: an SQLite result code.
int fault_vfs_register(void);

/// Watches the files whose paths begin with `prefix`. Returns 0 where too many are watched.
int fault_vfs_watch(const char *prefix, fault_vfs_hook hook, void *context);

/// Ends it; every connection to those files must have been closed.
void fault_vfs_unwatch(const char *prefix);

#endif
