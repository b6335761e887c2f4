import ArgumentParser
import AutoRegEmbed
import FileFormat
import Foundation
import PostgresStorage
import Synchronization
import TextBytes
import VectorDatabase

/// `vdb ingest`: adds documents from files to a collection.
struct IngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Add documents from files, folders or standard input.",
        discussion: """
            Examples:
              vdb ingest ~/notes
              vdb ingest ~/notes --watch
              vdb ingest corpus.jsonl.gz --on-error skip
              vdb ingest base.fvecs --ids ids.txt --metric cosine
              generate | vdb ingest - --format jsonl

            Files are read by their extension: JSON Lines, JSON, CSV, TSV and Parquet, whose records are documents; \
            text, Markdown, Org, reStructuredText, source code, HTML, PDF, DOCX, ODT, EPUB, Jupyter \
            notebooks and mail, each file or message a document; vectors in .npy, .npz and .fvecs. Files \
            may be compressed with gzip, zstd, bzip2 or xz.

            Long documents are split into passages of 256 tokens with an overlap of 32, and found by \
            their best passage. So is a line of JSONL, TSV or CSV if it is longer than the model \
            reads, or with --chunk-tokens. Repeating an ingest encodes only what has changed, so an interrupted one resumes where it \
            stopped.

            CSV has a header with a column text and usually id and title; other columns are \
            metadata. A column holds numbers or booleans if all its cells do, else text: zip codes \
            with leading zeros are text. --types says otherwise. A line of TSV is an id, a tab and a \
            text, unless the file has a header like CSV.

            A file in a folder that cannot be read is named, counted and skipped; --rejects lists all \
            of them. A file or record that was named on the command line stops the run, unless \
            --on-error is skip. With --on-error stop, the first failure in a folder ends the run, too, \
            with status 65; what was stored before it remains.

            With --sync, documents whose file is gone are deleted; one whose file was renamed or moved \
            keeps its vectors. All documents of a folder are deleted only with --max-delete, since its \
            disk may not be mounted. --watch keeps the collection current until interrupted.

            With --job, every process that is started with the same name, files and options shares the \
            work, and takes over that of one that has died; this needs PostgreSQL. JSONL and TSV are cut at line ends.

            Of a text of more than 64 MiB, every 4 MiB are a document.

            In a folder, files are taken by their extension. What .gitignore and .ignore files leave out, \
            and hidden files, are not read; links are followed, but nothing is read twice. Text may be \
            UTF-8, or UTF-16 with a byte order mark; --encoding names another.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case auto, jsonl, tsv, csv, text, markdown, org, rst, code, html, pdf, docx, odt, epub,
            ipynb
        case eml, mbox, parquet
    }
    enum OnError: String, ExpressibleByArgument, CaseIterable { case stop, skip }
    enum SummaryFormat: String, ExpressibleByArgument, CaseIterable { case json }

    @Argument(help: "Files, folders, or - for standard input.", completion: .file())
    var paths: [String]

    @Option(help: "The format of the files.")
    var format = Format.auto

    @Option(help: "What to do if a document's id exists with other content.")
    var onConflict = IngestOptions.Conflict.replace

    @Option(
        help: ArgumentHelp("The key or column of the id (default: _id, else id).", valueName: "f"))
    var idField: String?

    @Option(help: ArgumentHelp("The key or column of the text (default: text).", valueName: "f"))
    var textField: String?

    @Option(help: ArgumentHelp("The key or column of the title (default: title).", valueName: "f"))
    var titleField: String?

    @Option(
        help: ArgumentHelp(
            "The separator of a CSV file's fields: one character or tab (default: detected).",
            valueName: "c"))
    var delimiter: Delimiter?

    @Flag(
        name: .customLong("no-header"),
        help: """
            The first line of a CSV file is a row, not a header; the columns are column1, column2 and \
            so on, of which two are an id and a text.
            """)
    var noHeader = false

    @Option(
        help: ArgumentHelp(
            "The types of CSV columns: text, number or boolean (default: by their values).",
            valueName: "column:type,..."))
    var types: [String] = []

    @Option(
        help: ArgumentHelp(
            "The ids of .fvecs, .npy or .npz vectors, one a line.", valueName: "file"),
        completion: .file())
    var ids: String?

    @Option(
        help: ArgumentHelp(
            """
            Tokens in a passage, also of records, at most what the model reads; 0 splits nothing \
            (default: 256 for files, and for records that are longer than the model reads).
            """, valueName: "n"))
    var chunkTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Tokens that consecutive passages share (default: 32).", valueName: "n"))
    var chunkOverlap: Int?

    @Option(
        help: ArgumentHelp("The most documents encoded at once (default: 1024).", valueName: "n"))
    var batchSize: Int?

    @Option(
        help: """
            Whether to stop at what cannot be read, or to skip it (default: skip in folders, else \
            stop).
            """)
    var onError: OnError?

    @Option(
        help: ArgumentHelp(
            "Write what could not be read, or not stored, to this file, one JSON object a line.",
            valueName: "file"), completion: .file())
    var rejects: String?

    @Option(
        help: ArgumentHelp(
            """
            In folders, read only files that match this .gitignore pattern, whatever their \
            extension; repeatable.
            """, valueName: "pattern"))
    var include: [String] = []

    @Option(
        help: ArgumentHelp(
            "In folders, leave out files and folders that match this pattern; repeatable.",
            valueName: "pattern"))
    var exclude: [String] = []

    @Flag(help: "Read what .gitignore and .ignore files leave out, too.")
    var noIgnore = false

    @Flag(help: "Read hidden files and folders, too.")
    var hidden = false

    @Option(
        help: ArgumentHelp(
            "The encoding of text that is not UTF-8, as iconv names it: ISO-8859-15, SHIFT_JIS, ….",
            valueName: "name"))
    var encoding: String?

    @Flag(help: "Name every file that is skipped, and why.")
    var verbose = false

    @Flag(help: "Print {\"acknowledged\": n} after each commit; n counts documents.")
    var acknowledge = false

    @Option(help: "Print the summary on standard output in this format.")
    var summary: SummaryFormat?

    @Option(help: "The metric of a new collection: ip, cosine or l2 (default: ip).")
    var metric: Metric?

    @OptionGroup var postgres: PostgresArguments
    @OptionGroup var graph: GraphArguments
    @OptionGroup var synchronize: SynchronizeArguments
    @OptionGroup var job: JobArguments
    @OptionGroup var model: ModelArguments
    @OptionGroup var prompts: PromptArguments
    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        try require(batchSize, in: NumberLimits.batch, "--batch-size")
        let tokens = 0...NumberLimits.tokens.upperBound
        try require(chunkTokens, in: tokens, "--chunk-tokens")
        try require(chunkOverlap, in: tokens, "--chunk-overlap")
        let passage = chunkTokens ?? Chunking.defaultMaximumTokens
        if let chunkOverlap, passage > 0, chunkOverlap >= passage {
            throw ValidationError(
                "--chunk-overlap must be less than the \(passage) tokens of a passage, not "
                    + "\(chunkOverlap)")
        }
        try synchronize.check(paths)
        try job.check(self)
        if let encoding, TextEncoding(encoding) == nil {
            throw ValidationError(
                "--encoding: '\(encoding)' is not known; 'iconv --list' shows the names")
        }
        if let pattern = selection.unusablePattern {
            throw ValidationError("--include and --exclude: '\(pattern)' is not a pattern")
        }
        if let wrong = columnTypes.first(where: { $0.type == nil }) {
            throw ValidationError(
                "--types: '\(wrong.text)' must be column:type, where type is text, number or boolean"
            )
        }
        if paths.count(where: { $0 == "-" }) > 1 {
            throw ValidationError("standard input (-) can be read only once")
        }
    }

    func run() async throws {
        let rejectsFile = try rejects.map { try RejectsFile(path: $0) }
        if let name = job.name {
            try await work(on: name, rejectsFile)
            try rejectsFile?.close()
            return
        }
        let reader = try openReader(rejectsFile)
        if synchronize.dryRun {
            try await preview(reader, rejectsFile)
            try rejectsFile?.close()
            return
        }
        Interruption.finishesCleanly()
        Output.survivesLostReader()
        let finder = try model.finder(threads: general.threads, prompts: prompts)
        let database = try openForWriting(finder)
        do {
            let collection = database.collection(arguments.collection)
            let isNew = try !database.collectionNames().contains {
                $0.hasSameBytes(as: arguments.collection)
            }
            let exported = Self.exported(reader.progress, given: finder.given)
            try refuseAnotherModel(than: finder.given, in: collection)
            let inserted = try await ingest(
                reader, into: collection, IngestReport(reader.progress, self, rejectsFile),
                exported)
            if isNew, let fields = exported()?.indexedFields, inserted > 0 {
                for field in fields { try await index(field, in: collection) }
            }
            if synchronize.watch {
                try await watch(collection, after: reader.snapshot, rejectsFile)
            }
        } catch {
            try? database.close()
            throw statusOfStop(error)
        }
        try database.close()
        try rejectsFile?.close()
    }

    /// Filters need no index, so it does not matter if the database cannot have one.
    private func index(_ field: String, in collection: DocumentCollection) async throws {
        do { try await collection.indexField(field) } catch DatabaseError.storeUnavailable {}
    }

    func openForWriting(_ finder: ModelFinder) throws -> Database {
        var server = graph.server
        postgres.set(&server)
        return try arguments.open(
            .create, general, lock, models: finder, server: server,
            neighborCodes: graph.neighborCodes)
    }

    /// Ingests what a reader finds, and reports it.
    ///
    /// - Parameters:
    ///   - exported: the settings of a collection whose export is read.
    ///   - change: adapts the options.
    /// - Returns: the number of documents inserted.
    @discardableResult
    func ingest(
        _ reader: DocumentReader, into collection: DocumentCollection, _ report: IngestReport,
        _ exported: @escaping @Sendable () -> CollectionSettings? = { nil },
        adapting change: (inout IngestOptions) -> Void = { _ in }
    ) async throws -> Int {
        do {
            var options = ingestOptions(reader, report, exported)
            change(&options)
            var summary = try await collection.ingest(
                reader, options: options, progress: report.show)
            report.clear()
            summary.documents += reader.progress.failed
            summary.failed += reader.progress.failed
            report.finish(summary, prints: self.summary == .json)
            Output.flush()
            return summary.inserted
        } catch {
            report.clear()
            throw error
        }
    }

    func openReader(
        _ rejects: RejectsFile?, changedSince snapshot: SourceSnapshot? = nil
    ) throws -> DocumentReader {
        var options = sourceOptions
        if let rejects { options.failed = { failure in rejects.add(failure) } }
        do {
            return try DocumentReader(locations, options: options, changedSince: snapshot)
        } catch {
            throw statusOfStop(error)
        }
    }

    /// With `--on-error stop`, whatever is wrong with a folder's content is bad data.
    private func statusOfStop(_ error: any Error) -> any Error {
        guard onError == .stop, let error = error as? SourceError,
            !locations.contains(SourcePath(error.path))
        else { return error }
        return CommandFailure(.badData, error.sentence)
    }

    private var selection: FileSelection {
        var selection = FileSelection()
        selection.include = include
        selection.exclude = exclude
        selection.obeysIgnoreFiles = !noIgnore
        selection.includesHidden = hidden
        return selection
    }

    /// The paths' bytes.
    var locations: [SourcePath] { paths.map(RawArguments.path) }

    /// Rejects a wrong `--model` even if all documents are unchanged and none would be encoded.
    func refuseAnotherModel(
        than given: (any ModelEmbedder)?, in collection: DocumentCollection
    ) throws {
        guard given != nil,
            let recorded = try? collection.statistics(includesBytes: false), recorded.model != nil
        else { return }
        _ = try collection.embedder
    }

    /// The settings of the collection in an export that is being read. A model given by `--model`
    /// replaces the recorded one.
    static func exported(
        _ progress: SourceProgress, given: (any ModelEmbedder)?
    ) -> @Sendable () -> CollectionSettings? {
        let fingerprint = given?.identity.fingerprint
        return {
            var settings = progress.exported
            if let fingerprint, settings?.model?.fingerprint != fingerprint {
                settings?.model = nil
            }
            return settings
        }
    }

    /// The parts of `--types`; a type is `nil` if a part is wrong.
    private var columnTypes: [(text: Substring, column: String, type: CSVColumnType?)] {
        types.flatMap { $0.split(separator: ",") }.map { part in
            guard let colon = part.lastIndex(of: ":"), colon > part.startIndex else {
                return (part, "", nil)
            }
            let type = CSVColumnType(rawValue: String(part[part.index(after: colon)...]))
            return (part, String(part[..<colon]), type)
        }
    }

    var sourceOptions: SourceOptions {
        var options = SourceOptions()
        options.format = SourceFormat(rawValue: format.rawValue) ?? .automatic
        options.idField = idField
        options.textField = textField
        options.titleField = titleField
        options.delimiter = delimiter?.byte
        options.hasHeader = !noHeader
        options.columnTypes = columnTypes.compactMap { part in
            part.type.map { (part.column, $0) }
        }
        options.idsPath = ids
        options.skipsFailures = onError == .skip
        options.stopsInFolders = onError == .stop
        options.selection = selection
        options.encoding = encoding
        options.databasePath = arguments.location.path
        options.baseFolder = arguments.location.path.map { parentFolder(of: $0) }
        if options.baseFolder?.isEmpty == true { options.baseFolder = nil }
        return options
    }

    func ingestOptions(
        _ reader: DocumentReader, _ report: IngestReport,
        _ exported: @escaping @Sendable () -> CollectionSettings?
    ) -> IngestOptions {
        var options = ingestOptions
        options.exported = exported
        options.failed = { document, error in report.fail(error, document) }
        if synchronize.deletes {
            options.synchronizedSources = locations.map(DocumentReader.source(ofPath:))
            options.existingSources = reader.snapshot.sources
            options.unreadableSources = { report.unreadableSources }
            if let limit = synchronize.maxDelete?.limit { options.deletionLimit = limit }
        }
        return options
    }

    /// The options that do not depend on what is read.
    var ingestOptions: IngestOptions {
        var options = IngestOptions()
        options.onConflict = onConflict
        options.onFailure =
            onError == .skip || onError == nil && locations.allSatisfy(\.isFolder) ? .skip : .stop
        if let batchSize { options.batchSize = batchSize }
        options.chunking = chunking
        options.metric = metric
        if acknowledge {
            options.acknowledged = { count in
                Output.line("{\"acknowledged\": \(count)}")
                Output.flush()
            }
        }
        return options
    }

    private var chunking: Chunking? {
        if chunkTokens == 0 { return nil }
        return Chunking(
            maximumTokens: chunkTokens ?? Chunking.defaultMaximumTokens,
            overlapTokens: chunkOverlap ?? Chunking.defaultOverlapTokens,
            cutsRecords: chunkTokens != nil)
    }
}

extension IngestOptions.Conflict: ExpressibleByArgument {}
extension Metric: ExpressibleByArgument {}

/// `--delimiter`: one ASCII character, or `tab`.
struct Delimiter: ExpressibleByArgument {
    let byte: UInt8

    init?(argument: String) {
        let text = argument == "tab" || argument == "\\t" ? "\t" : argument
        guard let byte = text.utf8.first, text.utf8.count == 1, byte < 128,
            ![UInt8(ascii: "\""), 10, 13, 0].contains(byte)
        else { return nil }
        self.byte = byte
    }

    var defaultValueDescription: String { String(UnicodeScalar(byte)) }
}
