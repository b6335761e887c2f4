#ifndef CLIBCURL_H
#define CLIBCURL_H

#include <stdbool.h>
#include <stddef.h>

/// Whether libcurl can be opened on this machine. The first call opens it.
bool libcurl_available(void);

/// A connection, or several, that later transfers use again. Of one thread at a time.
struct libcurl_session;

/// Null without libcurl, or without memory.
struct libcurl_session *libcurl_session_new(void);
void libcurl_session_free(struct libcurl_session *session);

struct libcurl_request {
    /// Absolute; http or https.
    const char *url;
    /// `Name: value`
    const char *const *headers;
    size_t header_count;
    const char *user_agent;
    /// A file of certificates to trust in place of the system's; null for the system's.
    const char *certificates;
    /// Whether only the head is asked for.
    bool without_body;
    /// How long a transfer may move no byte before it fails.
    long stall_seconds;
};

/// Takes a line of the head, or a piece of the body; false ends the transfer.
typedef bool (*libcurl_sink)(void *context, const char *bytes, size_t count);

struct libcurl_result {
    /// 0, or libcurl's error number.
    int code;
    long status;
    /// Where a redirect leads, made absolute; null if the answer is none. Valid until the next transfer.
    const char *location;
    /// What went wrong, in libcurl's words.
    char message[256];
};

/// Makes one request and follows no redirect. Certificates are always checked.
void libcurl_perform(
    struct libcurl_session *session, const struct libcurl_request *request, libcurl_sink head,
    libcurl_sink body, void *context, struct libcurl_result *result);

#endif
