import FileFormat
import Foundation
import JSON
import Tensors

/// log ref of the alignment stage: the log-probability that the model gives each pair before the
/// stage.
///
/// Computed once, for the rows that the run will use, and kept: in the output folder until the run
/// finishes, so that it can be resumed; or in the file that `referenceScores` names, also for other
/// runs from the same model and data.
struct ReferenceScores {
    static let name = "reference-scores.jsonl"
    let options: TrainingOptions
    /// Fingerprints of the run's data and starting model.
    let fingerprints: [String]
    let decoderInput: DecoderInput
    let backend: any Backend
    let precision: ComputePrecision

    /// The scores of each row, in the order of its plan.
    func scores(
        _ source: AlignSource, _ loss: AlignLoss, _ progress: (TrainingProgress) throws -> Void
    ) throws -> [Int: [Double]] {
        let rows = options.rowsUsed(of: source.count)
        let path = options.referenceScores ?? Self.path(in: options.output)
        // A damaged file is computed again, as one of another run is.
        if let kept = kept(path),
            try rows.allSatisfy({ row in
                try kept[row]?.count == source.scoreCount(row)
                    && kept[row]?.allSatisfy(\.isFinite) == true
            })
        {
            return kept
        }
        var scores: [Int: [Double]] = [:]
        var part: [(row: Int, example: AlignLoss.Example)] = []
        func flush() throws {
            let tape = Tape(backend: backend, precision: precision, isRecording: false)
            let (words, offsets) = loss.words(tape, part.map(\.example), dropoutSeed: nil)
            let values = tape.values(words)
            let sums = (0..<offsets.count - 1).map { score in
                values[offsets[score]..<offsets[score + 1]].reduce(0.0) { $0 + Double($1) }
            }
            var first = 0
            for (row, example) in part {
                scores[row] = Array(sums[first..<first + example.plan.scores.count])
                first += example.plan.scores.count
            }
            part = []
            try progress(
                .preparing(.referenceScores, done: scores.count, total: rows.count))
        }
        for row in rows {
            let example = try source.example(row)
            let size = part.reduce(example.tokens) { $0 + $1.example.tokens }
            if size > options.microBatchTokens, !part.isEmpty { try flush() }
            part.append((row, example))
        }
        if !part.isEmpty { try flush() }
        try keep(scores, path)
        return scores
    }

    private static func path(in output: String) -> String { output + "/" + name }

    /// Removes the scores that a run keeps in its output folder.
    static func remove(_ output: String) throws(TrainingError) {
        let path = path(in: output)
        guard FileManager.default.fileExists(atPath: path) else { return }
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw .cannotWrite(path: path, error)
        }
    }

    /// Everything that determines the scores.
    private var key: String {
        let parts =
            fingerprints + [
                String(options.seed), String(options.shuffles), String(options.negatives),
                String(options.strategy.rawValue), options.task.rawValue,
                String(options.maximumLength ?? 0), precision.rawValue,
            ] + decoderInput.identity
        return parts.joined(separator: "|")
    }

    private func kept(_ path: String) -> [Int: [Double]]? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        var lines = data.split(separator: UInt8(ascii: "\n")).makeIterator()
        guard let head = lines.next(),
            (try? JSONValue(parsing: head))?["key"] == .string(key)
        else { return nil }
        var scores: [Int: [Double]] = [:]
        while let line = lines.next() {
            guard let entry = try? JSONValue(parsing: line).decoded(as: Entry.self) else {
                return nil
            }
            scores[entry.row] = entry.scores.map { Double(bitPattern: $0) }
        }
        return scores
    }

    private func keep(_ scores: [Int: [Double]], _ path: String) throws {
        do {
            if options.referenceScores == nil {
                try FileManager.default.createDirectory(
                    atPath: options.output, withIntermediateDirectories: true)
            }
            let file = try AtomicFile(path: path)
            try file.write(Array((JSONValue.object(["key": .string(key)]).jsonText + "\n").utf8))
            for row in scores.keys.sorted() {
                let entry = Entry(
                    row: row, scores: (scores[row] ?? []).map(\.bitPattern))
                try file.write(Array((try JSONValue(encoding: entry).jsonText + "\n").utf8))
            }
            try file.commit()
        } catch {
            throw TrainingError.cannotWrite(path: path, error)
        }
    }

    /// Scores as bit patterns: a resumed run must see exactly the same values.
    private struct Entry: Codable {
        let row: Int
        let scores: [UInt64]
    }
}
