import ArgumentParser
import AutoRegEmbed
import Foundation

extension ModelConversion.WeightType: ExpressibleByArgument {}

/// `vdb model convert`: converts a language model to a GGUF file or a Hugging Face folder.
struct ModelConvertCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case gguf, safetensors }

    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Convert a model to a GGUF file or a Hugging Face folder.",
        discussion: """
            Examples:
              vdb model convert smollm2-135m ./smollm2
              vdb model convert ./model model-q8.gguf --type q8_0
              vdb model convert ./adapter ./merged --merge

            A folder has the files that transformers and others load: config.json, model.safetensors, \
            tokenizer.json. A GGUF file is for llama.cpp and similar programs; its norms are float32, \
            and with four bits a weight the embedding matrix has eight. Nothing is overwritten.
            """)

    @Argument(help: "A model's folder, .gguf file or name.", completion: .file())
    var model: String

    @Argument(
        help: ArgumentHelp("The folder or .gguf file to write; must not exist.", valueName: "out"),
        completion: .file())
    var out: String

    @Option(help: "Type of the weights (default: unchanged, or f32 if quantized).")
    var type: ModelConversion.WeightType?

    @Option(help: "The output format (default: gguf if the name ends in .gguf, else safetensors).")
    var format: Format?

    @Flag(help: "Merge an adapter into its base.") var merge = false

    @Option(
        help: ArgumentHelp(
            "The base model's folder of an adapter that names none here.", valueName: "dir"),
        completion: .directory)
    var base: String?

    func run() throws {
        let format = format ?? (out.hasSuffix(".gguf") ? .gguf : .safetensors)
        if let type, type.isQuantized, format == .safetensors {
            throw CommandFailure(
                .usage, "--type \(type.rawValue) needs a GGUF file; use a name that ends in .gguf")
        }
        let location = try ModelFinder.locate(model)
        guard (try? FileManager.default.attributesOfItem(atPath: out)) == nil else {
            throw CommandFailure(.cannotCreate, "\(out): already exists; choose another name")
        }
        var options = AutoRegEmbedder.Options()
        options.base = base.map { URL(fileURLWithPath: $0) }
        options.findBase = ModelFinder.findBase
        let conversion = try ModelConversion(location: location, options: options, merges: merge)
        let type = type ?? conversion.storedType
        let url = URL(fileURLWithPath: out)
        do {
            switch format {
            case .safetensors: try conversion.writeFolder(to: url, type: type)
            case .gguf:
                let others = try conversion.writeGGUF(to: url, type: type)
                for lost in conversion.lostInGGUF {
                    Messages.line("\(out): a GGUF file cannot hold \(lost)")
                }
                if others > 0 {
                    Messages.line(
                        "\(out): \(others) matrices are stored in more bits than \(type.rawValue)")
                }
            }
        } catch let error as any WordedError { throw error } catch {
            throw CommandFailure(.cannotCreate, "\(out): cannot be written: \(error)")
        }
    }
}
