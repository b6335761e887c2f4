import ArgumentParser
import AutoRegEmbed
import DefaultModel
import Foundation
import JSON
import ModelHub
import Tokenization
import VectorDatabase

/// `vdb tokenize`: converts texts to token ids and back.
struct TokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Print the token ids of texts, or the texts of ids.",
        discussion: """
            Examples:
              vdb tokenize "a text" "another"
              vdb tokenize - --model ./model < lines.txt
              echo "[72, 101]" | vdb tokenize - --decode

            Prints a JSON array of ids a line, without special tokens. With -, every line of standard \
            input is a text. Only the model's tokenizer is read: a folder's tokenizer.json, or a \
            GGUF file's metadata.
            """)

    @Argument(help: "Texts (with --decode: JSON arrays), or - for lines of standard input.")
    var texts: [String]

    @Option(
        help: ArgumentHelp(
            "A model's folder, .gguf file or name (default: the built-in one).", valueName: "model"),
        completion: .file())
    var model: String?

    @Option(
        help: ArgumentHelp(
            "The folder of the base model, for an adapter without a tokenizer.", valueName: "dir"),
        completion: .directory)
    var base: String?

    @Flag(help: "Convert ids to text.")
    var decode = false

    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let tokenizer = try tokenizer()
        for try await batch in TextInput(texts) {
            for text in batch {
                if decode {
                    Output.line(tokenizer.decode(try Self.ids(text), skippingSpecialTokens: false))
                } else {
                    Output.write(JSONWriter.array(tokenizer.encode(text)) + [10])
                }
            }
            Output.flush()
        }
    }

    private func tokenizer() throws -> Tokenizer {
        if let model {
            do {
                return try AutoRegEmbedder.tokenizer(
                    folder: ModelLocator().locate(model).url,
                    base: base.map { URL(fileURLWithPath: $0) }, findBase: ModelFinder.findBase)
            } catch let error as AutoRegEmbedError {
                guard case .noTokenizer = error else { throw error }
                throw CommandFailure(.missing, error.description)
            }
        }
        return try Tokenizer(
            data: Data(DefaultModel.File.tokenizer.bytes),
            configuration: Data(DefaultModel.File.tokenizerConfiguration.bytes))
    }

    private static func ids(_ json: String) throws -> [Int32] {
        if let values = (try? JSONValue(parsing: json))?.arrayValue {
            let ids = values.compactMap { $0.integerValue.flatMap(Int32.init(exactly:)) }
            if ids.count == values.count { return ids }
        }
        throw CommandFailure(
            .badData, "'\(json.prefix(60))' is not a JSON array of token ids such as [72, 101]")
    }
}
