import AutoRegEmbed
import Foundation
import Tensors
import Tokenization
import Transformer

/// tokenizer.json: what is taken must encode any text into ids of its vocabulary.
enum TokenizerTarget {
    private static let texts = [
        "", " ", "Hello,  world!\n\tYou're 12345 — ünïcödé 日本語 🍏\u{200D}🍎 e\u{301}<s> [CLS]",
        String(repeating: "a", count: 300), "\u{0}\u{FFFD}\r\n\u{2028}",
    ]

    static func run(_ input: [UInt8]) throws {
        guard let tokenizer = try? Tokenizer(data: Data(input), configuration: nil) else { return }
        for text in texts {
            for ids in [tokenizer.encode(text), tokenizer.encodeWithSpecialTokens(text)] {
                if let stray = ids.first(where: { $0 < 0 || $0 >= tokenizer.vocabularySize }) {
                    throw FuzzFailure(
                        description: "id \(stray) of \(tokenizer.vocabularySize) for '\(text)'")
                }
                _ = tokenizer.decode(ids, skippingSpecialTokens: false)
            }
        }
        _ = tokenizer.decode(
            [0, -1, .max, .min, Int32(clamping: tokenizer.vocabularySize)],
            skippingSpecialTokens: true)
    }
}

/// config.json.
enum ConfigurationTarget {
    static func run(_ input: [UInt8]) throws {
        let parsed = input.withUnsafeBytes {
            try? ModelConfiguration(json: $0, path: "config.json")
        }
        guard let configuration = parsed else { return }
        try FuzzFailure.require(
            configuration.headCount % configuration.keyValueHeadCount == 0
                && configuration.queryWidth > 0 && configuration.keyValueWidth > 0,
            "a configuration that does not fit together")
    }
}

/// A safetensors file: tensors must lie inside of it.
enum SafetensorsTarget {
    static func run(_ input: [UInt8]) throws {
        try input.withUnsafeBytes { bytes in
            guard let file = try? SafetensorsFile(bytes: bytes, owner: nil, path: "fuzz")
            else { return }
            var sum = 0
            for name in file.names {
                guard let tensor = try? file.tensor(named: name) else {
                    throw FuzzFailure(description: "'\(name)' is listed and not there")
                }
                sum += tensor.bytes.count
                _ = tensor.bytes.reduce(0 as UInt8) { $0 ^ $1 }
                if tensor.elementType.isWeight { _ = tensor.floats() }
            }
            try FuzzFailure.require(sum <= bytes.count, "tensors share bytes")
        }
    }
}

/// autoregembed.json.
enum SettingsTarget {
    static func run(_ input: [UInt8]) {
        input.withUnsafeBytes {
            guard let settings = try? EmbedderSettings(json: $0, path: "autoregembed.json")
            else { return }
            for task in EmbeddingTask.allCases {
                for instruction in [Instruction.next, .self_, .none] {
                    _ = settings.text(of: instruction, task: task)
                }
            }
        }
    }
}
