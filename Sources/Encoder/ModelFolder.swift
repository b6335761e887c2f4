import AutoRegEmbed
import Foundation

/// Opens models of either kind.
public enum ModelFolder {
    /// The model of a Hugging Face or sentence-transformers folder, of an adapter's folder or of a GGUF
    /// file: an encoder if its `config.json` says so, else a decoder-only language model.
    ///
    /// - Throws: `AutoRegEmbedError`
    public static func open(
        _ location: URL, options: AutoRegEmbedder.Options = AutoRegEmbedder.Options()
    ) throws -> any ModelEmbedder {
        if EncoderEmbedder.isEncoder(location) {
            return try EncoderEmbedder(folder: location, options: options)
        }
        return try AutoRegEmbedder(folder: location, options: options)
    }
}
