import FileFormat
import Foundation
import JSON
import Tensors
import Tokenization
import Transformer

extension ModelConversion {
    /// Files that are taken over as they are.
    private static let copied = [
        "generation_config.json", "special_tokens_map.json", "chat_template.jinja",
    ]

    /// Writes a Hugging Face folder: config.json, model.safetensors, the tokenizer and the settings.
    ///
    /// - Precondition: the type is not quantized.
    /// - Throws: ``AutoRegEmbedError``, ``ModelConversionError``, or a file's error.
    public func writeFolder(to folder: URL, type: WeightType) throws {
        precondition(!type.isQuantized)
        guard parts.sentences == nil else {
            throw ModelConversionError.notExpressible(
                path: parts.path, what: "a sentence-transformers folder in this form")
        }
        // Under another name first, so that the folder appears whole.
        let part = folder.deletingLastPathComponent()
            .appendingPathComponent(".\(folder.lastPathComponent)-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(at: part, withIntermediateDirectories: true)
            try write(to: part, type)
            try SystemFileSystem().rename(part.path, to: folder.path)
            try AtomicFile.synchronizeFolder(of: folder.path)
        } catch {
            try? FileManager.default.removeItem(at: part)
            throw error
        }
    }

    private func write(to folder: URL, _ type: WeightType) throws {
        let files: (tokenizer: Data, configuration: Data?)
        do { files = try tokenizer.files() } catch { throw AutoRegEmbedError.tokenizer(error) }
        try save(files.tokenizer, "tokenizer.json", in: folder)
        if let configuration = files.configuration {
            try save(configuration, "tokenizer_config.json", in: folder)
        }
        for name in Self.copied {
            guard let data = own(name) else { continue }
            try save(data, name, in: folder)
        }
        try save(configuration(type), "config.json", in: folder)
        if let settings = try settings() {
            try save(settings, EmbedderSettings.fileName, in: folder)
        }
        if let projections = parts.projections {
            try projections.write(to: folder.appendingPathComponent(Projections.fileName).path)
        }
        let elementType = type.elementType
        try SafetensorsWriter.write(
            to: folder.appendingPathComponent("model.safetensors").path,
            tensors: weights.configuration.parameters.map {
                .init(name: $0.name, shape: $0.shape, elementType: elementType)
            }
        ) { declaration, write in
            try encode(declaration.name, declaration.shape, as: elementType, write)
        }
    }

    private func save(_ data: Data, _ name: String, in folder: URL) throws {
        let file = try AtomicFile(path: folder.appendingPathComponent(name).path)
        try file.write(Array(data))
        try file.commit()
    }

    /// A file of the model's folder, else of its base's.
    private func own(_ name: String) -> Data? {
        for folder in [parts.location, parts.baseFolder] {
            guard let folder, !ModelParts.isFile(folder),
                let data = FileManager.default.contents(
                    atPath: folder.appendingPathComponent(name).path)
            else { continue }
            return data
        }
        return nil
    }

    /// The base's config.json with what changes, or one made of the metadata.
    private func configuration(_ type: WeightType) throws -> Data {
        let name = type.elementType.torchName
        guard let base = parts.baseFolder, !ModelParts.isFile(base),
            let data = FileManager.default.contents(
                atPath: base.appendingPathComponent("config.json").path),
            var object = (try? JSONValue(parsing: data))?.objectValue
        else {
            return weights.configuration.json(
                elementType: name, bosID: tokenizer.bosID, eosID: tokenizer.eosID)
        }
        object["vocab_size"] = .init(weights.configuration.vocabularySize)
        object[object["torch_dtype"] == nil ? "dtype" : "torch_dtype"] = .string(name)
        return Data((JSONValue.object(object).indentedText + "\n").utf8)
    }

    /// autoregembed.json, if there is one. What decodes stays what it was: the folder that the file
    /// names, or the base without the adapter.
    private func settings() throws -> Data? {
        guard let data = own(EmbedderSettings.fileName),
            var object = (try? JSONValue(parsing: data))?.objectValue
        else { return nil }
        if let decoder = parts.settings.decoder, let location = parts.location {
            let folder =
                decoder.hasPrefix("/")
                ? URL(fileURLWithPath: decoder) : location.appendingPathComponent(decoder)
            object["decoder"] = .string(folder.standardizedFileURL.path)
        } else if parts.adapter != nil, let base = parts.baseFolder {
            object["decoder"] = .string(base.standardizedFileURL.path)
        }
        if parts.projections != nil { object["projections"] = .string(Projections.fileName) }
        return Data((JSONValue.object(object).indentedText + "\n").utf8)
    }
}
