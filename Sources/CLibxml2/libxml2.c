// libxml2, opened when it is needed, as libcurl is; see CLibcurl. The handler's layout is that of
// parser.h, which has been the same since 2.6 (2003) and is part of the binary interface. Its first
// version is used, whose names of elements include the prefix.

#include "CLibxml2.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

// xmlSAXHandler: 27 functions, then `initialized`, then what only later versions have.
enum { SLOTS = 27 };
enum { START_ELEMENT = 14, END_ELEMENT = 15, CHARACTERS = 17, IGNORABLE_WHITESPACE = 18, CDATA = 25 };

struct sax {
    void *slots[SLOTS];
    unsigned initialized;
    void *private_data;
    void *later[3];
};

enum { ENCODING_NONE = 0, ENCODING_UTF8 = 1 };
enum { OPTION_NO_ERROR = 1 << 5, OPTION_NO_WARNING = 1 << 6, OPTION_NO_NETWORK = 1 << 11 };

// Elements inside of each other. More would let a crafted file take quadratic time, since an end tag
// is looked for among all open elements.
enum { DEEPEST = 1000 };

static void *(*html_new)(struct sax *, void *, const char *, int, const char *, int);
static int (*html_options)(void *, int);
static int (*html_chunk)(void *, const char *, int, int);
static void (*html_free)(void *);
static void *(*xml_new)(struct sax *, void *, const char *, int, const char *);
static int (*xml_options)(void *, int);
static int (*xml_chunk)(void *, const char *, int, int);
static void (*xml_free)(void *);
static void (*stop_parser)(void *);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_available;

static void open_library(void) {
    static const char *const names[] = {
        "libxml2.so.2", "libxml2.so.16", "libxml2.so", "libxml2.2.dylib",
    };
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    *(void **)&html_new = dlsym(library, "htmlCreatePushParserCtxt");
    *(void **)&html_options = dlsym(library, "htmlCtxtUseOptions");
    *(void **)&html_chunk = dlsym(library, "htmlParseChunk");
    *(void **)&html_free = dlsym(library, "htmlFreeParserCtxt");
    *(void **)&xml_new = dlsym(library, "xmlCreatePushParserCtxt");
    *(void **)&xml_options = dlsym(library, "xmlCtxtUseOptions");
    *(void **)&xml_chunk = dlsym(library, "xmlParseChunk");
    *(void **)&xml_free = dlsym(library, "xmlFreeParserCtxt");
    *(void **)&stop_parser = dlsym(library, "xmlStopParser");
    void (*init)(void);
    *(void **)&init = dlsym(library, "xmlInitParser");
    is_available = html_new && html_options && html_chunk && html_free && xml_new && xml_options &&
        xml_chunk && xml_free && stop_parser && init;
    if (is_available) init();
}

bool libxml2_available(void) {
    pthread_once(&once, open_library);
    return is_available;
}

struct parse {
    const struct libxml2_handler *handler;
    void *parser;
    int depth;
    enum libxml2_result result;
};

static void stop(struct parse *parse, enum libxml2_result result) {
    if (parse->result == LIBXML2_DONE) parse->result = result;
    if (parse->parser) stop_parser(parse->parser);
}

static void start_element(void *data, const char *name, const char **attributes) {
    struct parse *parse = data;
    if (parse->result != LIBXML2_DONE) return;
    if (++parse->depth > DEEPEST) return stop(parse, LIBXML2_TOO_DEEP);
    if (!parse->handler->start(parse->handler->context, name, (const char *const *)attributes))
        stop(parse, LIBXML2_STOPPED);
}

static void end_element(void *data, const char *name) {
    struct parse *parse = data;
    if (parse->result != LIBXML2_DONE) return;
    parse->depth--;
    parse->handler->end(parse->handler->context, name);
}

static void characters(void *data, const char *bytes, int count) {
    struct parse *parse = data;
    if (parse->result != LIBXML2_DONE || count <= 0) return;
    if (!parse->handler->text(parse->handler->context, bytes, (size_t)count))
        stop(parse, LIBXML2_STOPPED);
}

enum libxml2_result libxml2_parse(
    const char *bytes, size_t count, bool is_html, bool is_utf8,
    const struct libxml2_handler *handler) {
    if (!libxml2_available()) return LIBXML2_NO_MEMORY;
    struct parse parse = {.handler = handler};
    struct sax sax = {0};
    void (*start)(void *, const char *, const char **) = start_element;
    void (*end)(void *, const char *) = end_element;
    void (*text)(void *, const char *, int) = characters;
    sax.slots[START_ELEMENT] = *(void **)&start;
    sax.slots[END_ELEMENT] = *(void **)&end;
    sax.slots[CHARACTERS] = *(void **)&text;
    sax.slots[IGNORABLE_WHITESPACE] = *(void **)&text;
    sax.slots[CDATA] = *(void **)&text;
    int encoding = is_utf8 ? ENCODING_UTF8 : ENCODING_NONE;
    int options = OPTION_NO_ERROR | OPTION_NO_WARNING | OPTION_NO_NETWORK;
    // The first bytes say the encoding, if nothing else does.
    size_t first = is_html && is_utf8 ? 0 : count < 4 ? count : 4;
    parse.parser = is_html
        ? html_new(&sax, &parse, bytes, (int)first, NULL, encoding)
        : xml_new(&sax, &parse, bytes, (int)first, NULL);
    if (!parse.parser) return LIBXML2_NO_MEMORY;
    (is_html ? html_options : xml_options)(parse.parser, options);
    // In pieces, since the parser takes lengths as int, and stops between them.
    int code = 0;
    for (size_t done = first; parse.result == LIBXML2_DONE && code == 0;) {
        size_t piece = count - done < 1 << 16 ? count - done : 1 << 16;
        int is_last = done + piece == count;
        int found = (is_html ? html_chunk : xml_chunk)(
            parse.parser, bytes + done, (int)piece, is_last);
        if (!is_html) code = found;
        done += piece;
        if (is_last) break;
    }
    if (parse.result == LIBXML2_DONE && code != 0) parse.result = LIBXML2_DAMAGED;
    (is_html ? html_free : xml_free)(parse.parser);
    return parse.result;
}
