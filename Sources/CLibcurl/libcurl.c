// libcurl, opened when the first download is asked for. Linked, it and the twenty libraries that it
// needs would be loaded whenever the program starts, which takes longer than answering a query.
//
// The numbers below are those of curl.h, which never change: libcurl.so.4 has kept its binary
// interface since 2006.

#include "CLibcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { GLOBAL_ALL = 3 };

enum {
    OPTION_LOW_SPEED_LIMIT = 19,
    OPTION_LOW_SPEED_TIME = 20,
    OPTION_NOBODY = 44,
    OPTION_FOLLOWLOCATION = 52,
    OPTION_SSL_VERIFYPEER = 64,
    OPTION_CONNECTTIMEOUT = 78,
    OPTION_HTTPGET = 80,
    OPTION_SSL_VERIFYHOST = 81,
    OPTION_BUFFERSIZE = 98,
    OPTION_NOSIGNAL = 99,
    OPTION_PROTOCOLS = 181,
    OPTION_WRITEDATA = 10001,
    OPTION_URL = 10002,
    OPTION_ERRORBUFFER = 10010,
    OPTION_USERAGENT = 10018,
    OPTION_HTTPHEADER = 10023,
    OPTION_HEADERDATA = 10029,
    OPTION_CAINFO = 10065,
    OPTION_WRITEFUNCTION = 20011,
    OPTION_HEADERFUNCTION = 20079,
};

enum { PROTOCOL_HTTP = 1, PROTOCOL_HTTPS = 2 };

enum { INFO_RESPONSE_CODE = 0x200000 + 2, INFO_REDIRECT_URL = 0x100000 + 31 };

enum { CODE_FAILED_INIT = 2, CODE_OUT_OF_MEMORY = 27 };

static int (*global_init)(long);
static void *(*easy_init)(void);
static void (*easy_cleanup)(void *);
static void (*easy_reset)(void *);
static int (*easy_setopt)(void *, int, ...);
static int (*easy_perform)(void *);
static int (*easy_getinfo)(void *, int, ...);
static const char *(*easy_strerror)(int);
static void *(*slist_append)(void *, const char *);
static void (*slist_free_all)(void *);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_available;

static void open_library(void) {
    static const char *const names[] = {
        "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so", "libcurl.4.dylib",
    };
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    *(void **)&global_init = dlsym(library, "curl_global_init");
    *(void **)&easy_init = dlsym(library, "curl_easy_init");
    *(void **)&easy_cleanup = dlsym(library, "curl_easy_cleanup");
    *(void **)&easy_reset = dlsym(library, "curl_easy_reset");
    *(void **)&easy_setopt = dlsym(library, "curl_easy_setopt");
    *(void **)&easy_perform = dlsym(library, "curl_easy_perform");
    *(void **)&easy_getinfo = dlsym(library, "curl_easy_getinfo");
    *(void **)&easy_strerror = dlsym(library, "curl_easy_strerror");
    *(void **)&slist_append = dlsym(library, "curl_slist_append");
    *(void **)&slist_free_all = dlsym(library, "curl_slist_free_all");
    if (!global_init || !easy_init || !easy_cleanup || !easy_reset || !easy_setopt ||
        !easy_perform || !easy_getinfo || !easy_strerror || !slist_append || !slist_free_all)
        return;
    is_available = global_init(GLOBAL_ALL) == 0;
}

bool libcurl_available(void) {
    pthread_once(&once, open_library);
    return is_available;
}

struct libcurl_session {
    void *handle;
};

struct libcurl_session *libcurl_session_new(void) {
    if (!libcurl_available()) return NULL;
    struct libcurl_session *session = malloc(sizeof *session);
    if (!session) return NULL;
    session->handle = easy_init();
    if (session->handle) return session;
    free(session);
    return NULL;
}

void libcurl_session_free(struct libcurl_session *session) {
    if (!session) return;
    easy_cleanup(session->handle);
    free(session);
}

struct sinks {
    libcurl_sink head, body;
    void *context;
};

// Any other number than that of the bytes taken ends the transfer.
static size_t take_head(char *bytes, size_t size, size_t count, void *data) {
    struct sinks *sinks = data;
    return sinks->head(sinks->context, bytes, size * count) ? size * count : (size_t)-1;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *data) {
    struct sinks *sinks = data;
    return sinks->body(sinks->context, bytes, size * count) ? size * count : (size_t)-1;
}

static int set_options(
    void *handle, const struct libcurl_request *request, struct sinks *sinks, void *headers,
    char *message) {
    int failed = 0;
    failed |= easy_setopt(handle, OPTION_URL, request->url);
    failed |= easy_setopt(handle, OPTION_PROTOCOLS, (long)(PROTOCOL_HTTP | PROTOCOL_HTTPS));
    failed |= easy_setopt(handle, OPTION_FOLLOWLOCATION, 0L);
    failed |= easy_setopt(handle, OPTION_SSL_VERIFYPEER, 1L);
    failed |= easy_setopt(handle, OPTION_SSL_VERIFYHOST, 2L);
    failed |= easy_setopt(handle, OPTION_NOSIGNAL, 1L);
    failed |= easy_setopt(handle, OPTION_CONNECTTIMEOUT, 30L);
    failed |= easy_setopt(handle, OPTION_LOW_SPEED_LIMIT, 1L);
    failed |= easy_setopt(handle, OPTION_LOW_SPEED_TIME, request->stall_seconds);
    failed |= easy_setopt(handle, OPTION_HTTPHEADER, headers);
    failed |= easy_setopt(handle, OPTION_USERAGENT, request->user_agent);
    failed |= easy_setopt(handle, OPTION_ERRORBUFFER, message);
    failed |= easy_setopt(handle, OPTION_HEADERFUNCTION, take_head);
    failed |= easy_setopt(handle, OPTION_HEADERDATA, sinks);
    failed |= easy_setopt(handle, OPTION_WRITEFUNCTION, take_body);
    failed |= easy_setopt(handle, OPTION_WRITEDATA, sinks);
    if (request->without_body) failed |= easy_setopt(handle, OPTION_NOBODY, 1L);
    if (request->certificates) failed |= easy_setopt(handle, OPTION_CAINFO, request->certificates);
    // Larger pieces than the default; not every version takes it.
    easy_setopt(handle, OPTION_BUFFERSIZE, 256L << 10);
    return failed;
}

void libcurl_perform(
    struct libcurl_session *session, const struct libcurl_request *request, libcurl_sink head,
    libcurl_sink body, void *context, struct libcurl_result *result) {
    *result = (struct libcurl_result){0};
    void *handle = session->handle;
    // Connections stay open.
    easy_reset(handle);
    struct sinks sinks = {head, body, context};
    void *headers = NULL;
    for (size_t i = 0; i < request->header_count; i++) {
        void *longer = slist_append(headers, request->headers[i]);
        if (!longer) {
            slist_free_all(headers);
            result->code = CODE_OUT_OF_MEMORY;
            return;
        }
        headers = longer;
    }
    if (set_options(handle, request, &sinks, headers, result->message))
        result->code = CODE_FAILED_INIT;
    else
        result->code = easy_perform(handle);
    easy_getinfo(handle, INFO_RESPONSE_CODE, &result->status);
    char *location = NULL;
    easy_getinfo(handle, INFO_REDIRECT_URL, &location);
    result->location = location;
    if (result->code && !result->message[0])
        strncpy(result->message, easy_strerror(result->code), sizeof result->message - 1);
    // The handle outlives both.
    easy_setopt(handle, OPTION_HTTPHEADER, NULL);
    easy_setopt(handle, OPTION_ERRORBUFFER, NULL);
    slist_free_all(headers);
}
