import FileFormat
import Tensors
import Tokenization
import Transformer

/// A GGUF file: metadata, tensor table, and what a model and a tokenizer make of them.
enum GGUFTarget {
    private static let texts = ["", " Hello,  world 12345", "ünïcödé 日本語 🍏<s>\r\n"]

    static func run(_ input: [UInt8]) throws {
        try input.withUnsafeBytes { bytes in
            guard let file = try? GGUFFile(bytes: bytes, owner: nil, path: "fuzz") else { return }
            try checkTable(file, in: bytes)
            for key in file.metadata.keys {
                guard let value = file.metadata[key] else {
                    throw FuzzFailure(description: "'\(key)' is listed and not there")
                }
                visit(value)
            }
            try checkTokenizer(file.metadata)
            guard let files = try? GGUFFileSet(file), let model = try? GGUFModel(files) else {
                return
            }
            let configuration = model.configuration
            try FuzzFailure.require(
                configuration.headCount % configuration.keyValueHeadCount == 0
                    && configuration.queryWidth > 0 && configuration.keyValueWidth > 0,
                "a configuration that does not fit together")
            for name in model.checkpoint.names {
                guard let tensor = model.checkpoint.tensor(named: name) else {
                    throw FuzzFailure(description: "'\(name)' is listed and not there")
                }
                if tensor.elementType.isWeight { _ = tensor.floats() }
            }
            _ = try? LanguageModel(configuration: configuration, checkpoint: model.checkpoint)
        }
    }

    private static func checkTable(_ file: GGUFFile, in bytes: UnsafeRawBufferPointer) throws {
        var sum = 0
        for tensor in file.tensors {
            sum += tensor.bytes.count
            _ = tensor.bytes.reduce(0 as UInt8) { $0 ^ $1 }
        }
        try FuzzFailure.require(sum <= bytes.count, "tensors share bytes")
    }

    private static func visit(_ value: GGUFValue) {
        _ = (value.integer, value.number, value.bool, value.string?.text)
        guard let array = value.array else { return }
        for index in 0..<array.count { visit(array[index]) }
    }

    private static func checkTokenizer(_ metadata: GGUFMetadata) throws {
        guard let tokenizer = try? Tokenizer(metadata: metadata) else { return }
        for text in texts {
            for ids in [tokenizer.encode(text), tokenizer.encodeWithSpecialTokens(text)] {
                if let stray = ids.first(where: { $0 < 0 || $0 >= tokenizer.vocabularySize }) {
                    throw FuzzFailure(
                        description: "id \(stray) of \(tokenizer.vocabularySize) for '\(text)'")
                }
                _ = tokenizer.decode(ids, skippingSpecialTokens: false)
            }
        }
        // What is written for a folder is read again.
        let files = try tokenizer.files()
        do {
            _ = try Tokenizer(data: files.tokenizer, configuration: files.configuration)
        } catch {
            throw FuzzFailure(description: "the tokenizer.json that was made is refused: \(error)")
        }
    }
}
