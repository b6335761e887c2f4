import AutoRegEmbed
import CSmolLM2Adapter
import Foundation
import JSON
import ModelHub

/// The adapter that makes a known language model an embedder. We trained it, and the program carries
/// it; the model itself is downloaded.
enum CarriedAdapter {
    /// The model that the adapter belongs to.
    static let model = "smollm2-135m"
    /// The store's name of the model without the adapter.
    static let baseName = model + "-base"

    private static let configurationName = "adapter_config.json"

    private static var files: [(name: String, content: smollm2_adapter_file)] {
        [
            ("adapter_model.safetensors", smollm2_adapter_weights()),
            ("autoregembed.json", smollm2_adapter_settings()),
            ("tokenizer.json", smollm2_adapter_tokenizer()),
            ("tokenizer_config.json", smollm2_adapter_tokenizer_configuration()),
        ]
    }

    /// Adds the adapter to the store under the model's name, as a folder that names the base.
    ///
    /// - Parameter base: the base's folder or GGUF file. If the adapter does not fit it, nothing is
    ///   added.
    /// - Throws: what opening the two together throws; ``ModelStoreError``; Foundation's errors.
    static func add(to store: ModelStore, base: URL) throws {
        try store.checkFree(model)
        let part = store.folder.appendingPathComponent(".\(model)-\(UUID().uuidString)")
        let files = FileManager.default
        try files.createDirectory(at: part, withIntermediateDirectories: true)
        do {
            try write(into: part, base: base, store: store)
            _ = try ModelFinder.open(part)
            try files.moveItem(at: part, to: store.folder.appendingPathComponent(model))
        } catch {
            try? files.removeItem(at: part)
            throw error
        }
    }

    private static func write(into folder: URL, base: URL, store: ModelStore) throws {
        for (name, content) in files {
            try Data(bytes: content.bytes, count: content.count)
                .write(to: folder.appendingPathComponent(name))
        }
        let settings = smollm2_adapter_configuration()
        var object =
            try JSONValue(parsing: Data(bytes: settings.bytes, count: settings.count)).objectValue
            ?? [:]
        object["base_model_name_or_path"] = .string(path(of: base, in: store))
        try Data(JSONValue.object(object).jsonText.utf8)
            .write(to: folder.appendingPathComponent(configurationName))
    }

    /// Relative to the adapter's folder if the base is in the store, so that the store can be moved.
    private static func path(of base: URL, in store: ModelStore) -> String {
        let (root, path) = (
            store.folder.standardizedFileURL.path + "/", base.standardizedFileURL.path
        )
        return path.hasPrefix(root) ? "../" + path.dropFirst(root.count) : path
    }
}
