// Shows Swift's Mutex to the thread sanitizer.
//
// A Mutex that nobody holds is taken and given back by an atomic operation in our own, instrumented
// code, which the sanitizer sees. One that is contended goes through these three functions of the
// Synchronization library, which is not instrumented: without them, all that a contended Mutex
// protects is reported. They stand before the library's own, call these, and say what they order.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

extern void __tsan_acquire(void *address);
extern void __tsan_release(void *address);

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

static void *original(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) {
        fprintf(stderr, "the Synchronization library has no %s any more: see %s\n", name, __FILE__);
        abort();
    }
    return function;
}

SWIFT void csm_lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK_SLOW);
SWIFT void csm_lock_slow(uint32_t thread, SELF void *mutex) {
    SWIFT void (*lock)(uint32_t, SELF void *) = original(LOCK_SLOW);
    lock(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT bool csm_try_lock_slow(SELF void *mutex) __asm__(TRY_LOCK_SLOW);
SWIFT bool csm_try_lock_slow(SELF void *mutex) {
    SWIFT bool (*try_lock)(SELF void *) = original(TRY_LOCK_SLOW);
    bool locked = try_lock(mutex);
    if (locked) __tsan_acquire(mutex);
    return locked;
}

SWIFT void csm_unlock_slow(SELF void *mutex) __asm__(UNLOCK_SLOW);
SWIFT void csm_unlock_slow(SELF void *mutex) {
    SWIFT void (*unlock)(SELF void *) = original(UNLOCK_SLOW);
    __tsan_release(mutex);
    unlock(mutex);
}
