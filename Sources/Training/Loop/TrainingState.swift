import FileFormat
import Foundation
import Tensors

/// A run's whole state in one file, so that one rename makes it durable: weights, the optimizer's
/// moments, the step, and the options and inputs that it belongs to.
///
/// The schedule, the order of the data and every random choice are functions of the options and the
/// step, so nothing else is needed to continue with the very losses that an uninterrupted run has.
struct TrainingState {
    static let name = "training-state.safetensors"

    /// What a state belongs to.
    struct Identity: Equatable {
        let options: TrainingOptions
        let data: String
        let model: String
    }

    static func path(_ output: String) -> String { output + "/" + name }

    static func save(
        _ optimizer: Optimizer, identity: Identity, output: String
    ) throws(TrainingError) -> String {
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
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let options = String(decoding: try encoder.encode(identity.options), as: UTF8.self)
            var next = buffers.makeIterator()
            try SafetensorsWriter.write(
                to: path, tensors: declarations,
                metadata: [
                    "step": String(optimizer.steps), "options": options, "data": identity.data,
                    "model": identity.model,
                ]
            ) { _, write in
                guard let buffer = next.next() else { return }
                try write(
                    UnsafeRawBufferPointer(
                        start: UnsafeRawPointer(buffer.floats), count: buffer.count * 4))
            }
        } catch {
            throw .cannotWrite(path: path, reason: "\(error)")
        }
        return path
    }

    /// Puts the saved state into `optimizer` and its parameters.
    static func restore(
        into optimizer: Optimizer, identity: Identity, backend: any Backend
    ) throws(TrainingError) {
        let path = path(identity.options.output)
        guard FileManager.default.fileExists(atPath: path) else {
            throw .nothingToResume(path: identity.options.output)
        }
        do {
            let file = try SafetensorsFile(path: path)
            let saved = try JSONDecoder().decode(
                TrainingOptions.self, from: Data((file.metadata["options"] ?? "").utf8))
            try check(identity, saved: saved, metadata: file.metadata)
            var moments: [(first: Buffer, second: Buffer)?] = []
            func load(_ name: String, into buffer: Buffer) throws {
                let view = try file.tensor(named: name)
                guard view.count == buffer.count else {
                    throw TrainingError.cannotRead(path: path, reason: "\(name) has another size")
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
            optimizer.restore(steps: Int(file.metadata["step"] ?? "") ?? 0, moments: moments)
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .cannotRead(path: path, reason: "\(error)")
        }
    }

    /// Everything that the losses depend on must be what it was.
    private static func check(
        _ identity: Identity, saved: TrainingOptions, metadata: [String: String]
    ) throws {
        if metadata["data"] != identity.data {
            throw TrainingError.resumedDifferently(
                option: "the content of --data", saved: "other", given: "changed")
        }
        if metadata["model"] != identity.model {
            throw TrainingError.resumedDifferently(
                option: "the content of --model", saved: "other", given: "changed")
        }
        func fields(_ options: TrainingOptions) throws -> [String: String] {
            let data = try JSONEncoder().encode(options)
            let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
            return object.mapValues { "\($0)" }
        }
        let (old, new) = (try fields(saved), try fields(identity.options))
        let free = ["--threads", "--save-steps", "--model", "--data", "--out", "--decoder"]
        for key in Set(old.keys).union(new.keys).sorted() where !free.contains(key) {
            guard old[key] == new[key] else {
                throw TrainingError.resumedDifferently(
                    option: key, saved: old[key] ?? "not set", given: new[key] ?? "not set")
            }
        }
    }
}
