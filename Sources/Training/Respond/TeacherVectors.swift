import AutoRegEmbed
import FileFormat
import Foundation
import JSON
import Tensors
import TextBytes

/// t(y) of the data's answers: the teacher's vectors, not normalized.
///
/// A file's belong to the data's rows by number. A model's are computed once, before the first step, for
/// the rows that the run uses, of each answer as a document; they are kept in the output folder until
/// the run finishes, so that it can be resumed. Either way they are mapped: only the rows of a batch are
/// in memory.
struct TeacherVectors {
    static let name = "teacher-vectors.safetensors"
    private static let tensor = "vectors"
    private static let key = "key"
    /// Answers that are encoded at once.
    private static let batch = 128

    private enum Place {
        case file(NpyFile)
        /// `[rows.count, width]`, and the place of each row that is used.
        case tensor(TensorView, places: [Int: Int])
    }

    private let place: Place

    /// `[T]`
    func vector(ofRow row: Int) -> [Float] {
        switch place {
        case .file(let file): return file.row(row)
        case .tensor(let view, let places):
            guard let place = places[row] else {
                preconditionFailure("the run's batches have the rows that it uses")
            }
            let width = view.shape[1]
            return [Float](unsafeUninitializedCapacity: width) { buffer, count in
                view.copyFloats(place * width..<(place + 1) * width, to: buffer)
                count = width
            }
        }
    }

    /// - Throws: `TrainingError.badTeacher` for a file with another number of rows; what encoding
    ///   throws; `TrainingError.interrupted`.
    init(
        _ teacher: Teacher, _ data: TrainingData, _ options: TrainingOptions, fingerprint: String,
        isCancelled: () -> Bool, progress: (TrainingProgress) throws -> Void
    ) throws {
        switch teacher {
        case .vectors(let file):
            guard file.rows == data.count else {
                throw TrainingError.badTeacher(
                    path: file.path, .rows(found: file.rows, expected: data.count))
            }
            place = .file(file)
        case .model(let embedder, _):
            let rows = options.rowsUsed(of: data.count)
            let path = options.output + "/" + Self.name
            let key = [
                data.fingerprint, fingerprint, options.task.rawValue, String(options.seed),
                String(options.shuffles), String(options.batchSize), String(rows.count),
            ].joined(separator: "|")
            let shape = [rows.count, embedder.dimensions]
            let view: TensorView
            if let kept = Self.kept(path, key: key, shape: shape) {
                view = kept
            } else {
                let computation = TeacherComputation(
                    embedder: embedder, data: data, task: options.task)
                try Self.write(path, key: key, shape: shape) { places in
                    if isCancelled() {
                        throw TrainingError.interrupted(step: 0, checkpoint: nil)
                    }
                    let vectors = try computation.vectors(ofRows: Array(rows[places]))
                    try progress(
                        .preparing(.teacherVectors, done: places.upperBound, total: rows.count))
                    return vectors
                }
                guard let written = Self.kept(path, key: key, shape: shape) else {
                    throw TrainingError.cannotRead(path: path, .notARecord)
                }
                view = written
            }
            place = .tensor(
                view,
                places: Dictionary(
                    uniqueKeysWithValues: rows.enumerated().map { ($1, $0) }))
        }
    }

    /// Vectors that an earlier part of the run has written; nil if there are none, or another run's.
    private static func kept(_ path: String, key: String, shape: [Int]) -> TensorView? {
        guard FileManager.default.fileExists(atPath: path),
            let file = try? SafetensorsFile(path: path),
            file.metadata[Self.key]?.hasSameBytes(as: key) == true,
            let view = try? file.tensor(named: tensor), view.shape == shape,
            view.elementType == .float32
        else { return nil }
        return view
    }

    /// - Parameter vectors: those of the places in the range.
    private static func write(
        _ path: String, key: String, shape: [Int], _ vectors: (Range<Int>) throws -> [[Float]]
    ) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            try SafetensorsWriter.write(
                to: path, tensors: [.init(name: tensor, shape: shape, elementType: .float32)],
                metadata: [Self.key: key]
            ) { _, write in
                for first in stride(from: 0, to: shape[0], by: batch) {
                    for vector in try vectors(first..<min(first + batch, shape[0])) {
                        try vector.withUnsafeBytes { try write($0) }
                    }
                }
            }
        } catch let error as FileError {
            throw TrainingError.cannotWrite(path: path, error)
        }
    }

    /// Removes the vectors that a run keeps in its output folder.
    static func remove(_ output: String) throws(TrainingError) {
        let path = output + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return }
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw .cannotWrite(path: path, error)
        }
    }
}

/// The vectors that a model has of answers.
private struct TeacherComputation {
    let embedder: any ModelEmbedder
    let data: TrainingData
    let task: EmbeddingTask

    func vectors(ofRows rows: [Int]) throws -> [[Float]] {
        let answers = try rows.map { row throws(TrainingError) in
            guard case .answer(_, let answer, _) = try data.row(row) else {
                preconditionFailure("the reader gives the stage's rows")
            }
            return answer.trimmingWhiteSpace()
        }
        do {
            return try embedder.unnormalizedVectors(
                of: answers, instruction: .self_, task: task, isCancelled: { false })
        } catch AutoRegEmbedError.emptyInput {
            // A teacher that reads the text alone reads nothing of an empty one.
            let place = answers.firstIndex {
                embedder.inputTokens($0, instruction: .self_, task: task).isEmpty
            }
            throw TrainingError.badLine(
                path: data.path, line: data.line(rows[place ?? 0]), .empty(key: "answer"))
        } catch let error as AutoRegEmbedError {
            throw TrainingError.embedder(error)
        }
    }
}
