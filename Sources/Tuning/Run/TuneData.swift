import Evaluation
import FileFormat
import Foundation
import JSON
import Training
import VectorDatabase

/// The rows that the stages learn from, made of a collection and its judged queries.
struct TuneData {
    let options: TuneOptions

    /// Triples for align and contrast: a row for each of a query's best positives, with the
    /// query's negatives.
    ///
    /// - Returns: what was mined; rows without a negative are left out and counted.
    func writeTriples(
        _ mined: [Miner.Row], judgments: Judgments, to path: String
    ) throws -> (rows: Int, negatives: Int, queriesWithout: Int) {
        let file = try JSONLinesWriter(path: path)
        var negatives = 0
        for row in mined where !row.negatives.isEmpty {
            negatives += row.negatives.count
            let grades = judgments[Identifier(row.queryID)]
            let best = row.positiveIDs.indices.sorted { one, other in
                let (a, b) = (
                    grades[Identifier(row.positiveIDs[one])] ?? 0,
                    grades[Identifier(row.positiveIDs[other])] ?? 0
                )
                return a == b ? one < other : a > b
            }
            for place in best.prefix(options.mostPositives) {
                try file.append(row.keepingPositive(place).json)
            }
        }
        try file.commit()
        return (file.rows, negatives, mined.count { $0.negatives.isEmpty })
    }

    /// Rows for compress: documents to themselves, and training queries to their documents.
    ///
    /// - Parameter triples: the rows written before.
    /// - Returns: how many.
    func writeCompressRows(
        _ collection: DocumentCollection, triples: String, to path: String
    ) async throws -> Int {
        let file = try JSONLinesWriter(path: path)
        let count = try collection.count()
        for try await document in collection.export() {
            // A document's place in the draw depends on its id alone, so that nothing of the
            // collection need be held.
            var generator = SeededGenerator(
                seed: options.seed, purpose: 7, SeededGenerator.hash(document.id))
            guard generator.below(max(1, count)) < options.mostCompressedTexts else { continue }
            let text = document.embeddedText
            if text.isEmpty { continue }
            try file.append(JSONValue.object(["text": .string(text)]).jsonText)
        }
        // A cancelled task sees the stream end early, and would take what it has for all.
        try Task.checkCancellation()
        let data = try TrainingData(path: triples, stage: .align, needsNegative: false)
        for index in 0..<data.count {
            guard case .pair(let query, let positives, _, _, _) = try data.row(index) else {
                continue
            }
            let row: JSONObject = ["query": .string(query), "pos": .string(positives[0])]
            try file.append(JSONValue.object(row).jsonText)
        }
        try file.commit()
        return file.rows
    }

}

/// A file of rows that appears whole.
private final class JSONLinesWriter {
    private let file: AtomicFile
    private(set) var rows = 0

    init(path: String) throws {
        do { file = try AtomicFile(path: path) } catch {
            throw TrainingError.cannotWrite(path: path, reason: "\(error)")
        }
    }

    func append(_ line: String) throws {
        rows += 1
        do { try file.write(Array((line + "\n").utf8)) } catch {
            throw TrainingError.cannotWrite(path: file.path, reason: "\(error)")
        }
    }

    func commit() throws {
        do { try file.commit() } catch {
            throw TrainingError.cannotWrite(path: file.path, reason: "\(error)")
        }
    }
}

extension Miner.Row {
    /// The row with one of its positives.
    func keepingPositive(_ place: Int) -> Miner.Row {
        Miner.Row(
            queryID: queryID, query: query, positiveIDs: [positiveIDs[place]],
            positives: [positives[place]], negatives: negatives)
    }
}
