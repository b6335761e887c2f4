/// Pages of `vdb help TOPIC`, and of the manual, that are about no single command.
enum HelpTopics {
    struct Topic {
        let name: String
        let abstract: String
        let body: String
        /// Whether the man page of `vdb` has the topic, too.
        var isPartOfManual = false
    }

    static let all = [
        Topic(name: "filters", abstract: "the language of --where", body: filters),
        Topic(name: "formats", abstract: "what vdb reads", body: formats),
        Topic(
            name: "exit-status", abstract: "how vdb ends", body: exitStatus, isPartOfManual: true),
        Topic(
            name: "environment", abstract: "variables that vdb reads", body: environment,
            isPartOfManual: true),
    ]

    static let names = all.map(\.name)

    /// The page that the arguments ask for, else `nil`.
    static func page(for arguments: [String]) -> String? {
        guard arguments.count == 2, arguments[0] == "help",
            let topic = all.first(where: { $0.name == arguments[1] })
        else { return nil }
        return topic.name.uppercased() + ": " + topic.abstract + "\n\n" + topic.body
    }

    private static let filters = """
          field = value   !=  <  <=  >  >=      a value may stand on the left, too
          field [NOT] IN (value, ...)
          field [NOT] BETWEEN value AND value   both bounds are included
          field [NOT] LIKE 'pattern'            % is any run of characters, _ is one; only ASCII
                                                letters match in either case
          field [NOT] ILIKE 'pattern'           the same, and all letters match in either case
          ... LIKE '50\\%' ESCAPE '\\'           the character after \\ stands for itself
          field [NOT] CONTAINS 'text'           the text is in it, in either case
          field IS [NOT] NULL                   it is missing or null
          field                                 it is true, or a number other than 0
          NOT a   a AND b   a OR b   (a)        in this order of binding
          TRUE   FALSE                          always, never

        Fields are metadata; 'vdb fields' lists them. id and title are the document's own. Files have
        file.path, file.name, file.extension, file.size (bytes) and file.modified. A name is letters,
        digits and _; any other is written in double quotes: "my field"; so is a metadata field that is
        named like a keyword, or "id". author.name is the field name of the object author.

        Values are numbers, TRUE, FALSE, 'text' ('' in it stands for one quote), and dates:
        DATE '2024-01-31', DATE '2024-01', DATE '2024', DATE '2024-01-31T12:00:00+02:00'. A date compares
        with texts that hold a date, in ISO 8601 or as in mail; without an offset it is UTC. = holds within
        the whole day, month or year. Numbers compare with numbers, text with text, byte by byte.

        A field that is an array is compared by its elements: tag = 'a' finds documents one of whose tags is
        a, tag != 'a' those that have tags, none of them a.

        Comparing a missing field is neither true nor false, and so is its negation: year != 2020,
        NOT year = 2020 and year NOT IN (2020) find only documents that have a year. NOT draft also finds
        documents without the field.

        Examples:
          lang = 'en' AND year >= 2020 AND tag IN ('a', 'b') AND NOT draft
          date BETWEEN DATE '2024-01-01' AND DATE '2024-06'
          id LIKE 'archive/%' OR title CONTAINS 'volcano'
          file.extension = 'pdf' AND file.size > 1000000
        """

    private static let formats = """
          JSON Lines, JSON arrays   .jsonl .ndjson .json   keys _id or id, title, text, metadata, vector;
                                                           other keys are metadata
          CSV, TSV                  .csv .tsv              a header with the column text; or id, tab, text;
                                                           --types, --delimiter, --no-header
          Parquet                   .parquet               columns as the keys of JSON Lines; needs duckdb
          text                      .txt .text .adoc
          Markdown, Org, reST       .md .org .rst          titled by a heading; YAML or TOML at the top of
                                                           Markdown or text is metadata
          source code               .py .swift .c ...      cut at definitions and blank lines
          HTML                      .html .htm             needs libxml2
          PDF                       .pdf                   needs pdftotext (poppler-utils)
          DOCX, ODT, EPUB           .docx .odt .epub       need libxml2 and libzip
          Jupyter notebooks         .ipynb                 without outputs
          mail                      .eml .mbox             without attachments
          vectors                   .npy .npz .fvecs       with --ids

        Any of them may be compressed with gzip, zstd, bzip2 or xz. The extension tells the format, else the
        content; --format says it. Text is UTF-8, or UTF-16 with a byte order mark; --encoding names another.
        Of a text of more than 64 MiB, every 4 MiB are a document: big.log, big.log#2, and so on.

        The file of --ids has one id a line, or is JSON Lines with one document for each vector.

        The file of 'vdb query --queries' has an id, a tab and a text a line, or is JSON Lines with _id, text
        and perhaps vector, or .npy. Queries without ids are numbered.
        """

    private static let exitStatus = """
            0  done
           64  the command line is wrong
           65  bad data: a line that does not parse, a model that does not match
           66  a file or document does not exist
           69  something needed is not available, such as a server
           73  a file or a database cannot be created
           74  reading or writing failed
           75  try again: another process is writing to the database, or the connection to it was lost
          130  interrupted; what was acknowledged is stored

        Results are on standard output, messages on standard error. A message is one line: what is wrong,
        where, and what to do.
        """

    private static let environment = """
          VDB_DB                the database, if --db is not given
          PGPASSWORD, PGSERVICE and the others of libpq, for --db postgres://
          VDB_API_KEY           a key of 'vdb serve' that may write
          VDB_READ_API_KEY      one that only reads
          VDB_MODELS            the store of models (else XDG_DATA_HOME/vdb/models)
          VDB_KERNELS           forces kernels: portable, avx2, avx512, avx512bf16
          OPENBLAS_CORETYPE     forces OpenBLAS's kernels
          NO_COLOR              if not empty, nothing is bold or dim; neither is it if TERM is dumb
          COLUMNS               the width of a table, if standard output is not a terminal
          XDG_CACHE_HOME        'vdb eval' keeps databases in vdb/eval below it (else ~/.cache)
          XDG_DATA_HOME         the store of models is in vdb/models below it (else ~/.local/share)
          HF_TOKEN              the token for downloads from Hugging Face; also HF_TOKEN_PATH
          HF_ENDPOINT           the hub's address
          HF_HOME, HF_HUB_CACHE where Hugging Face's programs keep models
          HF_HUB_OFFLINE        if 1, nothing is downloaded
          OLLAMA_MODELS         where Ollama keeps models
        """
}
