import ArgumentParser
import AutoRegEmbed
import Foundation

/// `vdb model convert`: a GGUF model as a Hugging Face folder.
struct ModelConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a GGUF model as a Hugging Face folder, in float32.",
        discussion: """
            Example:
              vdb model convert smollm2-135m ./smollm2

            Weights, tokenizer and configuration become what transformers and others load. Quantised \
            weights keep their values, at four bytes a weight.
            """)

    @Argument(help: "A .gguf file or a name of one.") var model: String

    @Argument(help: ArgumentHelp("The folder to write.", valueName: "dir")) var out: String

    func run() throws {
        let location = try ModelFinder.locate(model)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: location.path, isDirectory: &isFolder),
            !isFolder.boolValue
        else {
            throw CommandFailure(.usage, "\(model): is a Hugging Face folder already")
        }
        guard !FileManager.default.fileExists(atPath: out) else {
            throw CommandFailure(.cannotCreate, "\(out): exists; name a folder that does not")
        }
        let conversion = try GGUFConversion(file: location)
        do { try conversion.write(to: URL(fileURLWithPath: out)) } catch {
            throw CommandFailure(.cannotCreate, "\(out): cannot be written: \(error)")
        }
    }
}
