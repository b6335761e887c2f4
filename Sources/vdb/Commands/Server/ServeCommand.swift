import ArgumentParser
import Foundation
import VectorDatabase

#if SERVER
    import HTTPServer
    import ModelContext
#endif

/// `vdb serve`: the database behind HTTP.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a database over HTTP.",
        discussion: """
            Examples:
              vdb serve --db notes.vdb
              curl http://127.0.0.1:7373/v1/collections/default/query \\
                -H 'Content-Type: application/json' -d '{"query": "how long do apples keep?"}'

            GET /openapi.json describes every request. Once it answers, it prints one line with its \
            address. By default only programs of this machine reach it. Any other --listen needs keys, \
            from $VDB_API_KEY, $VDB_READ_API_KEY or --api-keys ('vdb key' makes one), and --tls-cert \
            with --tls-key, or --insecure if a proxy in front of it does TLS. SIGTERM lets running \
            requests end; SIGHUP reads keys and certificates again.
            """)

    @Option(
        help: ArgumentHelp(
            "The address; port 0 takes any free one.", valueName: "host:port"))
    var listen = "127.0.0.1:7373"

    @Option(
        help: ArgumentHelp(
            "Listen on a Unix domain socket instead.", valueName: "path"), completion: .file())
    var socket: String?

    @Flag(help: "Refuse requests that change the database.")
    var readOnly = false

    @Flag(help: "Listen without TLS on an address that other machines reach.")
    var insecure = false

    @Option(
        help: ArgumentHelp(
            "The certificate chain for TLS, as PEM; needs --tls-key.", valueName: "file"),
        completion: .file())
    var tlsCert: String?

    @Option(
        help: ArgumentHelp("The private key of --tls-cert, as PEM.", valueName: "file"),
        completion: .file())
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "A file of keys, one JSON object a line; see 'vdb key'.", valueName: "file"),
        completion: .file())
    var apiKeys: String?

    @Option(
        help: ArgumentHelp(
            "An origin whose pages may use the server in a browser; repeatable.", valueName: "url"))
    var allowOrigin: [String] = []

    @Option(
        help: ArgumentHelp(
            "A name by which requests may call the server, besides localhost; repeatable.",
            valueName: "name"))
    var allowHost: [String] = []

    @Option(help: ArgumentHelp("The most bytes of a body.", valueName: "size"))
    var maxBody = ByteSize(32 << 20)

    @Option(help: ArgumentHelp("The most bytes of a line of NDJSON.", valueName: "size"))
    var maxLine = ByteSize(16 << 20)

    @Option(help: ArgumentHelp("The most seconds for a query.", valueName: "seconds"))
    var timeout = 30.0

    @Option(
        help: ArgumentHelp(
            "The seconds that running requests have after SIGTERM.", valueName: "seconds"))
    var drain = 30.0

    @Option(
        help: ArgumentHelp(
            "The tokens of queries that may wait to be encoded; more are refused.", valueName: "n"))
    var queueTokens = 65_536

    @Option(
        help: ArgumentHelp(
            """
            Rerank the hits of queries that ask for it ("rerank") by how likely this language model finds \
            the question after reading the passage.
            """, valueName: "model"), completion: .file())
    var rerankModel: String?

    @Option(
        help: ArgumentHelp(
            "Another name of the model for OpenAI's clients; repeatable.", valueName: "name"))
    var modelAlias: [String] = []

    @Option(
        name: .customLong("token-ids"),
        help: ArgumentHelp(
            """
            What token ids in requests for embeddings are: refuse, model (ids of 'vdb tokenize'), or a \
            .tiktoken file whose ids they are.
            """,
            valueName: "what"))
    var tokenIDs = "refuse"

    @Option(help: "Log requests to standard error, one JSON object each.")
    var log = LogFormat.none

    enum LogFormat: String, ExpressibleByArgument, CaseIterable { case none, json }

    @OptionGroup var model: ModelArguments
    @OptionGroup var database: DatabaseFileArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        if (tlsCert == nil) != (tlsKey == nil) {
            throw ValidationError("--tls-cert and --tls-key need each other")
        }
        try require(maxBody.bytes, in: ByteSize.limits, "--max-body")
        try require(queueTokens, in: NumberLimits.tokens, "--queue-tokens")
        try require(maxLine.bytes, in: ByteSize.limits, "--max-line")
        for (option, seconds) in [("--timeout", timeout), ("--drain", drain)] {
            guard (0.001...86_400).contains(seconds) else {
                throw ValidationError("\(option) must be between 0.001 and 86400, not \(seconds)")
            }
        }
    }

    #if SERVER
        func run() async throws {
            let address = try serverAddress()
            let keys = KeyRing(try ServerKeys(file: apiKeys).read())
            if !address.isLoopback {
                guard !keys.isEmpty else {
                    throw CommandFailure(
                        .usage,
                        "--listen \(listen): other machines reach this address, so it needs keys: set "
                            + "VDB_API_KEY, or pass --api-keys")
                }
                guard insecure || tlsCert != nil else {
                    throw CommandFailure(
                        .usage,
                        "--listen \(listen): keys and texts would cross the network as plain text; pass "
                            + "--tls-cert and --tls-key, or --insecure if a proxy does TLS")
                }
            }
            let identity = try readIdentity()
            let queue = EmbeddingQueue(limit: queueTokens)
            let tokenIDs = try readTokenIDs()
            let questionScorer = try rerankModel.map {
                try RerankArguments.questionScorer($0, threads: general.threads)
            }
            let database = try open(queue)
            defer { try? database.close() }
            var configuration = ServerConfiguration(
                database: database, queue: queue, address: address, version: VDB.version,
                log: serverLog
            ) { access in
                DatabaseTools(
                    source: DatabaseSource(database, isReadOnly: access.isReadOnly),
                    servedCollections: access.collections, word: ToolWording.sentence)
            }
            configuration.modelAliases = modelAlias
            configuration.tokenIDs = tokenIDs
            configuration.questionScorer = questionScorer
            configuration.keys = keys
            configuration.identity = identity
            configuration.allowedHosts = allowHost
            configuration.allowedOrigins = allowOrigin
            configuration.drain = drain
            configuration.limits.body = maxBody.bytes
            configuration.limits.line = maxLine.bytes
            configuration.limits.timeout = timeout
            configuration.lanes =
                general.threads ?? ProcessInfo.processInfo.activeProcessorCount
            let server = HTTPServer(configuration)
            Interruption.calls { server.shutDown() }
            watchHangup(keys, identity)
            do {
                try await server.run { address in
                    Output.line(address.json(version: VDB.version))
                    Output.flush()
                }
            } catch ServerError.cannotListen(let address, let code) {
                throw CommandFailure(
                    .unavailable, "cannot listen on \(address): \(String(cString: strerror(code)))")
            } catch ServerError.noSuchAddress(let address) {
                throw CommandFailure(
                    .unavailable, "cannot listen on \(address): this machine has no such address")
            }
        }

        private func serverAddress() throws -> ServerAddress {
            if let socket { return .socket(path: socket) }
            guard let address = ServerAddress(listen) else {
                throw CommandFailure(
                    .usage, "--listen must be HOST:PORT such as 127.0.0.1:7373, not '\(listen)'")
            }
            return address
        }

        /// Opens the database; creates it if there is none, unless it is only read.
        private func open(_ queue: EmbeddingQueue) throws -> Database {
            var options = DatabaseOptions()
            options.threads = general.threads
            let find = try model.laterFinder(threads: general.threads)
            options.findEmbedder = { try find($0).map { queue.wrap($0) } }
            options.access = readOnly ? .readOnly : .create
            if !readOnly, let path = database.location.path,
                !FileManager.default.fileExists(atPath: path)
            {
                general.say("vdb: \(path): there was no database here; it is created")
            }
            return try database.location.open(options)
        }

        private func readTokenIDs() throws -> TokenIDs {
            if tokenIDs == "refuse" { return .refuse }
            if tokenIDs == "model" { return .model }
            guard let text = try? String(contentsOfFile: tokenIDs, encoding: .utf8) else {
                throw CommandFailure(
                    .missing, "\(tokenIDs): cannot be read; --token-ids is refuse, model or a file")
            }
            guard let table = TokenIDs(tiktoken: text) else {
                throw CommandFailure(
                    .badData, "\(tokenIDs): is not a .tiktoken file: each line is base64 and an id")
            }
            return table
        }

        private var serverLog: ServerLog {
            let write: (@Sendable (LoggedRequest) -> Void)? =
                switch log {
                case .none: nil
                case .json: { request in Messages.line(request.json) }
                }
            return ServerLog(write: write) { error, id in
                Messages.error("request \(id): \(CommandFailure.message(of: error))")
            }
        }

        private func readIdentity() throws -> TLSIdentity? {
            guard let tlsCert, let tlsKey else { return nil }
            do { return try TLSIdentity(certificates: tlsCert, key: tlsKey) } catch {
                throw Self.worded(error)
            }
        }

        private static func worded(_ error: any Error) -> any Error {
            switch error as? TLSIdentityError {
            case .unusableFile(let path, let isKey):
                CommandFailure(
                    .badData,
                    "\(path): is not a \(isKey ? "private key" : "certificate") in PEM that can be read"
                )
            case .mismatch(let certificates, let key):
                CommandFailure(.badData, "\(key): is not the key of \(certificates)")
            case nil: error
            }
        }

        private func watchHangup(_ keys: KeyRing, _ identity: TLSIdentity?) {
            let files = ServerKeys(file: apiKeys)
            let needsKeys = !keys.isEmpty
            Interruption.watchHangup {
                do {
                    let fresh = try files.read()
                    if fresh.isEmpty && needsKeys {
                        throw CommandFailure(.usage, "there are no keys anymore; the old ones stay")
                    }
                    keys.replace(with: fresh)
                    try identity?.reload()
                } catch { Messages.error(CommandFailure.message(of: Self.worded(error))) }
            }
        }
    #else
        func run() throws { try ServerProgram.become() }
    #endif
}

/// A number of bytes: `1000`, `64KiB`, `32MiB`, `1GiB`.
struct ByteSize: ExpressibleByArgument, CustomStringConvertible {
    let bytes: Int

    static let limits = 1024...(1 << 40)

    init(_ bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)]
        let unit = units.first { argument.hasSuffix($0.0) }
        guard let number = Int(unit == nil ? argument[...] : argument.dropLast(3)), number >= 0,
            case let (bytes, overflow) = number.multipliedReportingOverflow(
                by: 1 << (unit?.1 ?? 0)), !overflow
        else { return nil }
        self.bytes = bytes
    }

    var description: String {
        bytes % (1 << 20) == 0 && bytes > 0 ? "\(bytes >> 20)MiB" : "\(bytes)"
    }

    var defaultValueDescription: String { description }
}
