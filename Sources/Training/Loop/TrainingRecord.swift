import FileFormat
import Foundation
import JSON

/// `training.json` in a finished output folder: what the model was trained with, and evidence that
/// the run finished.
///
/// It holds only what determines the weights: no time, no output path, no number of threads, so
/// that the same run writes the same bytes.
struct TrainingRecord: Codable {
    static let name = "training.json"

    let steps: Int
    let lastLoss: Float?
    /// Fingerprints of the starting model and of the data.
    let model: String
    let data: String
    /// Of the teacher; nil without one.
    let teacher: String?
    /// Options by the names of `TrainingOption`; version 0.1 wrote command-line flags.
    let options: [String: String]

    enum CodingKeys: String, CodingKey {
        case steps, model, data, teacher, options
        case lastLoss = "last_loss"
    }

    init(steps: Int, lastLoss: Float?, identity: RunIdentity) {
        self.steps = steps
        self.lastLoss = lastLoss
        model = identity.model
        data = identity.data
        teacher = identity.teacher
        options = identity.options.deciding
    }

    static func exists(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: folder + "/" + name)
    }

    /// Reads the record of a folder; nil if the folder has none.
    init?(folder: String) throws(TrainingError) {
        let path = folder + "/" + Self.name
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do { self = try JSONValue(parsing: data).decoded(as: Self.self) } catch {
            throw .cannotRead(path: path, .notARecord)
        }
    }

    func write(folder: String) throws(TrainingError) {
        let path = folder + "/" + Self.name
        do {
            let file = try AtomicFile(path: path)
            try file.write(Array((try JSONValue(encoding: self).indentedText + "\n").utf8))
            try file.commit()
        } catch {
            throw .cannotWrite(path: path, error)
        }
    }

    static func remove(_ folder: String) throws(TrainingError) {
        let path = folder + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return }
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw .cannotWrite(path: path, error)
        }
    }

    /// - Throws: `finishedDifferently` if the finished run had other inputs.
    func check(_ identity: RunIdentity) throws(TrainingError) {
        let difference = identity.difference(
            data: data, model: model, teacher: teacher, options: options)
        guard let difference else { return }
        throw .finishedDifferently(
            path: identity.options.output, difference.input, saved: difference.saved,
            given: difference.given)
    }
}
