import DefaultModel
import Foundation
import TestSupport
import Testing

/// `vdb model convert`, there and back.
@Suite(.serialized) struct ConvertTests {
    private let vdb = Program()

    private func convert(_ arguments: String...) throws {
        let result = try vdb.run(["model", "convert"] + arguments)
        #expect(result.status == 0, "\(result.errors)")
    }

    private func vector(_ model: String, _ options: String...) throws -> [Double] {
        let result = try vdb.run(
            ["embed", "It is 7 o'clock, and all's well.", "--model", model] + options)
        #expect(result.status == 0, "\(result.errors)")
        return result.object["embedding"] as? [Double] ?? []
    }

    private func cosine(_ one: [Double], _ other: [Double]) -> Double {
        #expect(one.count == other.count && !one.isEmpty)
        return zip(one, other).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private func writeTiny() throws {
        try Data(TinyGGUF.file(layers: 2)).write(to: URL(fileURLWithPath: vdb.path("tiny.gguf")))
    }

    @Test func thereAndBack() throws {
        try writeTiny()
        let expected = try vector("tiny.gguf", "--precision", "float32")
        try convert("tiny.gguf", "folder")
        try convert("folder", "back.gguf")
        try convert("back.gguf", "again.gguf", "--type", "f32")
        for model in ["folder", "back.gguf", "again.gguf"] {
            let found = try vector(model, "--precision", "float32")
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(model)")
        }
        for text in ["a<s>b </s>", "Ünï 123 \t x"] {
            let ids = try vdb.run("tokenize", text, "--model", "tiny.gguf").output
            #expect(try vdb.run("tokenize", text, "--model", "folder").output == ids)
            #expect(try vdb.run("tokenize", text, "--model", "back.gguf").output == ids)
        }
        let info = try vdb.run("model", "info", "back.gguf", "--format", "json").object
        #expect(info.string("architecture") == "llama" && info.string("element_type") == "F32")
    }

    @Test(arguments: [("bf16", 0.9999), ("f16", 0.9999), ("q8_0", 0.999), ("q4_0", 0.9)])
    func smallerTypes(_ type: String, _ nearness: Double) throws {
        try writeTiny()
        let expected = try vector("tiny.gguf", "--precision", "float32")
        try convert("tiny.gguf", "small.gguf", "--type", type)
        let found = try vector("small.gguf", "--precision", "float32")
        #expect(cosine(found, expected) > nearness)
        guard !type.hasPrefix("q") else { return }
        try convert("tiny.gguf", "folder", "--type", type)
        #expect(cosine(try vector("folder", "--precision", "float32"), expected) > nearness)
    }

    @Test func mergesAnAdapter() throws {
        // The built-in model is an adapter on a base.
        try DefaultModel.resource.write(to: URL(fileURLWithPath: vdb.path("adapter")))
        let expected = try vector("adapter", "--precision", "float32")
        try vdb.fails(64, "pass --merge", "model", "convert", "adapter", "merged")
        try convert("adapter", "merged", "--merge", "--type", "f32")
        let files = try FileManager.default.contentsOfDirectory(atPath: vdb.path("merged"))
        #expect(!files.contains("adapter_config.json"))
        #expect(cosine(try vector("merged", "--precision", "float32"), expected) > 0.999999)
        let decoded = try vdb.run(
            "decode", "The moon.", "--model", "adapter", "--max-tokens", "8", "--precision",
            "float32"
        ).output
        #expect(
            try vdb.run(
                "decode", "The moon.", "--model", "merged", "--max-tokens", "8", "--precision",
                "float32"
            ).output == decoded)
    }

    @Test func refuses() throws {
        try writeTiny()
        try vdb.write("there", "x")
        try vdb.fails(73, "there: already exists", "model", "convert", "tiny.gguf", "there")
        try vdb.fails(64, ".gguf", "model", "convert", "tiny.gguf", "out", "--type", "q8_0")
        try vdb.fails(64, "leave --merge out", "model", "convert", "tiny.gguf", "out", "--merge")
        // A tokenizer that the format has no name for.
        try DefaultModel.resource.write(to: URL(fileURLWithPath: vdb.path("adapter")))
        try vdb.fails(65, "tokenizer", "model", "convert", "adapter", "out.gguf", "--merge")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: vdb.folder).allSatisfy {
                !$0.hasPrefix("out") && !$0.hasPrefix(".out")
            })
    }
}
