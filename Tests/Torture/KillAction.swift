/// Something that `vdb` is asked to do while it may be killed.
enum KillAction: Sendable, CustomStringConvertible {
    /// - Parameter model: the folder of the model of a new database; nil for the one that it has.
    case ingest([SampleDocument], model: String? = nil)
    /// An ingest after which only its own documents are to be there.
    case synchronize([SampleDocument])
    case delete([Int])
    /// Numbers from the first up to, but not including, the second.
    case deleteRange(Int, Int)
    case reindex(m: Int)
    /// Re-encodes everything by the model in a folder.
    case reencode(model: String)
    case compact
    case backup
    case indexField(drop: Bool)
    case repair
    /// Trains the model in a few steps and re-encodes everything by it; taken up where the folder has
    /// been begun.
    case tune(output: String)

    /// The name by which it is counted.
    var kind: String {
        switch self {
        case .ingest(let documents, _): documents.count > 5000 ? "large ingest" : "ingest"
        case .synchronize: "ingest --sync"
        case .delete: "delete"
        case .deleteRange: "delete --where"
        case .reindex: "reindex"
        case .reencode: "reindex --model"
        case .compact: "compact"
        case .backup: "backup"
        case .indexField: "index-field"
        case .repair: "check --repair"
        case .tune: "tune"
        }
    }

    var description: String {
        switch self {
        case .ingest(let documents, _), .synchronize(let documents):
            "\(kind) of \(documents.count) documents from \(documents.first?.id ?? "none")"
        case .delete(let numbers): "\(kind) of \(numbers.count)"
        case .deleteRange(let first, let end): "\(kind) \(first)..<\(end)"
        case .reindex(let m): "\(kind) with m \(m)"
        case .reencode(let model): "\(kind) \(model.split(separator: "/").last ?? "")"
        case .indexField(let drop): kind + (drop ? " --drop" : "")
        default: kind
        }
    }

    /// Those that an ingest brings.
    var documents: [SampleDocument] {
        switch self {
        case .ingest(let documents, _), .synchronize(let documents): documents
        default: []
        }
    }
}

/// Which version of which document is stored: number to version.
typealias StoredVersions = [Int: Int]

extension KillAction {
    /// Why what was found after a run cannot be what the action left, given what was there before;
    /// nil where it can.
    ///
    /// - Parameters:
    ///   - acknowledged: documents that the program said were safe.
    ///   - isComplete: it ended by itself, with success.
    func contradiction(
        before: StoredVersions, after: StoredVersions, acknowledged: Int, isComplete: Bool
    ) -> String? {
        switch self {
        case .ingest(let documents, _):
            prefixContradiction(
                documents, before, after, acknowledged, isComplete, deletesOthers: false)
        case .synchronize(let documents):
            prefixContradiction(
                documents, before, after, acknowledged, isComplete, deletesOthers: true)
        case .delete(let numbers):
            deletionContradiction(
                Set(numbers), before, after, isComplete: isComplete, isOneTransaction: true)
        case .deleteRange(let first, let end):
            deletionContradiction(
                Set(before.keys.filter { (first..<end).contains($0) }), before, after,
                isComplete: isComplete, isOneTransaction: false)
        default:
            before == after ? nil : "documents changed: \(Self.difference(before, after))"
        }
    }

    /// Documents are committed in their order: what is stored is a first part of them, and no less
    /// than what was acknowledged.
    private func prefixContradiction(
        _ documents: [SampleDocument], _ before: StoredVersions, _ after: StoredVersions,
        _ acknowledged: Int, _ isComplete: Bool, deletesOthers: Bool
    ) -> String? {
        var known = 0
        var limit = documents.count
        for (index, document) in documents.enumerated() {
            if before[document.number] == document.version { continue }
            if after[document.number] == document.version {
                known = index + 1
            } else {
                limit = min(limit, index)
                if after[document.number] != before[document.number] {
                    return "\(document.id) is neither as it was nor as it was to be"
                }
            }
        }
        if known > limit { return "document \(limit) is missing, document \(known - 1) is there" }
        let promised = isComplete ? documents.count : acknowledged
        if limit < promised { return "\(promised) were acknowledged, \(limit) are stored" }
        let ours = Set(documents.map(\.number))
        let others = before.filter { !ours.contains($0.key) }
        let left = after.filter { !ours.contains($0.key) }
        guard deletesOthers, limit == documents.count else {
            return left == others ? nil : "others changed: \(Self.difference(others, left))"
        }
        if isComplete && !left.isEmpty { return "\(left.count) documents are left over" }
        let isPart = left.allSatisfy { others[$0.key] == $0.value }
        return isPart ? nil : "others changed: \(Self.difference(others, left))"
    }

    private func deletionContradiction(
        _ numbers: Set<Int>, _ before: StoredVersions, _ after: StoredVersions, isComplete: Bool,
        isOneTransaction: Bool
    ) -> String? {
        let others = before.filter { !numbers.contains($0.key) }
        let left = after.filter { !numbers.contains($0.key) }
        if left != others { return "others changed: \(Self.difference(others, left))" }
        let there = before.filter { numbers.contains($0.key) }
        let still = after.filter { numbers.contains($0.key) }
        if isComplete && !still.isEmpty { return "\(still.count) deleted documents are back" }
        if isOneTransaction && !still.isEmpty && still != there {
            return "\(still.count) of \(there.count) documents of one transaction are left"
        }
        return still.allSatisfy { there[$0.key] == $0.value } ? nil : "a document changed"
    }

    private static func difference(_ before: StoredVersions, _ after: StoredVersions) -> String {
        let gone = before.keys.filter { after[$0] == nil }.sorted().prefix(3)
        let new = after.keys.filter { before[$0] == nil }.sorted().prefix(3)
        let other = after.filter { before[$0.key] != nil && before[$0.key] != $0.value }
        return "gone \(gone), new \(new), changed \(other.keys.sorted().prefix(3))"
    }
}
