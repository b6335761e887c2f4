import Evaluation
import FileFormat
import Foundation
import JSON
import RandomNumbers
import Training
import VectorDatabase

/// Writes the training data of the stages, from a collection and its judged queries.
struct TuneData {
    let options: TuneOptions

    /// Writes triples for align and contrast: a row for each of a query's best positives, with the
    /// query's negatives.
    ///
    /// - Returns: numbers of rows, of negatives, and of queries that were left out because they
    ///   have no negative.
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

    /// Writes rows for compress: documents as their own targets, and training queries with their
    /// documents as targets.
    ///
    /// - Parameter triples: path of the triples.
    /// - Returns: the number of rows.
    func writeCompressRows(
        _ collection: DocumentCollection, triples: String, to path: String
    ) async throws -> Int {
        let file = try JSONLinesWriter(path: path)
        let count = try collection.count()
        for try await document in collection.export() {
            // Whether a document is drawn depends on its id alone, so that the collection need not
            // be held in memory.
            var generator = SeededGenerator(
                seed: options.seed, purpose: 7, SeededGenerator.hash(document.id))
            guard generator.below(max(1, count)) < options.mostCompressedTexts else { continue }
            let text = document.embeddedText
            if text.isEmpty { continue }
            try file.append(JSONValue.object(["text": .string(text)]).jsonText)
        }
        // In a cancelled task the stream ends early; do not mistake that for the end of the
        // collection.
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

/// A JSON Lines file that appears atomically.
private final class JSONLinesWriter {
    private let file: AtomicFile
    private(set) var rows = 0

    init(path: String) throws {
        do { file = try AtomicFile(path: path) } catch {
            throw TrainingError.cannotWrite(path: path, error)
        }
    }

    func append(_ line: String) throws {
        rows += 1
        do { try file.write(Array((line + "\n").utf8)) } catch {
            throw TrainingError.cannotWrite(path: file.path, error)
        }
    }

    func commit() throws {
        do { try file.commit() } catch {
            throw TrainingError.cannotWrite(path: file.path, error)
        }
    }
}

extension Miner.Row {
    /// The row with only one of its positives.
    func keepingPositive(_ place: Int) -> Miner.Row {
        Miner.Row(
            queryID: queryID, query: query, positiveIDs: [positiveIDs[place]],
            positives: [positives[place]], negatives: negatives)
    }
}
