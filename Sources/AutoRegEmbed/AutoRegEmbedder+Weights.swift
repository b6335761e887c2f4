import Foundation
import Transformer

/// Where a language model is, for those who train it.
extension AutoRegEmbedder {
    /// The configuration of the language model; of an adapter, that of its base.
    package var configuration: ModelConfiguration { parts.configuration }

    /// The GGUF file that the weights are in, the model's own or the base of its adapter; nil if they
    /// are in a folder or in memory.
    package var weightsFile: URL? {
        parts.baseFolder.flatMap { ModelParts.isFile($0) ? $0 : nil }
    }

    /// The GGUF file that an adapter's folder has as its base; nil for other folders, and for adapters
    /// whose base is a folder or cannot be found.
    ///
    /// - Parameter base: the given base; nil for the one that the adapter names.
    /// - Throws: ``AutoRegEmbedError`` if the adapter cannot be read.
    package static func baseFile(
        ofAdapter folder: URL, base: URL?, findBase: ((String) -> URL?)?
    ) throws -> URL? {
        let folder = folder.standardizedFileURL
        guard let adapter = try ModelParts.adapter(in: folder) else { return nil }
        do {
            let found = try ModelParts.base(
                of: folder, adapter: adapter, given: base, find: findBase)
            return ModelParts.isFile(found) ? found : nil
        } catch AutoRegEmbedError.noBase {
            return nil
        }
    }
}
