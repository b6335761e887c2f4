import Foundation
import VectorDatabase

extension IngestCommand {
    /// `--dry-run`: prints what would be done, one change a line.
    func preview(_ reader: DocumentReader, _ rejects: RejectsFile?) async throws {
        let report = IngestReport(reader.progress, self, rejects)
        // Without a database all documents are new.
        let database = try openIfExists()
        defer { try? database?.close() }
        let options = ingestOptions(reader, report) { reader.progress.exported }
        var preview = try IngestPreview(
            of: database?.collection(arguments.collection), options: options)
        for try await document in reader { tell(try preview.add(document)) }
        defer { Output.flush() }
        for change in try preview.finish() { tell(change) }
        var summary = preview.summary
        summary.documents += reader.progress.failed
        summary.failed += reader.progress.failed
        report.finish(summary, prints: self.summary == .json, isPreview: true)
    }

    private func openIfExists() throws -> Database? {
        if let path = arguments.location.path, !FileManager.default.fileExists(atPath: path) {
            return nil
        }
        do { return try arguments.open(.readOnly, general, lock) } catch {
            if arguments.location.path == nil, case DatabaseError.databaseMissing = error {
                return nil
            }
            throw error
        }
    }

    private func tell(_ change: PlannedChange) {
        if summary == .json { return }
        switch change {
        case .add(let id): Output.line("add\t\(id)")
        case .replace(let id): Output.line("replace\t\(id)")
        case .move(let id, let old): Output.line("move\t\(old)\t\(id)")
        case .delete(let id): Output.line("delete\t\(id)")
        case .keep, .skip: break
        }
    }
}
