#ifndef CLIBXML2_H
#define CLIBXML2_H

#include <stdbool.h>
#include <stddef.h>

// libxml2's parsers of HTML and XML, opened when the first such file is read. No tree is built, so
// that memory does not grow with the document, and no entity of a document is expanded.

enum libxml2_result {
    LIBXML2_DONE,
    /// The handler stopped it.
    LIBXML2_STOPPED,
    /// XML that is not well-formed; HTML always is.
    LIBXML2_DAMAGED,
    LIBXML2_TOO_DEEP,
    LIBXML2_NO_MEMORY,
};

/// What is called while a document is parsed. All strings are UTF-8.
struct libxml2_handler {
    void *context;
    /// `attributes`: names and values in turn, then NULL; itself NULL if there are none. A value may be
    /// NULL. Returning false stops the parser.
    bool (*start)(void *context, const char *name, const char *const *attributes);
    void (*end)(void *context, const char *name);
    /// Returning false stops the parser.
    bool (*text)(void *context, const char *bytes, size_t count);
};

bool libxml2_available(void);

/// Parses a document in memory. `is_utf8`: it is UTF-8, whatever it says itself.
enum libxml2_result libxml2_parse(
    const char *bytes, size_t count, bool is_html, bool is_utf8, const struct libxml2_handler *handler);

#endif
