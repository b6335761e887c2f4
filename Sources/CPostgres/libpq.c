// libpq, opened when the first connection is made. Linked, it and the twenty libraries that it needs
// would be loaded whenever the program starts, which takes milliseconds, and every application would
// need them.
//
// Types and numbers in the header are those of libpq-fe.h, which do not change: libpq.so.5 has kept its
// binary interface since 2006.

#include "CPostgres.h"

#include <dlfcn.h>
#include <pthread.h>

#define FUNCTIONS(X)     \
    X(conninfoParse)     \
    X(conninfoFree)      \
    X(freemem)           \
    X(connectdbParams)   \
    X(finish)            \
    X(status)            \
    X(transactionStatus) \
    X(serverVersion)     \
    X(parameterStatus)   \
    X(errorMessage)      \
    X(socket)            \
    X(setnonblocking)    \
    X(consumeInput)      \
    X(isBusy)            \
    X(flush)             \
    X(setNoticeProcessor) \
    X(sendQueryParams)   \
    X(getResult)         \
    X(enterPipelineMode) \
    X(exitPipelineMode)  \
    X(pipelineSync)      \
    X(putCopyData)       \
    X(putCopyEnd)        \
    X(getCancel)         \
    X(cancel)            \
    X(freeCancel)        \
    X(clear)             \
    X(resultStatus)      \
    X(resultErrorField)  \
    X(ntuples)           \
    X(nfields)           \
    X(getisnull)         \
    X(getlength)         \
    X(getvalue)          \
    X(cmdTuples)

static struct libpq functions;
static const struct libpq *loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    static const char *const names[] = {"libpq.so.5", "libpq.so", "libpq.5.dylib"};
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
#define LOAD(name)                                               \
    *(void **)&functions.name = dlsym(library, "PQ" #name);      \
    if (!functions.name) return;
    FUNCTIONS(LOAD)
    loaded = &functions;
}

const struct libpq *libpq_load(void) {
    pthread_once(&once, open_library);
    return loaded;
}
