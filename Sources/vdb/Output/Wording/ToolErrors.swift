import ModelContext
import ModelContextProtocol
import VectorDatabase

/// Sentences for an assistant: what is wrong, and what to do by way of the tools' arguments rather
/// than the command line's options.
enum ToolWording {
    @Sendable static func sentence(_ error: any Error) -> String {
        switch error {
        case let error as ToolFailure: sentence(error)
        case let error as FilterError:
            "where, column \(error.column): expected \(error.expected), found \(error.found); "
                + "stats lists the fields, and texts are in single quotes"
        case let error as DatabaseError:
            [error.description, remedy(error)].compactMap { $0 }.joined(separator: "; ")
        default: CommandFailure.message(of: error)
        }
    }

    private static func sentence(_ failure: ToolFailure) -> String {
        switch failure {
        case .arguments(let violation, let tool): return "\(tool): \(violation)"
        case .readOnly(let tool):
            return "the server only reads (--read-only), so \(tool) is not available; tell the user"
        case .collectionNotServed(let name, let served):
            let names = served.map { "'\($0)'" }.joined(separator: ", ")
            return served.count == 1
                ? "this server gives access to the collection \(names) only, not to '\(name)'; leave "
                    + "collection out"
                : "this server gives access to the collections \(names) only, not to '\(name)'"
        case .collectionMissing(_, let existing) where existing.isEmpty:
            return "there are no documents yet; add stores some, or the user does with 'vdb ingest'"
        case .collectionMissing(let name, let existing):
            let names = existing.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
            return name.map { "there is no collection '\($0)'; there are: \(names)" }
                ?? "pass a collection; there are: \(names)"
        case .partlyAdded(let count, let reason):
            return sentence(reason)
                + "; \(count) document\(count == 1 ? "" : "s") before it "
                + (count == 1 ? "is stored" : "are stored")
        }
    }

    private static func remedy(_ error: DatabaseError) -> String? {
        switch error {
        case .databaseMissing: "the user can create one with 'vdb ingest'"
        case .collectionMissing: "stats lists the collections"
        case .documentExists:
            "pass on_conflict 'replace' or 'skip', or another id"
        case .locked: "try again in a few seconds"
        case .wordsOnly: "pass mode 'lexical'"
        case .embedderMissing, .embedderUnavailable, .embedderMismatch, .encodingFailed:
            "mode 'lexical' needs no model; tell the user"
        case .noRecordedEmbedder, .vectorsNeeded: "pass mode 'lexical' to search it; tell the user"
        case .filterTooLarge: "simplify where"
        case .invalidCollectionName: "pass another collection"
        case .invalidDocument(_, _, .tooLarge): "split it into several documents"
        case .diskFull: "tell the user to free some space"
        default: error.remedy
        }
    }
}
