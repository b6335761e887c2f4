#ifndef CPOSTGRES_H
#define CPOSTGRES_H

#include <stddef.h>

/// A connection, and the answer to a statement. libpq's PGconn, PGresult and PGcancel.
struct libpq_connection;
struct libpq_result;
struct libpq_cancel;

/// PQconninfoOption: a setting of a connection string; `value` is null if it is not set. The last one of an
/// array has no name.
struct libpq_option {
    char *name;
    char *environment;
    char *compiled;
    char *value;
    char *label;
    char *display;
    int size;
};

typedef void (*libpq_notice_processor)(void *context, const char *message);

/// The functions of libpq that are used, named as there without the prefix PQ. Its documentation says
/// what they do; numbers, such as of states, are below.
struct libpq {
    struct libpq_option *(*conninfoParse)(const char *text, char **error);
    void (*conninfoFree)(struct libpq_option *);
    void (*freemem)(void *);
    struct libpq_connection *(*connectdbParams)(
        const char *const *keywords, const char *const *values, int expand_dbname);
    void (*finish)(struct libpq_connection *);
    int (*status)(const struct libpq_connection *);
    int (*transactionStatus)(const struct libpq_connection *);
    int (*serverVersion)(const struct libpq_connection *);
    const char *(*parameterStatus)(const struct libpq_connection *, const char *name);
    char *(*errorMessage)(const struct libpq_connection *);
    int (*socket)(const struct libpq_connection *);
    int (*setnonblocking)(struct libpq_connection *, int);
    int (*consumeInput)(struct libpq_connection *);
    int (*isBusy)(struct libpq_connection *);
    int (*flush)(struct libpq_connection *);
    libpq_notice_processor (*setNoticeProcessor)(
        struct libpq_connection *, libpq_notice_processor, void *context);

    int (*sendQueryParams)(
        struct libpq_connection *, const char *command, int count, const unsigned *types,
        const char *const *values, const int *lengths, const int *formats, int result_format);
    struct libpq_result *(*getResult)(struct libpq_connection *);
    int (*enterPipelineMode)(struct libpq_connection *);
    int (*exitPipelineMode)(struct libpq_connection *);
    int (*pipelineSync)(struct libpq_connection *);
    int (*putCopyData)(struct libpq_connection *, const char *bytes, int count);
    int (*putCopyEnd)(struct libpq_connection *, const char *error);

    struct libpq_cancel *(*getCancel)(struct libpq_connection *);
    int (*cancel)(struct libpq_cancel *, char *message, int size);
    void (*freeCancel)(struct libpq_cancel *);

    void (*clear)(struct libpq_result *);
    int (*resultStatus)(const struct libpq_result *);
    char *(*resultErrorField)(const struct libpq_result *, int field);
    int (*ntuples)(const struct libpq_result *);
    int (*nfields)(const struct libpq_result *);
    int (*getisnull)(const struct libpq_result *, int row, int column);
    int (*getlength)(const struct libpq_result *, int row, int column);
    char *(*getvalue)(const struct libpq_result *, int row, int column);
    char *(*cmdTuples)(struct libpq_result *);
};

/// Opens libpq when it is first called. Null without it, and if it is older than version 14, the first
/// with pipelines.
const struct libpq *libpq_load(void);

/// ConnStatusType.
enum { LIBPQ_CONNECTION_OK = 0 };

/// ExecStatusType.
enum {
    LIBPQ_COMMAND_OK = 1,
    LIBPQ_TUPLES_OK = 2,
    LIBPQ_COPY_IN = 4,
    LIBPQ_FATAL_ERROR = 7,
    LIBPQ_PIPELINE_SYNC = 10,
    LIBPQ_PIPELINE_ABORTED = 11,
};

/// PGTransactionStatusType.
enum { LIBPQ_TRANSACTION_IDLE = 0 };

/// Fields of an error.
enum {
    LIBPQ_FIELD_STATE = 'C',
    LIBPQ_FIELD_MESSAGE = 'M',
    LIBPQ_FIELD_DETAIL = 'D',
    LIBPQ_FIELD_CONSTRAINT = 'n',
};

#endif
