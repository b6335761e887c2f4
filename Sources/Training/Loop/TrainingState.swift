import FileFormat
import Foundation
import JSON
import Tensors

/// A run's whole state in one file, so that one rename replaces it atomically: weights, the
/// optimizer's moments, the step, and the options and inputs that it belongs to.
///
/// The schedule, the order of the data and every random choice are functions of the options and the
/// step, so nothing else is needed for a resumed run to have the same losses as an uninterrupted
/// one.
struct TrainingState {
    static let name = "training-state.safetensors"

    /// Counts since the beginning of the run, even if it was resumed.
    struct Totals: Codable, Equatable {
        var firstLoss: Float?
        var lastLoss: Float?
        var tokens = 0
        var seconds = 0.0
        var retrieval: [RetrievalPoint] = []
        /// Nil in states of version 0.1.
        var leftOut: Int? = 0
        /// Of the first epoch. Nil in states of earlier versions.
        var cutRows: Int?
        /// Nil if none was measured, and in states of earlier versions.
        var firstGain: Double?
        var lastGain: Double?

        var gain: Trainer.Summary.Gain? {
            guard let firstGain, let lastGain else { return nil }
            return .init(first: firstGain, last: lastGain)
        }
    }

    static func path(_ output: String) -> String { output + "/" + name }

    static func exists(_ output: String) -> Bool {
        FileManager.default.fileExists(atPath: path(output))
    }

    static func save(
        _ optimizer: Optimizer, totals: Totals, identity: RunIdentity,
        fileSystem: any FileSystem = SystemFileSystem()
    ) throws(TrainingError) -> String {
        let output = identity.options.output
        let path = path(output)
        var declarations: [SafetensorsWriter.Declaration] = []
        var buffers: [Buffer] = []
        for (parameter, moment) in zip(optimizer.parameters, optimizer.moments) {
            let parts =
                [("weight", parameter.value.stored)]
                + (moment.map { [("first", $0.first), ("second", $0.second)] } ?? [])
            for (kind, buffer) in parts {
                declarations.append(
                    .init(
                        name: "\(kind):\(parameter.name)", shape: parameter.shape,
                        elementType: .float32))
                buffers.append(buffer)
            }
        }
        do {
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true)
            var metadata = [
                "step": String(optimizer.steps), "data": identity.data,
                "model": identity.model,
                "options": try JSONValue(encoding: identity.options.deciding).jsonText,
                "totals": try JSONValue(encoding: totals).jsonText,
            ]
            metadata["teacher"] = identity.teacher
            var next = buffers.makeIterator()
            try SafetensorsWriter.write(
                to: path, tensors: declarations,
                metadata: metadata, fileSystem: fileSystem
            ) { _, write in
                guard let buffer = next.next() else { return }
                try write(
                    UnsafeRawBufferPointer(
                        start: UnsafeRawPointer(buffer.floats), count: buffer.count * 4))
            }
        } catch {
            throw .cannotWrite(path: path, error)
        }
        return path
    }

    /// Loads the saved state into `optimizer` and its parameters.
    ///
    /// - Returns: the counts so far.
    static func restore(
        into optimizer: Optimizer, identity: RunIdentity, backend: any Backend
    ) throws(TrainingError) -> Totals {
        let path = path(identity.options.output)
        do {
            let file = try SafetensorsFile(path: path)
            func decoded<T: Decodable>(_ type: T.Type, _ key: String) throws -> T {
                try JSONValue(parsing: file.metadata[key] ?? "").decoded(as: type)
            }
            if let difference = identity.difference(
                data: file.metadata["data"], model: file.metadata["model"],
                teacher: file.metadata["teacher"],
                options: try decoded([String: String].self, "options"))
            {
                throw TrainingError.resumedDifferently(
                    difference.input, saved: difference.saved, given: difference.given)
            }
            var moments: [(first: Buffer, second: Buffer)?] = []
            func load(_ name: String, into buffer: Buffer) throws {
                let view = try file.tensor(named: name)
                guard view.count == buffer.count else {
                    throw TrainingError.cannotRead(path: path, .wrongSize(tensor: name))
                }
                view.copyFloats(
                    0..<view.count,
                    to: UnsafeMutableBufferPointer(start: buffer.floats, count: buffer.count))
            }
            for parameter in optimizer.parameters {
                try load("weight:" + parameter.name, into: parameter.value.floats(backend))
                parameter.value.floatsChanged()
                guard file.contains("first:" + parameter.name) else {
                    moments.append(nil)
                    continue
                }
                let first = backend.buffer(count: parameter.count)
                let second = backend.buffer(count: parameter.count)
                try load("first:" + parameter.name, into: first)
                try load("second:" + parameter.name, into: second)
                moments.append((first, second))
            }
            guard let step = file.metadata["step"].flatMap({ Int($0) }), step >= 0 else {
                throw TrainingError.cannotRead(path: path, .notARecord)
            }
            optimizer.restore(steps: step, moments: moments)
            return try decoded(Totals.self, "totals")
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .cannotRead(path: path, .failed(error))
        }
    }

    /// Removes the saved state and the temporary files of killed processes, which neither a
    /// finished nor a newly started run uses.
    static func remove(_ output: String) throws(TrainingError) {
        do {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
            for file in names where file == name || file.hasPrefix(name + ".tmp-") {
                try FileManager.default.removeItem(atPath: output + "/" + file)
            }
        } catch {
            throw .cannotWrite(path: path(output), error)
        }
    }
}
