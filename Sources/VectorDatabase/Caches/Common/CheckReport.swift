import TextBytes

/// The result of ``Database/check(repairing:)``.
public struct CheckReport: Sendable {
    /// One thing that is wrong, or was.
    public struct Finding: Sendable, Equatable {
        /// Whether anything is damaged. The raw value is printed by `vdb check`.
        public enum Severity: String, Sendable, Codable {
            /// Something is damaged.
            case fault
            /// Nothing is lost: a cache is missing, lags, or belongs to another database.
            case remark
            /// A part was damaged and has been rewritten.
            case repaired
        }

        /// How the part can be repaired. The raw value is printed by `vdb check`.
        public enum Remedy: String, Sendable, Codable {
            /// The next writer rewrites the cache; so does a check with `repairing: true`.
            case rewriteCache = "rewrite_cache"
            /// A check with `repairing: true` derives the part from the documents again.
            case deriveAgain = "derive_again"
            /// Delete the document and ingest it again, or restore a backup.
            case replaceDocument = "replace_document"
        }

        /// Whether this is damage, a remark, or damage that was repaired.
        public var severity: Severity
        /// The path of the file concerned: the database or one of its caches.
        public var subject: String
        /// What is wrong with it, as a clause without subject: `is missing`.
        public var message: String
        /// How to repair it; `nil` if only a backup helps, or if nothing needs to be done.
        public var remedy: Remedy?

        /// Whether ``severity`` is ``Severity/fault``.
        public var isFault: Bool { severity == .fault }

        /// Creates a finding. Applications only need it for tests of their own reporting.
        public init(
            _ severity: Severity, subject: String, message: String, remedy: Remedy? = nil
        ) {
            self.severity = severity
            self.subject = subject
            self.message = message
            self.remedy = remedy
        }
    }

    /// In the order in which they were found.
    public var findings: [Finding] = []
    /// Recall@10 of the graph, from 0 to 1, estimated on about 50 of the collection's own vectors;
    /// by collection name, for collections that have a graph.
    public var sampledRecall: [Identifier: Double] = [:]

    /// Whether nothing is damaged; remarks are allowed.
    public var isSound: Bool { !findings.contains { $0.isFault } }

    /// A report without findings.
    public init() {}
}

/// Collects what is found in one collection's cache files.
struct CacheFindings: Sendable {
    private(set) var findings: [CheckReport.Finding] = []

    var hasFault: Bool { findings.contains(where: \.isFault) }

    mutating func remark(_ path: String, _ message: String) {
        findings.append(.init(.remark, subject: path, message: message, remedy: .rewriteCache))
    }

    /// Records a file that is undamaged but belongs to another database or another state of this
    /// one.
    mutating func remarkForeign(_ path: String) {
        remark(path, "belongs to another database or another state of this one, and is not used")
    }

    mutating func fault(_ path: String, _ message: String) {
        findings.append(.init(.fault, subject: path, message: message, remedy: .rewriteCache))
    }

    mutating func add(_ finding: CheckReport.Finding) { findings.append(finding) }
}
