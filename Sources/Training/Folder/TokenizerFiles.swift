import Foundation
import Tokenization

/// A model's tokenizer extended by the compressed tokens, and the files that define it.
struct TokenizerFiles {
    let tokenizer: Tokenizer
    /// Ids of the compressed tokens, `<EMBED0>` … `<EMBED(k-1)>` by default.
    let compressedTokens: [Int32]
    /// The ids of those that the model's own tokenizer lacks.
    let added: [Int32]
    /// Content of the new folder's files, by name.
    let files: [String: Data]

    init(folder: String, addingCompressedTokens names: [String]) throws(TrainingError) {
        do {
            let original = try Tokenizer(folder: URL(filePath: folder))
            let extended = try original.addingSpecialTokens(names)
            compressedTokens = extended.ids
            added = zip(names, extended.ids).filter { original.id(ofToken: $0.0) != $0.1 }.map(\.1)
            tokenizer =
                added.isEmpty
                ? original
                : try Tokenizer(
                    data: extended.tokenizerJSON, configuration: extended.configuration)
            var files = ["tokenizer.json": extended.tokenizerJSON]
            if let configuration = extended.configuration {
                files["tokenizer_config.json"] = configuration
            }
            self.files = files
        } catch {
            throw .badModel(path: folder, .unreadable(error))
        }
    }
}
