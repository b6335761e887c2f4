import FileFormat
import Foundation

extension ModelResource {
    /// Writes the model as a Hugging Face folder. Its fingerprint stays the same.
    ///
    /// Each file is written atomically, the weights last, so that a folder with weights is
    /// complete.
    ///
    /// - Throws: `FileError`, or Foundation's error if the folder cannot be created.
    package func write(to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let files: [(name: String, bytes: UnsafeRawBufferPointer?)] = [
            ("config.json", configuration), ("tokenizer.json", tokenizer),
            ("tokenizer_config.json", tokenizerConfiguration),
            (EmbedderSettings.fileName, settings),
            ("adapter_config.json", adapter?.configuration),
            ("adapter_model.safetensors", adapter?.weights), ("model.safetensors", weights),
        ]
        for (name, bytes) in files {
            guard let bytes else { continue }
            let file = try AtomicFile(path: folder.appendingPathComponent(name).path)
            try file.write(bytes)
            try file.commit()
        }
    }
}
