/// What `check` found.
public struct CheckReport: Sendable {
    public struct Finding: Sendable, Equatable {
        public enum Severity: String, Sendable, Codable {
            /// A part is damaged.
            case fault
            /// Nothing is lost: a cache is missing, lags, or belongs to another database.
            case remark
            /// A part was damaged and has been written again.
            case repaired
        }

        /// What brings the part back.
        public enum Remedy: String, Sendable, Codable {
            /// The next writer writes the cache again, and so does a repairing check.
            case rewriteCache = "rewrite_cache"
            /// A repairing check derives the part from the documents again.
            case deriveAgain = "derive_again"
            /// The document is deleted and ingested again, or a backup takes the database's place.
            case replaceDocument = "replace_document"
        }

        public var severity: Severity
        /// The file or part it concerns.
        public var subject: String
        /// What is wrong with it.
        public var message: String
        /// `nil` if only a backup helps, or if nothing is needed any more.
        public var remedy: Remedy?

        /// A part is damaged.
        public var isFault: Bool { severity == .fault }

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
    /// Of the graph's answers, the share that exact search gives as well, by collection, for each
    /// collection that has a graph.
    public var sampledRecall: [String: Double] = [:]

    /// Nothing is damaged.
    public var isSound: Bool { !findings.contains { $0.isFault } }

    public init() {}
}

/// Collects what is found in one collection's cache files.
struct CacheFindings: Sendable {
    private(set) var findings: [CheckReport.Finding] = []

    var hasFault: Bool { findings.contains(where: \.isFault) }

    mutating func remark(_ path: String, _ message: String) {
        findings.append(.init(.remark, subject: path, message: message, remedy: .rewriteCache))
    }

    /// A file that is sound and not this database's, or not of its present state.
    mutating func remarkForeign(_ path: String) {
        remark(path, "belongs to another database or another state of this one, and is not used")
    }

    mutating func fault(_ path: String, _ message: String) {
        findings.append(.init(.fault, subject: path, message: message, remedy: .rewriteCache))
    }

    mutating func add(_ finding: CheckReport.Finding) { findings.append(finding) }
}
